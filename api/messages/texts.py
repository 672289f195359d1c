"""Texts: Twilio brings those that come in and tells what became of those that went out; people read them."""

import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import parse_qsl
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel

from activities.settings import Settings
from activities.twilio import signature
from api.access import needs
from api.deps import DatabaseDep, PageDep, SettingsDep
from api.errors import RefusedError
from api.pages import Page
from automations.texts import is_start, is_stop
from store.database import Connection
from store.suppressions import Suppression, delete_suppression, suppress
from store.texts import ReceivedText, keep_received_text, list_incoming_texts, write_delivery

router = APIRouter(prefix="/texts", tags=["messages"])
SIGNATURE = "X-Twilio-Signature"
_TWIML = '<?xml version="1.0" encoding="UTF-8"?><Response/>'
_FORM = {
    "requestBody": {
        "required": True,
        "content": {
            "application/x-www-form-urlencoded": {"schema": {"type": "object", "additionalProperties": {"type": "string"}}}
        },
    }
}


async def _signed_form(request: Request, settings: SettingsDep) -> dict[str, str]:
    """What Twilio sent. Raises RefusedError 403 for what it did not sign."""
    pairs = parse_qsl((await request.body()).decode(errors="replace"), keep_blank_values=True)
    token = settings.twilio_auth_token.get_secret_value() if settings.twilio_auth_token else ""
    expected = signature(token, _address(request, settings), pairs)
    given = request.headers.get(SIGNATURE, "")
    if not token or not hmac.compare_digest(expected.encode(), given.encode()):
        raise RefusedError(403, "not_from_twilio", f"The {SIGNATURE} was not made over this call with the account's token.")
    return {name: value.replace("\0", "\ufffd") for name, value in pairs}


def _address(request: Request, settings: Settings) -> str:
    """As Twilio was told it, whatever stands between it and us."""
    if settings.public_url is None:
        return str(request.url)
    query = f"?{request.url.query}" if request.url.query else ""
    return f"{settings.public_url}{request.url.path}{query}"


FormDep = Annotated[dict[str, str], Depends(_signed_form)]


class IncomingTextView(BaseModel):
    """`message_id`: the last text that went to the number, which this one answers. `event_id` is null where it is no record's."""

    id: UUID
    provider_id: str
    sender: str
    recipient: str
    body: str
    received_at: datetime
    record_id: UUID | None
    message_id: UUID | None
    event_id: UUID | None


def _view(row: Any) -> IncomingTextView:
    return IncomingTextView.model_validate(dict(row))


@router.post(
    "/twilio/incoming",
    summary="Take a text that came in at Twilio",
    openapi_extra=_FORM,
    response_class=Response,
    responses={200: {"content": {"text/xml": {"schema": {"type": "string"}}}}},
)
async def take_text(form: FormDep, database: DatabaseDep) -> Response:
    """Once, however often it is brought. It is an event `text_received` of the record that was last written to at the number,
    else of the contact that holds it. STOP puts the number on the suppression list, START takes it off.
    """
    text = ReceivedText(_given(form, "MessageSid"), _given(form, "From"), form.get("To", ""), form.get("Body", ""))
    now = datetime.now(UTC)
    async with database.transaction() as connection:
        if await keep_received_text(connection, text, now):
            await _heed(connection, text, now)
    return Response(_TWIML, media_type="text/xml")


async def _heed(connection: Connection, text: ReceivedText, now: datetime) -> None:
    if is_stop(text.body):
        await suppress(connection, Suppression("text", text.sender, "unsubscribed"), now)
    elif is_start(text.body):
        await delete_suppression(connection, "text", text.sender)


@router.post("/twilio/status", status_code=204, summary="Hear what became of a text", openapi_extra=_FORM)
async def take_status(form: FormDep, database: DatabaseDep) -> None:
    """Also of a text that is not ours: Twilio would only ask again."""
    sid, status = _given(form, "MessageSid"), _given(form, "MessageStatus")
    error = f"Twilio says {status}: error {form['ErrorCode']}." if form.get("ErrorCode") else None
    async with database.connection() as connection:
        await write_delivery(connection, sid, status[:60], error, datetime.now(UTC))


def _given(form: Mapping[str, str], name: str) -> str:
    if not form.get(name):
        raise RefusedError(422, "invalid_request", f"{name} is missing.")
    return form[name][:255]


@router.get("", summary="List the texts that came in", dependencies=[needs("automations:view")])
async def get_texts(database: DatabaseDep, page: PageDep, record_id: UUID | None = None) -> Page[IncomingTextView]:
    """Newest first, of a record or all."""
    cursor = page.after("texts", UUID)
    async with database.connection() as connection:
        rows = await list_incoming_texts(connection, record_id=record_id, cursor=cursor, size=page.size_and_one)
    return page.page("texts", rows, _view, lambda row: str(row["id"]))
