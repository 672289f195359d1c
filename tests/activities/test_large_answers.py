"""Answers of other systems that take long to look through keep no other step from its turn, and come to an end."""

import asyncio
import threading
from typing import Any

import pytest

from activities import integration
from automations import json_paths
from automations.json_paths import find
from tests.builders import request, stop, variable
from tests.engine import Engine
from tests.http_server import HttpServer

FOUND = variable("found", {"static": None}, type="string")
LARGE = {"items": [{"a": {"b": number}} for number in range(30_000)]}


def taking(http: HttpServer, path: str) -> list[Any]:
    return [request("call", http.url, into=[{"variable": "found", "value": path}])]


async def test_other_steps_run_while_an_answer_is_looked_through(
    engine: Engine, http: HttpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, ended = threading.Event(), threading.Event()

    def find_once_the_other_ended(path: str, value: Any) -> list[Any]:
        begun.set()
        assert ended.wait(10), "no other step ran meanwhile"
        return find(path, value)

    monkeypatch.setattr(integration, "find", find_once_the_other_ended)
    http.answers = [(200, LARGE)]
    await engine.save(variables=[FOUND], steps=taking(http, "$.items[7].a.b"))
    await engine.save(api_name="other", steps=[stop("end")])
    execution = await engine.start()
    assert await asyncio.to_thread(begun.wait, 10)
    await engine.ended(await engine.start("other"))
    ended.set()
    assert (await engine.ended(execution))["variables"] == {"found": "7"}


async def test_a_path_without_an_end_is_a_failure_that_a_person_mends(
    engine: Engine, http: HttpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_paths, "EFFORT", 10_000)
    http.answers = [(200, LARGE)]
    await engine.save(variables=[FOUND], steps=taking(http, "$..[?@..[?@..b]]"))
    execution = await engine.start()
    row = await engine.in_state(execution, "paused", reason="error")
    assert "looks at more than" in row["reason"]
    assert (await engine.steps(execution))[-1]["error"]["code"] == "path_too_costly"
    assert len(http.asked) == 1
