"""What takes long to look up keeps nobody else from the gateway, and has an end."""

import asyncio
import threading
from typing import Any
from uuid import UUID

import httpx2
import pytest

from api.webhooks import payloads
from automations import json_paths
from automations.json_paths import find
from tests.builders import document, variable, webhook
from tests.engine import Engine

SMALL = {"items": [{"a": number} for number in range(100)]}
LARGE = {"items": [{"a": {"b": {"c": number}}} for number in range(30_000)]}


async def save(api: httpx2.AsyncClient, path: str, **more: Any) -> None:
    hook = webhook(extract={"found": path})
    taken = variable("found", {"webhook": "form", "value": "found"}, type="string")
    saved = await api.put("/automations/demo", json=document(active=True, triggers=[hook], variables=[taken], **more))
    assert saved.status_code == 201, saved.text


@pytest.mark.parametrize(("path", "body"), [("$..[?@.a == 7].a", SMALL), ("$.items[7].a.b.c", LARGE)])
async def test_the_gateway_answers_while_a_path_is_looked_up(
    api: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch, path: str, body: Any
) -> None:
    begun, answered = threading.Event(), threading.Event()

    def find_once_answered(path: str, value: Any) -> list[Any]:
        begun.set()
        assert answered.wait(10), "nothing was answered meanwhile"
        return find(path, value)

    monkeypatch.setattr(payloads, "find", find_once_answered)
    await save(api, path)
    call = asyncio.create_task(api.post("/webhooks/demo/form", json=body))
    assert await asyncio.to_thread(begun.wait, 10)
    assert not call.done()
    assert (await api.get("/health/live")).status_code == 200
    answered.set()
    assert (await call).json()["execution_id"]


@pytest.mark.parametrize("path", ["$..[?@..[?@..c]]", "$..[?count(@..*) > 3]"])
async def test_a_path_without_an_end_finds_nothing_and_the_call_starts_all_the_same(
    api: httpx2.AsyncClient, engine: Engine, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setattr(json_paths, "EFFORT", 10_000)
    await save(api, path)
    call = await api.post("/webhooks/demo/form", json=LARGE)
    execution = UUID(call.json()["execution_id"])
    assert (await engine.ended(execution))["variables"] == {"found": None}


async def test_a_dry_run_looks_paths_up_with_the_same_end(
    api: httpx2.AsyncClient, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_paths, "EFFORT", 10_000)
    await save(api, "$..[?@..[?@..c]]")
    trigger = {"type": "webhook", "name": "form", "body": {"items": LARGE["items"][:5_000]}}
    tried = await api.post("/automations/demo/dry-run", json={"trigger": trigger})
    assert tried.status_code == 200, tried.text
    assert tried.json()["outcome"] == "completed"


async def test_entities_of_xml_come_to_nothing(api: httpx2.AsyncClient, engine: Engine) -> None:
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 20}">' for n in range(1, 20))
    bomb = f'<!DOCTYPE a [<!ENTITY e0 "laugh">{entities}]><a>&e19;</a>'
    await save(api, "$.a")
    answer = await api.post("/webhooks/demo/form", content=bomb.encode(), headers={"content-type": "application/xml"})
    execution = UUID(answer.json()["execution_id"])
    assert "laughlaugh" not in str((await engine.ended(execution))["variables"]["found"])
