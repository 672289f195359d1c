"""What a caller of the gateway may do, and where: scopes as they are written on an API key.

`executions:operate` holds everywhere; `executions:operate@automation/demo-request` for one automation,
`records:edit@object/lead` for what works on one object. `records:*` is every scope of records, `admin` everything.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

from automations.errors import EverstepError

Scope = Literal[
    "automations:view",
    "automations:edit",
    "automations:remove",
    "executions:operate",
    "records:view",
    "records:edit",
    "records:remove",
    "events:write",
    "admin",
]
SCOPES: tuple[Scope, ...] = get_args(Scope)

_INCLUDES: dict[Scope, tuple[Scope, ...]] = {
    "automations:edit": ("automations:view",),
    "automations:remove": ("automations:view",),
    "executions:operate": ("automations:view",),
    "records:edit": ("records:view",),
    "records:remove": ("records:view",),
    "admin": SCOPES,
}
"""Who may change something may see it."""

_WITHIN_AUTOMATIONS: frozenset[Scope] = frozenset(
    {"automations:view", "automations:edit", "automations:remove", "executions:operate"}
)
_WITHIN_OBJECTS = _WITHIN_AUTOMATIONS | {"records:view", "records:edit", "records:remove", "events:write"}
_WRITTEN = re.compile(r"(?P<scope>[a-z]+(?::[a-z*]+)?)(?:@(?P<kind>object|automation)/(?P<name>[A-Za-z0-9_-]{1,63}))?")


class InvalidScopeError(EverstepError):
    code = "invalid_scope"


@dataclass(frozen=True)
class Place:
    """What is acted on: an automation, with the object that it works on, or the records of an object. None: no such thing."""

    object: str | None = None
    automation: str | None = None


@dataclass(frozen=True)
class Reach:
    """Where a scope holds: `everywhere`, or for some objects and some automations by name."""

    everywhere: bool = False
    objects: frozenset[str] = frozenset()
    automations: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return self.everywhere or bool(self.objects or self.automations)

    def holds(self, place: Place) -> bool:
        return self.everywhere or place.object in self.objects or place.automation in self.automations


@dataclass(frozen=True)
class Grant:
    """One scope as it stands on a key."""

    scopes: frozenset[Scope]
    object: str | None = None
    automation: str | None = None


class Access:
    """All that a key grants."""

    def __init__(self, written: Iterable[str]) -> None:
        """Raises InvalidScopeError."""
        self.written = tuple(dict.fromkeys(written))
        self._grants = [read_scope(each) for each in self.written]

    def reach(self, scope: Scope) -> Reach:
        held = [grant for grant in self._grants if scope in grant.scopes]
        return Reach(
            everywhere=any(grant.object is None and grant.automation is None for grant in held),
            objects=frozenset(grant.object for grant in held if grant.object),
            automations=frozenset(grant.automation for grant in held if grant.automation),
        )

    def reaches(self) -> list[tuple[Scope, Reach]]:
        """Each scope that holds somewhere."""
        return [(scope, reach) for scope in SCOPES if (reach := self.reach(scope))]

    def covers(self, written: str) -> bool:
        """Whether a key with this access may give the scope to another."""
        grant = read_scope(written)
        place = Place(grant.object, grant.automation)
        return all(self.reach(scope).holds(place) for scope in grant.scopes)


def read_scope(written: str) -> Grant:
    """Raises InvalidScopeError."""
    found = _WRITTEN.fullmatch(written)
    scopes = _named(found["scope"]) if found else frozenset[Scope]()
    if not found or not scopes:
        known = ", ".join(SCOPES)
        raise InvalidScopeError(f"There is no scope {written[:100]!r}: scopes are {known}, and records:* and the like.")
    kind, name = found["kind"], found["name"]
    _require_fit(written, scopes, kind)
    included: set[Scope] = {more for scope in scopes for more in _INCLUDES.get(scope, ())}
    return Grant(scopes | included, object=name if kind == "object" else None, automation=name if kind == "automation" else None)


def _named(text: str) -> frozenset[Scope]:
    group, _, action = text.partition(":")
    return frozenset(scope for scope in SCOPES if scope == text or (action == "*" and scope.startswith(f"{group}:")))


def _require_fit(written: str, scopes: frozenset[Scope], kind: str | None) -> None:
    fitting = {None: frozenset(SCOPES), "object": _WITHIN_OBJECTS, "automation": _WITHIN_AUTOMATIONS}[kind]
    if not scopes <= fitting:
        raise InvalidScopeError(f"The scope {written!r} cannot be limited to one {kind}.")
