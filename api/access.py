"""What a route asks of its caller: a scope, and that it holds where the route acts."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Request, Security
from fastapi.security import HTTPBearer

from api.errors import RefusedError
from api.middleware.authentication import Caller, key_missing
from automations.access import Access, Place, Reach, Scope
from store.audit import Actor
from store.places import NAMED, find_place

_BEARER = HTTPBearer(auto_error=False, scheme_name="API key", description="An API key: `Authorization: Bearer esk_…`")


def caller_of_request(request: Request) -> Caller:
    """Raises RefusedError 401 where nobody was let in by a key."""
    caller: Caller | None = getattr(request.state, "caller", None)
    if caller is None:
        raise key_missing()
    return caller


CallerDep = Annotated[Caller, Depends(caller_of_request)]


def _actor(request: Request, caller: CallerDep) -> Actor:
    return Actor(caller.key_id, caller.name, getattr(request.state, "request_id", None))


ActorDep = Annotated[Actor, Depends(_actor)]
"""For the audit log."""


class Needs:
    """Lets a caller in whose key has the scope: everywhere, or where the route's path points to.

    No scope: any key will do. A path that points to nothing in particular, such as a list, is for keys that reach everywhere,
    unless the route narrows its answer by itself.
    """

    def __init__(self, scope: Scope | None, *, narrows: bool = False) -> None:
        self.scope: Scope | None = scope
        self.narrows = narrows

    async def __call__(self, request: Request, caller: CallerDep, _: Annotated[Any, Security(_BEARER)] = None) -> None:
        if self.scope is None:
            return
        reach = caller.access.reach(self.scope)
        if reach.everywhere or (reach and self.narrows):
            return
        if not reach or not await self._holds(request, reach):
            raise missing(self.scope)

    async def _holds(self, request: Request, reach: Reach) -> bool:
        """Also where there is nothing: the route says so itself."""
        path = request.url.path
        if path.startswith("/objects/"):
            return reach.holds(Place(object=request.path_params.get("api_name")))
        kind = next((name for name in request.path_params if name in NAMED), None)
        if kind is None:
            return False
        key = request.path_params[kind]
        database = await request.app.state.connections.database.get()
        async with database.connection() as connection:
            place = await find_place(connection, kind, key if kind == "api_name" else _uuid(key))
        return place is None or reach.holds(place)


def needs(scope: Scope | None, *, narrows: bool = False) -> Any:
    return Depends(Needs(scope, narrows=narrows))


def _uuid(text: str) -> UUID:
    """The nil id, which nothing has, for a text that is none: the route refuses it."""
    try:
        return UUID(text)
    except ValueError:
        return UUID(int=0)


def missing(scope: Scope, place: Place | None = None) -> RefusedError:
    where = f" for {_named(place)}" if place else ""
    return RefusedError(403, "scope_missing", f"The API key lacks the scope {scope}{where}.")


def require(access: Access, scope: Scope, place: Place) -> None:
    """For what only the body names. Raises RefusedError 403."""
    if not access.reach(scope).holds(place):
        raise missing(scope, place)


def _named(place: Place) -> str:
    return f"automation {place.automation}" if place.automation else f"object {place.object}" if place.object else "this"
