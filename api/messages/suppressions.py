"""The list of those who get no messages any more."""

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, ConfigDict

from api.access import ActorDep, needs
from api.deps import DatabaseDep, PageDep
from api.errors import RefusedError
from api.pages import Page
from api.problems import NotFoundError
from automations import scalars
from store import suppressions as stored
from store.audit import Deed, write_audit
from store.messages import Channel
from store.suppressions import Reason, Suppression

router = APIRouter(prefix="/suppressions", tags=["messages"])
Address = Annotated[str, Path(max_length=255, description="An email address, or a phone number with + and country code")]


class SuppressionBody(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reason: Reason = "by_hand"


class SuppressionView(BaseModel):
    """`message_id` is the message by whose link somebody unsubscribed."""

    channel: Channel
    address: str
    reason: Reason
    message_id: UUID | None
    created_at: datetime
    created_by: str


def _view(row: Any) -> SuppressionView:
    return SuppressionView.model_validate(dict(row))


def _read(channel: Channel, address: str) -> str:
    """Raises RefusedError 422 for what is no address of the channel."""
    try:
        return scalars.email(address) if channel == "email" else scalars.phone(address)
    except scalars.UnfitError as unfit:
        raise RefusedError(422, "invalid_address", f"{address[:100]!r} is not {unfit.expected}.") from None


@router.put(
    "/{channel}/{address}",
    summary="Send nothing to an address any more",
    responses={201: {"description": "Created", "model": SuppressionView}},
    dependencies=[needs("records:edit")],
)
async def suppress_address(
    channel: Channel, address: Address, body: SuppressionBody, response: Response, database: DatabaseDep, actor: ActorDep
) -> SuppressionView:
    """One that is on the list already keeps the reason that it has."""
    new = Suppression(channel, _read(channel, address), body.reason, by=actor.name)
    async with database.transaction() as connection:
        row = await stored.suppress(connection, new, datetime.now(UTC))
        if row is not None:
            deed = Deed("suppression.saved", "suppression", row["address"], after=_view(row).model_dump(mode="json"))
            await write_audit(connection, actor, deed)
        found = row or await stored.read_suppression(connection, channel, new.address)
    response.status_code = 201 if row else 200
    return _view(found)


@router.get("", summary="List the addresses that get nothing any more", dependencies=[needs("records:view")])
async def list_suppressions(database: DatabaseDep, page: PageDep, channel: Channel | None = None) -> Page[SuppressionView]:
    """By channel and address."""
    list_name = f"suppressions:{channel or ''}"
    async with database.connection() as connection:
        cursor = page.after(list_name, _key)
        rows = await stored.list_suppressions(connection, channel=channel, cursor=cursor, size=page.size_and_one)
    return page.page(list_name, rows, _view, lambda row: f"{row['channel']} {row['address']}")


def _key(text: str) -> tuple[str, str]:
    channel, address = text.split(" ", 1)
    return channel, address


@router.delete(
    "/{channel}/{address}", status_code=204, summary="Take an address off the list", dependencies=[needs("records:edit")]
)
async def allow_address(channel: Channel, address: Address, database: DatabaseDep, actor: ActorDep) -> None:
    """Only where its owner wants it: whoever unsubscribed said so."""
    address = _read(channel, address)
    async with database.transaction() as connection:
        row = await stored.delete_suppression(connection, channel, address)
        if row is None:
            raise NotFoundError("suppression", address)
        deed = Deed("suppression.deleted", "suppression", row["address"], before=_view(row).model_dump(mode="json"))
        await write_audit(connection, actor, deed)
