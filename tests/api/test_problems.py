from collections.abc import AsyncIterator

import httpx2
import pytest
from fastapi import APIRouter
from temporalio.service import RPCError, RPCStatusCode

from activities.settings import Settings
from api.problems import path_of
from tests.api.asking import refused
from tests.fixtures.api import gateway

BROKEN = APIRouter()


@BROKEN.get("/broken/{how}")
async def broken(how: str) -> None:
    raise {
        "unexpected": ZeroDivisionError("a secret"),
        "temporal": RPCError("gone", RPCStatusCode.UNAVAILABLE, b""),
        "deadline": RPCError("late", RPCStatusCode.DEADLINE_EXCEEDED, b""),
        "temporal_bug": RPCError("wrong", RPCStatusCode.INVALID_ARGUMENT, b""),
        "database": ConnectionRefusedError("a secret"),
    }[how]


@pytest.fixture
async def broken_api(settings: Settings) -> AsyncIterator[httpx2.AsyncClient]:
    async with gateway(settings, routers=[BROKEN]) as client:
        yield client


@pytest.mark.parametrize("how", ["unexpected", "temporal_bug"])
async def test_a_mistake_of_ours_leaves_without_its_trace(how: str, broken_api: httpx2.AsyncClient) -> None:
    answered = await broken_api.get(f"/broken/{how}", headers={"X-Request-Id": "mine"})
    assert "request mine" in refused(answered, 500, "internal_error")["detail"]
    assert answered.headers["x-request-id"] == "mine"
    assert "secret" not in answered.text
    assert "Traceback" not in answered.text


@pytest.mark.parametrize(
    ("how", "code"),
    [("temporal", "temporal_unavailable"), ("deadline", "temporal_unavailable"), ("database", "database_unavailable")],
)
async def test_a_service_that_goes_away_says_when_to_try_again(how: str, code: str, broken_api: httpx2.AsyncClient) -> None:
    answered = await broken_api.get(f"/broken/{how}")
    refused(answered, 503, code)
    assert int(answered.headers["retry-after"]) > 0
    assert "secret" not in answered.text


async def test_an_unknown_address_and_a_wrong_method_are_problems_too(api: httpx2.AsyncClient) -> None:
    assert refused(await api.get("/nothing"), 404, "not_found")["detail"] == "There is nothing at /nothing."
    refused(await api.get("/business/"), 404, "not_found")
    answered = await api.delete("/business")
    found = refused(answered, 405, "method_not_allowed")
    assert answered.headers["allow"] == "GET, PUT"
    assert found["detail"] == "DELETE is not possible at /business, but GET and PUT."


@pytest.mark.parametrize(
    ("location", "path"),
    [(("body", "steps", 2, "if"), "steps[2].if"), (("query", "size"), "size"), (("body",), "body"), ((), "body")],
)
def test_a_place_is_written_as_people_write_it(location: tuple[int | str, ...], path: str) -> None:
    assert path_of(location) == path


async def test_the_description_is_complete(api: httpx2.AsyncClient) -> None:
    schema = (await api.get("/openapi.json")).json()
    operations = [operation for path in schema["paths"].values() for operation in path.values()]
    ids = [operation["operationId"] for operation in operations]
    assert len(ids) == len(set(ids)) > 10
    for operation in operations:
        assert operation["summary"]
        assert operation["tags"]
        assert "application/problem+json" in operation["responses"]["4XX"]["content"]
    assert "HTTPValidationError" not in schema["components"]["schemas"]
    assert {"status", "code", "errors"} <= schema["components"]["schemas"]["ProblemDetails"]["properties"].keys()


async def test_every_reference_of_the_description_leads_somewhere(api: httpx2.AsyncClient) -> None:
    answered = await api.get("/openapi.json")
    wanted = {part.split('"')[0] for part in answered.text.split('"#/components/schemas/')[1:]}
    assert wanted <= answered.json()["components"]["schemas"].keys()
