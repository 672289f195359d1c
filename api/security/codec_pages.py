"""The page on which people show their API key to the codec: no script, nothing from elsewhere."""

from html import escape

from fastapi.responses import HTMLResponse

from api.errors import RefusedError

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:32rem;margin:4rem auto;padding:0 1rem;color:#1c2430}"
    "input,button{font:inherit;padding:.5rem .75rem;border:1px solid #9aa4b2;border-radius:.4rem}"
    "input{width:100%;box-sizing:border-box;margin:.25rem 0 1rem}button{background:#1c2430;color:#fff;cursor:pointer}"
    ".wrong{color:#a11}@media(prefers-color-scheme:dark){body{background:#12161d;color:#e6e9ee}}"
)
_FORM = (
    '<form method="post" action="/codec/sign-in"><label for="key">API key</label>'
    '<input id="key" name="key" type="password" autocomplete="off" required autofocus><button>Sign in</button></form>'
)
_SIGNED_IN = '<form method="post" action="/codec/sign-out"><button>Sign out</button></form>'


def sign_in_page(
    endpoint: str, web_ui: str | None, *, signed_in: bool = False, refused: RefusedError | None = None
) -> HTMLResponse:
    """With the reason why the key was refused, if it was; `endpoint` is the address that the Web UI is to ask."""
    wrong = f'<p class="wrong" role="alert">{escape(refused.sentence)}</p>' if refused else ""
    text = (
        "<p>What Temporal keeps of executions is encrypted. With a key that may view all automations, the Temporal Web UI "
        "shows it in this browser for twelve hours.</p>"
    )
    ready = (
        f"<p>You are signed in.{_link(web_ui)} In its data encoder settings (the glasses), set for this browser "
        f"the endpoint <code>{escape(endpoint)}</code>, with cross-origin credentials.</p>{_SIGNED_IN}"
    )
    page = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>Everstep: sign in to read</title><style>{_STYLE}</style></head>"
        f"<body><main><h1>Read executions in Temporal</h1>{text}{wrong}{ready if signed_in else _FORM}</main></body></html>"
    )
    headers = {"Content-Security-Policy": _POLICY, "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    return HTMLResponse(page, status_code=refused.status if refused else 200, headers=headers)


def _link(web_ui: str | None) -> str:
    return f' Go on to <a href="{escape(web_ui)}">the Temporal Web UI</a>.' if web_ui else ""
