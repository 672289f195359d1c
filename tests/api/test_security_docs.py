"""docs/security.md says what each route needs, and what is audited, as it is."""

import re
from collections.abc import Iterator

from tests.api.audited_routes import AUDITED
from tests.api.gateway_routes import Route, all_routes
from tests.test_docs import cells, table

_ROUTE = re.compile(r"`([A-Z]+ /[^`]*)`( †)?")


def _told() -> Iterator[tuple[str, str]]:
    for row in table("security.md", "| about | a key needs | routes |"):
        _, scope, routes = cells(row)
        yield from ((route, f"{scope}{narrows}") for route, narrows in _ROUTE.findall(routes))


def _needed(route: Route) -> str:
    if route.needs is None:
        return "open"
    scope = f"`{route.needs.scope}`" if route.needs.scope else "any key"
    return f"{scope}{' †' if route.needs.narrows else ''}"


def test_the_table_of_routes_says_what_each_one_needs() -> None:
    told = list(_told())
    assert len(told) == len(dict(told)), "a route is told of twice"
    assert dict(told) == {str(route): _needed(route) for route in all_routes()}


def test_the_table_of_actions_has_all_of_them() -> None:
    told = [
        action
        for row in table("security.md", "| kind | `target` | actions |")
        for action in re.findall(r"`([a-z_.]+)`", cells(row)[2])
    ]
    assert sorted(told) == sorted(set(AUDITED.values()))
