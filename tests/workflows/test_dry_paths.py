"""A dry run comes by the steps that a true execution comes by."""

import asyncio
import os
from collections.abc import AsyncIterator, Coroutine
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx2
import hypothesis
import pytest
from hypothesis import HealthCheck

from activities.settings import Settings
from store.standings import standings_of
from tests.builders import Json
from tests.engine import Engine, until
from tests.fixtures.api import gateway
from tests.workflows.counting import counting
from tests.workflows.random_documents import documents
from tests.workflows.skipping import jumping

LONG = bool(os.environ.get("EVERSTEP_LONG"))
EXAMPLES = 60 if LONG else 6

Path = tuple[str, list[tuple[str, str, str]]]
"""How it ended, or where it stands; and lane, step and status of each visit. Lane by lane, as they have no order."""


class Twice:
    """The same automation on two records that are alike: once in truth, once dry."""

    def __init__(self, engine: Engine, api: httpx2.AsyncClient) -> None:
        self.engine, self.api = engine, api
        self.count = 0
        self._loop = asyncio.get_running_loop()

    def do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self._loop.run_until_complete(work)

    async def save(self, steps: list[Json]) -> str:
        self.count += 1
        await self.engine.lead()
        return (await self.engine.save(api_name=f"twice-{self.count}", object="lead", steps=steps)).api_name

    async def truly(self, api_name: str) -> Path:
        execution = await self.engine.start(api_name, record=await self.engine.lead(seats=0))
        async with jumping(self.engine):
            row = await until(lambda: self._at_rest(execution))
        return _path(row["state"], [dict(run) for run in await self.engine.steps(execution)])

    async def _at_rest(self, execution: UUID) -> Any:
        """Over, or in all of its lanes waiting for a person."""
        row = await self.engine.execution(execution)
        standings = standings_of({**row, "ran_from": row["revision"]})
        lanes = standings.walked.values()
        waits = all(lane.state == "paused" and lane.waiting_until is None for lane in lanes)
        joins = any(each.forked and not standings.below(lane) for lane, each in standings.lanes.items())
        return row if row["finished_at"] or (waits and not joins) else None

    async def dry(self, api_name: str) -> Path:
        lead = await self.engine.lead(seats=0)
        asked = {"record_id": str(lead), "at": datetime.now(UTC).isoformat()}
        answer = await self.api.post(f"/automations/{api_name}/dry-run", json=asked)
        assert answer.status_code == 200, answer.text
        return _path(answer.json()["outcome"], answer.json()["timeline"])


def _path(state: str, runs: list[Json]) -> Path:
    return state, sorted(((run["lane"], run["step_id"], run["status"]) for run in runs), key=lambda run: run[0])


@pytest.fixture
async def twice(skipping_engine: Engine, settings: Settings) -> AsyncIterator[Twice]:
    async with gateway(settings) as api:
        yield Twice(skipping_engine, api)


def predictable(steps: list[Json], in_lane: bool = False) -> list[Json]:
    """The same without calls, with goals that end, and with nothing in a lane that depends on how far the others are."""
    return [_predictable(step, in_lane) for step in steps]


def _predictable(step: Json, in_lane: bool) -> Json:
    kind = step["type"]
    if kind == "http_request" or (in_lane and kind in ("condition", "go_to_step")):
        return counting(step["id"])
    if in_lane and kind == "stop_execution":
        return {**step, "action": "pause"}
    limited = {"timeout": {"days": 2}} if kind == "goal" else {}
    below = {key: predictable(value, in_lane) for key, value in step.items() if key.startswith("if_")}
    lanes = {"lanes": [{"steps": predictable(lane["steps"], True)} for lane in step["lanes"]]} if "lanes" in step else {}
    return {**step, **limited, **below, **lanes}


@pytest.mark.timeout(600 if LONG else 120)
def test_the_path_of_a_dry_run_is_that_of_the_true_one(twice: Twice) -> None:
    @hypothesis.settings(
        max_examples=EXAMPLES, deadline=None, database=None, derandomize=not LONG, suppress_health_check=[HealthCheck.too_slow],
    )  # fmt: skip
    @hypothesis.given(documents("http://nowhere.test"))
    def is_the_same(steps: list[Json]) -> None:
        api_name = twice.do(twice.save(predictable(steps)))
        assert twice.do(twice.dry(api_name)) == twice.do(twice.truly(api_name))

    is_the_same()
