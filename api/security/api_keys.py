"""API keys: made, rotated, revoked. A key itself is told once, to whom it was made for."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Self
from uuid import UUID

import structlog
from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from api.access import ActorDep, CallerDep, needs
from api.deps import DatabaseDep, PageDep
from api.errors import RefusedError
from api.pages import Page
from api.problems import NotFoundError
from automations.access import Access, InvalidScopeError, Reach, Scope, read_scope
from automations.inputs import Moment
from store import api_keys as stored
from store.api_keys import NewKey, new_key
from store.audit import Actor, Deed, write_audit
from store.database import Connection

router = APIRouter(prefix="/api-keys", tags=["API keys"])
_LOG = structlog.get_logger("everstep.api_keys")
MAX_SCOPES = 100

KeyName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
Why = Annotated[str, Field(max_length=500)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Lasting(_Body):
    expires_at: Moment | None = None
    expires_in_days: int | None = Field(default=None, ge=1, le=3650)

    @model_validator(mode="after")
    def _one_end(self) -> Self:
        if self.expires_at is not None and self.expires_in_days is not None:
            raise ValueError("Say one of expires_at and expires_in_days.")
        return self

    def end(self, now: datetime) -> datetime | None:
        """None: never. Raises RefusedError 422 for a time that is over."""
        if self.expires_in_days is not None:
            return now + timedelta(days=self.expires_in_days)
        if self.expires_at is not None and self.expires_at <= now:
            raise _wrong([("expires_at", "already_over", "A key expires in the future.")])
        return self.expires_at


class NewKeyBody(_Lasting):
    """`name` says who or what uses the key: it is what histories and the audit log call its caller.

    `scopes` such as `executions:operate`, or `records:edit@object/lead` and `automations:view@automation/demo-request` for a part
    of it. Without an expiry the key holds until it is revoked, without `requests_per_minute` the limit of the settings.
    """

    name: KeyName
    scopes: list[str] = Field(min_length=1, max_length=MAX_SCOPES)
    requests_per_minute: int | None = Field(default=None, ge=1, le=1_000_000)


class RotateBody(_Lasting):
    """For how long the old key is still taken. Without an expiry the new key lives as long as the old one was to."""

    grace_hours: Annotated[float, Field(ge=0, le=24 * 30)] = 24


class RevokeBody(_Body):
    why: Why = ""


class KeyView(BaseModel):
    """A key as it is kept: `hint` is its end. `replaced_by` is the key that was made in its place."""

    id: UUID
    name: str
    hint: str
    scopes: list[str]
    requests_per_minute: int | None
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None
    revoked_by: str | None
    replaced_by: UUID | None


class MadeKeyView(KeyView):
    """The key itself is told this once."""

    key: str


class ReachView(BaseModel):
    """Where a scope holds: everywhere, or for these objects and automations."""

    scope: Scope
    everywhere: bool
    objects: list[str]
    automations: list[str]


class OwnKeyView(KeyView):
    """With all that its scopes come to."""

    may: list[ReachView]


def _view(row: Any) -> KeyView:
    return KeyView.model_validate(dict(row))


def _reach_view(scope: Scope, reach: Reach) -> ReachView:
    return ReachView(
        scope=scope, everywhere=reach.everywhere, objects=sorted(reach.objects), automations=sorted(reach.automations)
    )


def _wrong(mistakes: Sequence[tuple[str, str, str]]) -> RefusedError:
    """Of path, code and sentence."""
    items = [{"path": path, "code": code, "sentence": sentence} for path, code, sentence in mistakes]
    return RefusedError(422, mistakes[0][1], mistakes[0][2], items)


@router.post("", status_code=201, summary="Make an API key", dependencies=[needs("admin")])
async def make_api_key(
    body: NewKeyBody, response: Response, database: DatabaseDep, caller: CallerDep, actor: ActorDep
) -> MadeKeyView:
    """It may do what its maker may, at most."""
    now = datetime.now(UTC)
    _require_scopes(body.scopes, caller.access)
    new = NewKey(body.name, list(dict.fromkeys(body.scopes)), actor.name, now, body.end(now), body.requests_per_minute)
    key = new_key()
    async with database.transaction() as connection:
        row = await stored.insert_api_key(connection, new, key)
        await write_audit(connection, actor, Deed("key.made", "key", str(row["id"]), after=_said(row)))
    return _told_once(row, key, response)


def _require_scopes(scopes: Sequence[str], access: Access) -> None:
    """Raises RefusedError: 422 for those that are none, 403 for those that the caller cannot give."""
    mistakes: list[tuple[str, str, str]] = []
    for index, written in enumerate(scopes):
        try:
            read_scope(written)
        except InvalidScopeError as error:
            mistakes.append((f"scopes[{index}]", error.code, error.sentence))
    if mistakes:
        raise _wrong(mistakes)
    beyond = [written for written in scopes if not access.covers(written)]
    if beyond:
        raise RefusedError(403, "scope_beyond_own", f"The API key cannot give what it does not have: {', '.join(beyond)}.")


def _said(row: Any) -> dict[str, Any]:
    """For the audit log, which knows nothing of the key itself."""
    expires_at = row["expires_at"].isoformat() if row["expires_at"] else None
    said = {name: row[name] for name in ("name", "scopes", "requests_per_minute")}
    return {**said, "expires_at": expires_at}


def _told_once(row: Any, key: str, response: Response) -> MadeKeyView:
    response.headers["Cache-Control"] = "no-store"
    response.headers["Location"] = f"/api-keys/{row['id']}"
    _LOG.info("api_key_made", key_id=str(row["id"]), name=row["name"], by=row["created_by"])
    return MadeKeyView(**dict(row), key=key)


@router.get("", summary="List the API keys", dependencies=[needs("admin")])
async def get_api_keys(
    database: DatabaseDep,
    page: PageDep,
    revoked: Annotated[bool, Query(description="Also those that were revoked")] = False,
) -> Page[KeyView]:
    """Newest first."""
    async with database.connection() as connection:
        rows = await stored.list_api_keys(
            connection, revoked=revoked, cursor=page.after("api-keys", UUID), size=page.size_and_one
        )
    return page.page("api-keys", rows, _view, lambda row: str(row["id"]))


@router.get("/self", summary="Ask what the own API key may do", dependencies=[needs(None)])
async def get_own_api_key(database: DatabaseDep, caller: CallerDep) -> OwnKeyView:
    """Of the key that the question comes with."""
    async with database.connection() as connection:
        row = await stored.read_api_key(connection, caller.key_id)
    may = [_reach_view(scope, reach) for scope, reach in caller.access.reaches()]
    return OwnKeyView(**_existing(row, caller.key_id).model_dump(), may=may)


@router.get("/{key_id}", summary="Read an API key", dependencies=[needs("admin")])
async def get_api_key(key_id: UUID, database: DatabaseDep) -> KeyView:
    async with database.connection() as connection:
        return _existing(await stored.read_api_key(connection, key_id), key_id)


def _existing(row: Any | None, key_id: UUID) -> KeyView:
    if row is None:
        raise NotFoundError("key", key_id)
    return _view(row)


@router.post("/{key_id}/revoke", summary="Revoke an API key", dependencies=[needs("admin")])
async def revoke_api_key(key_id: UUID, database: DatabaseDep, actor: ActorDep, body: RevokeBody | None = None) -> KeyView:
    """It is refused from now on. The last one with the scope admin stays: nobody could make another."""
    now, why = datetime.now(UTC), body.why if body else ""
    async with database.transaction() as connection:
        await stored.lock_admin_keys(connection)
        before = _existing(await stored.lock_api_key(connection, key_id), key_id)
        _require_open(before)
        row = await stored.revoke_api_key(connection, key_id, actor.name, now)
        if not await stored.count_admin_keys(connection, now):
            raise RefusedError(409, "last_admin_key", "It is the last API key with the scope admin: make another one first.")
        await write_audit(connection, actor, Deed("key.revoked", "key", str(key_id), _said(row), None, why))
    _LOG.info("api_key_revoked", key_id=str(key_id), name=before.name, by=actor.name)
    return _view(row)


def _require_open(key: KeyView) -> None:
    if key.revoked_at is not None:
        said = f"The API key {key.name} was revoked by {key.revoked_by} on {key.revoked_at:%Y-%m-%d %H:%M} UTC."
        raise RefusedError(409, "already_revoked", said)


@router.post("/{key_id}/rotate", status_code=201, summary="Rotate an API key", dependencies=[needs("admin")])
async def rotate_api_key(
    key_id: UUID,
    response: Response,
    database: DatabaseDep,
    caller: CallerDep,
    actor: ActorDep,
    body: RotateBody | None = None,
) -> MadeKeyView:
    """A new key with the name and the scopes of this one, which expires after the grace time."""
    now, body, key = datetime.now(UTC), body or RotateBody(), new_key()
    async with database.transaction() as connection:
        old = _existing(await stored.lock_api_key(connection, key_id), key_id)
        _require_replaceable(old, caller.access, now)
        row = await stored.insert_api_key(connection, _successor(old, body, actor, now), key)
        await _replace(connection, old, row, now + timedelta(hours=body.grace_hours), actor)
    return _told_once(row, key, response)


def _require_replaceable(key: KeyView, access: Access, now: datetime) -> None:
    _require_open(key)
    _require_scopes(key.scopes, access)
    if key.replaced_by is not None:
        raise RefusedError(409, "already_rotated", f"The API key was rotated before: {key.replaced_by} is in its place.")
    if key.expires_at is not None and key.expires_at <= now:
        raise RefusedError(409, "already_expired", "The API key has expired: make a new one.")


def _successor(old: KeyView, body: RotateBody, actor: Actor, now: datetime) -> NewKey:
    lifetime = old.expires_at - old.created_at if old.expires_at else None
    expires_at = body.end(now) or (now + lifetime if lifetime else None)
    return NewKey(old.name, old.scopes, actor.name, now, expires_at, old.requests_per_minute, replaces=old.id)


async def _replace(connection: Connection, old: KeyView, new: Any, until: datetime, actor: Actor) -> None:
    row = await stored.replace_api_key(connection, old.id, new["id"], until)
    after = {**_said(new), "key_id": str(new["id"]), "old_expires_at": row["expires_at"].isoformat()}
    before = old.model_dump(mode="json", include={"name", "scopes", "requests_per_minute", "expires_at"})
    await write_audit(connection, actor, Deed("key.rotated", "key", str(old.id), before, after))
