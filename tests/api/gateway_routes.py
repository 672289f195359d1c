"""Every route of the gateway, for tests that hold for all of them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from fastapi.routing import APIRoute

from api.access import Needs
from api.app import ROUTERS

READING = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True)
class Route:
    """`needs` is None for one that lets anyone in."""

    method: str
    path: str
    needs: Needs | None

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def address(self) -> str:
        """Of nothing that is there."""
        return re.sub(r"{(\w+)(?::path)?}", lambda name: str(UUID(int=1)) if name[1].endswith("_id") else "nothing", self.path)

    @property
    def writes(self) -> bool:
        return self.method not in READING


def all_routes() -> list[Route]:
    return list(_routes())


def _routes() -> Iterator[Route]:
    for route in (route for router in ROUTERS for route in router.routes):
        assert isinstance(route, APIRoute), route
        asked = [each.dependency for each in route.dependencies if isinstance(each.dependency, Needs)]
        for method in route.methods or ():
            yield Route(method, route.path, asked[0] if asked else None)
