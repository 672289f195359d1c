"""The gateway's description of itself: each example in it works."""

import json
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

import httpx2
import pytest

from activities.settings import Settings
from api.app import create_app
from api.examples import BODIES, NAMES, RECORD, YAML_BODIES
from deploy.examples import load_examples
from deploy.temporal import TemporalDevServer
from tests.fixtures.api import gateway

CONFLICT = 409
"""The request is a good one, only not in the state that the examples before it left."""

WITHOUT_AN_EXAMPLE = {"decode_payloads", "encode_payloads", "take_text", "take_status", "upload_file"}
"""Spoken by Temporal's Web UI and by Twilio, never by people; and what is no text."""


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Method, path and description of each."""
    described = create_app(Settings(database_url="postgres://nowhere")).openapi()
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


WITH_BODY = {found["operationId"]: (method, path) for method, path, found in operations() if "requestBody" in found}


def test_each_request_with_a_body_has_an_example() -> None:
    assert WITH_BODY.keys() - WITHOUT_AN_EXAMPLE == BODIES.keys()
    assert YAML_BODIES.keys() <= BODIES.keys()


def test_all_operations_say_what_they_do() -> None:
    assert not [path for _, path, operation in operations() if not operation.get("summary")]


@pytest.fixture
async def known(settings: Settings, temporal: TemporalDevServer) -> AsyncIterator[tuple[httpx2.AsyncClient, Mapping[str, str]]]:
    """A gateway with the examples in it, and what there is to point to, by the names of parameters."""
    async with gateway(settings.model_copy(update={"temporal_address": temporal.address})) as api:
        yield api, await _things(api)


async def _things(api: httpx2.AsyncClient) -> dict[str, str]:
    leads = await load_examples(api)
    lead = leads["lise@fission.example"]

    async def made(path: str, body: Any) -> str:
        answered = await api.post(path, json=body)
        assert answered.is_success, answered.text
        return answered.json()["id"]

    switch = await api.put("/kill-switches", json=BODIES["put_kill_switch"] | {"key": "other.example"})
    return {
        "record_id": lead,
        "execution_id": await made("/automations/demo-request/executions", {"record_id": lead}),
        "bulk_start_id": await made("/automations/demo-request/bulk-starts", {"all": True}),
        "bulk_request_id": await made("/executions/bulk/resume", {"filter": {"all": True}}),
        "activity_id": await made(f"/records/{lead}/activities", BODIES["create_activity"]),
        "key_id": await made("/api-keys", BODIES["make_api_key"]),
        "switch_id": switch.json()["id"],
        "email": "ingrid@example.com",
        "name": "demo-form",
        "template": "welcome",
        "channel": "email",
        "address": "grace@example.com",
        "kind": "pause",
    }


async def test_each_example_is_a_good_request(known: tuple[httpx2.AsyncClient, Mapping[str, str]]) -> None:
    api, things = known
    answers: dict[str, str] = {}
    for name, (method, path) in WITH_BODY.items():
        if name in BODIES:
            named = {"name": "crm_token"} if name == "put_secret" else {}
            place = path.format(**{"api_name": _api_name(name, path), **things, **named})
            body = json.loads(json.dumps(BODIES[name]).replace(RECORD, things["record_id"]))
            answered = await api.request(method, place, json=body)
            if not answered.is_success and answered.status_code != CONFLICT:
                answers[name] = f"{answered.status_code} {answered.text}"
    assert answers == {}


def _api_name(operation: str, path: str) -> str:
    """A document's example is saved under its own name."""
    if operation in YAML_BODIES:
        return BODIES[operation]["api_name"]
    return BODIES[operation]["api_name"] if operation == "save_object" else NAMES.get(path.split("/")[1], "")
