"""The page behind the link of a mail by which its recipient gets no more of them: no script, nothing from elsewhere."""

from datetime import UTC, datetime
from html import escape
from typing import Annotated

from fastapi import APIRouter, Path
from fastapi.responses import HTMLResponse

from api.deps import DatabaseDep
from store.suppressions import find_unsubscribing, suppressed_among, unsubscribe

router = APIRouter(prefix="/unsubscribe", tags=["messages"])
Token = Annotated[str, Path(max_length=200)]

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:32rem;margin:4rem auto;padding:0 1rem;color:#1c2430}"
    "button{font:inherit;padding:.5rem .75rem;border:1px solid #9aa4b2;border-radius:.4rem;background:#1c2430;color:#fff;"
    "cursor:pointer}@media(prefers-color-scheme:dark){body{background:#12161d;color:#e6e9ee}}"
)
_UNKNOWN = "<h1>This link is not valid</h1><p>It may have been cut off, or what it belonged to was deleted.</p>"
_DONE = "<h1>You are unsubscribed</h1><p>Nothing more will be sent to <strong>{address}</strong>.</p>"
_ASK = (
    "<h1>Unsubscribe</h1><p>Shall nothing more be sent to <strong>{address}</strong>?</p>"
    '<form method="post"><button>Unsubscribe</button></form>'
)


@router.get("/{token}", include_in_schema=False)
async def show_unsubscribing(token: Token, database: DatabaseDep) -> HTMLResponse:
    """Changes nothing: mail programs and scanners follow links by themselves."""
    async with database.connection() as connection:
        message = await find_unsubscribing(connection, token)
        if message is None:
            return _page(_UNKNOWN, 404)
        is_done = len(await suppressed_among(connection, message["channel"], message["recipients"])) == len(message["recipients"])
    return _page(_about(_DONE if is_done else _ASK, message["recipients"]))


@router.post("/{token}", include_in_schema=False)
async def unsubscribe_by_link(token: Token, database: DatabaseDep) -> HTMLResponse:
    """By the button of the page, or by one click in a mail program (RFC 8058)."""
    async with database.transaction() as connection:
        message = await find_unsubscribing(connection, token)
        if message is None:
            return _page(_UNKNOWN, 404)
        await unsubscribe(connection, message, datetime.now(UTC))
    return _page(_about(_DONE, message["recipients"]))


def _about(text: str, addresses: list[str]) -> str:
    return text.format(address=escape(", ".join(addresses)))


def _page(text: str, status: int = 200) -> HTMLResponse:
    page = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>Unsubscribe</title><style>{_STYLE}</style></head><body><main>{text}</main></body></html>"
    )
    return HTMLResponse(page, status_code=status, headers={"Content-Security-Policy": _POLICY, "X-Robots-Tag": "noindex"})
