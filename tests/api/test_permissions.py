"""Who is let in, and where: for every route there is."""

from collections.abc import AsyncIterator
from dataclasses import replace

import httpx2
import pytest

from activities.settings import Settings
from api.app import create_app
from deploy.temporal import TemporalDevServer
from store.database import Database
from tests.api.asking import refused
from tests.api.gateway_routes import Route, all_routes
from tests.fixtures.api import gateway
from tests.keys import bearing, key_for

ROUTES = all_routes()
OPEN = {
    "GET /health/live": "probes have no key",
    "GET /health/ready": "probes have no key",
    "GET /codec/sign-in": "a page that asks for a key",
    "POST /codec/sign-out": "a browser forgets",
    "GET /unsubscribe/{token}": "whoever gets a mail has no key",
    "POST /unsubscribe/{token}": "whoever gets a mail has no key",
    "POST /texts/twilio/incoming": "Twilio signs it",
    "POST /texts/twilio/status": "Twilio signs it",
    "GET /webhooks/{api_name}/{name}": "each webhook says whom it lets in",
    "POST /webhooks/{api_name}/{name}": "each webhook says whom it lets in",
}
"""Routes that let anyone in, and why."""
GUARDED = {
    "POST /codec/decode": "also by the session of a browser",
    "POST /codec/encode": "also by the session of a browser",
    "POST /codec/sign-in": "by the key in a form",
}
"""Routes that look for a key by themselves, and how."""
SIGNED = {"POST /texts/twilio/incoming", "POST /texts/twilio/status"}
"""Open routes that take what is signed."""


@pytest.fixture
async def stranger(settings: Settings, temporal: TemporalDevServer) -> AsyncIterator[httpx2.AsyncClient]:
    """Without a key."""
    async with gateway(settings.model_copy(update={"temporal_address": temporal.address})) as client:
        client.headers.pop("authorization")
        yield client


def test_every_route_asks_for_a_scope_or_is_open_on_purpose() -> None:
    assert {str(route) for route in ROUTES if route.needs is None} == {*OPEN, *GUARDED}


def test_every_route_that_is_described_is_looked_at_here(settings: Settings) -> None:
    described = create_app(settings).openapi()["paths"]
    told = {f"{method.upper()} {path}" for path, methods in described.items() for method in methods}
    assert told <= {str(route) for route in ROUTES}


async def test_without_a_key_nothing_but_open_routes_answers(stranger: httpx2.AsyncClient) -> None:
    for route in ROUTES:
        answer = await stranger.request(route.method, route.address)
        if str(route) in OPEN:
            assert answer.status_code != 401, route
        elif str(route) in GUARDED:
            assert answer.status_code == 401, route
        else:
            assert refused(answer, 401, "key_missing"), route
            assert answer.headers["www-authenticate"].startswith("Bearer"), route


async def test_a_key_without_the_scope_is_refused_by_every_route(stranger: httpx2.AsyncClient, database: Database) -> None:
    teller, viewer = await key_for(database, "events:write"), await key_for(database, "records:view")
    for route in (route for route in ROUTES if route.needs and route.needs.scope):
        assert route.needs
        other = viewer if route.needs.scope == "events:write" else teller
        found = refused(await stranger.request(route.method, route.address, headers=other), 403, "scope_missing")
        assert route.needs.scope in found["detail"], route


async def test_any_key_may_ask_what_concerns_nobody(stranger: httpx2.AsyncClient, database: Database) -> None:
    key = await key_for(database, "events:write@object/lead")
    for route in (route for route in ROUTES if route.needs and route.needs.scope is None):
        answer = await stranger.request(route.method, route.address, headers=key)
        assert answer.status_code not in (401, 403), (route, answer.text)


async def test_a_limited_key_lists_nothing_that_is_not_narrowed(stranger: httpx2.AsyncClient, database: Database) -> None:
    """A path that points to nothing in particular is for keys that reach everywhere."""
    for route in (
        route for route in ROUTES if route.needs and route.needs.scope not in (None, "admin") and "{" not in route.path
    ):
        assert route.needs
        key = await key_for(database, f"{route.needs.scope}@object/nothing")
        answer = await stranger.request(route.method, route.address, headers=key)
        assert (answer.status_code == 403) is not route.needs.narrows, (route, answer.text)


@pytest.mark.parametrize("path", ["/docs", "/openapi.json"])
async def test_the_description_is_open(stranger: httpx2.AsyncClient, path: str) -> None:
    assert (await stranger.get(path)).status_code == 200


async def test_an_admin_key_is_refused_by_no_route(stranger: httpx2.AsyncClient, database: Database) -> None:
    admin = await key_for(database, "admin")
    for route in ROUTES:
        answer = await stranger.request(route.method, route.address, headers=admin)
        assert answer.status_code not in (401, 403) or str(route) in {*GUARDED, *SIGNED}, (route, answer.text)


def test_the_address_of_a_route_names_things_that_are_not_there() -> None:
    assert replace(ROUTES[0], path="/a/{api_name}/b/{record_id}").address == f"/a/nothing/b/{Route('', '{x_id}', None).address}"


@pytest.mark.parametrize("header", ["Basic abc", "esk_x", "Bearer", "Bearer ", "bearer  ", "Token esk_x", ""])
async def test_a_header_without_a_key_is_none(stranger: httpx2.AsyncClient, header: str) -> None:
    refused(await stranger.get("/automations", headers={"Authorization": header}), 401, "key_missing")


@pytest.mark.parametrize("key", ["esk_nobody", "x" * 5000, "esk_\u00fc\u4e16", "a b", "'; drop table api_keys"])
async def test_a_key_that_nobody_has_is_refused(stranger: httpx2.AsyncClient, key: str) -> None:
    header = {b"Authorization": f"Bearer {key}".encode()}
    refused(await stranger.get("/automations", headers=header), 401, "key_invalid")


@pytest.mark.parametrize("kind", ["Bearer", "bearer", "BEARER"])
async def test_the_kind_of_a_key_is_written_in_any_case(stranger: httpx2.AsyncClient, database: Database, kind: str) -> None:
    key = (await key_for(database, "admin"))["Authorization"].split()[1]
    assert (await stranger.get("/automations", headers={"Authorization": f"{kind} {key}"})).status_code == 200


async def test_of_two_keys_none_counts(stranger: httpx2.AsyncClient, database: Database) -> None:
    """Which of them was meant cannot be told, and a proxy may have taken the other one."""
    first, second = await key_for(database, "admin"), bearing("esk_nobody")
    for pair in ((first, second), (second, first), (first, first)):
        headers = [*pair[0].items(), *pair[1].items()]
        refused(await stranger.get("/automations", headers=headers), 401, "key_invalid")
