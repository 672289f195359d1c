"""What a lost workflow task asks for again while the store is further: each step run is answered by where its lane went on."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from temporalio.client import Client
from temporalio.testing import ActivityEnvironment

from activities.bookkeeping import Bookkeeping
from activities.frame import step_activity
from activities.services import Services
from activities.settings import Settings
from automations.messages import StateChange, StepFailure, StepRequest, StepSkip
from automations.outcomes import Fork, Hold, LaneEnd, Moved, Next, Outcome, Renumbered, StepRef, Wait
from store.database import Database
from tests.builders import Json, branch, change, condition, delay, update, variable
from tests.engine import Engine

ONE = [update("one", "n")]
TWO = [update("two", "n"), update("three", "n")]


@dataclass
class Asker:
    """In the place of the workflow: asks for steps and writes down changes, as often as a test wants."""

    engine: Engine
    services: Services
    id: UUID
    environment: ActivityEnvironment = field(default_factory=ActivityEnvironment)

    async def ask(self, step: str, kind: str, sequence: int, **more: Any) -> Outcome:
        request = {"attempt": 1, "now": datetime.now(UTC), "after": sequence - 1, **more}
        self.environment.info = replace(ActivityEnvironment.default_info(), is_local=True)
        asked = StepRequest(execution_id=self.id, sequence=sequence, step=step, **request)
        answer = await self.environment.run(step_activity(kind, self.services), asked)
        return answer.outcome

    async def skip(self, step: str, sequence: int, **more: Any) -> Outcome:
        skip = StepSkip(execution_id=self.id, sequence=sequence, step=step, now=datetime.now(UTC), **more)
        return (await self.environment.run(Bookkeeping(self.services).skip_step, skip)).outcome

    async def fail(self, step: str, kind: str, sequence: int, attempt: int, **more: Any) -> None:
        failure = StepFailure(
            execution_id=self.id, sequence=sequence, step=step, step_type=kind, attempt=attempt, now=datetime.now(UTC),
            code="unexpected", sentence="no", **{"follows": "retry", "retry_at": datetime.now(UTC), **more},
        )  # fmt: skip
        await self.environment.run(Bookkeeping(self.services).record_failure, failure)

    async def record(self, state: Any, **more: Any) -> None:
        told = StateChange(execution_id=self.id, now=datetime.now(UTC), state=state, **more)
        await self.environment.run(Bookkeeping(self.services).record_state, told)

    async def row(self) -> Any:
        return await self.engine.execution(self.id)

    async def runs(self) -> list[tuple[int, str]]:
        return [(row["sequence"], row["step_id"]) for row in await self.engine.steps(self.id)]


@pytest.fixture
def idle(database: Database, temporal_client: Client, settings: Settings) -> Engine:
    return Engine(database, temporal_client, settings)


async def asker(idle: Engine, services: Services, *steps: Json) -> Asker:
    await idle.save(steps=list(steps), variables=[variable("n")])
    begun = Asker(idle, services, await idle.start(launched=False))
    assert next_step(await begun.ask("v-n", "initialize_variable", 1)) == steps[0]["id"]
    return begun


def next_step(outcome: Outcome) -> str:
    assert isinstance(outcome, Next), outcome
    return outcome.step.id


async def joined(idle: Engine, services: Services) -> Asker:
    """Both lanes of `fork` have ended, and `last` has run as the sixth."""
    begun = await asker(idle, services, branch("fork", ONE, TWO), update("last", "n"), update("end", "n"))
    assert isinstance(await begun.ask("fork", "branch", 2), Fork)
    assert isinstance(await begun.ask("one", "update_variable", 3, lane="fork:1", after=2), LaneEnd)
    assert next_step(await begun.ask("two", "update_variable", 4, lane="fork:2", after=2)) == "three"
    assert isinstance(await begun.ask("three", "update_variable", 5, lane="fork:2", after=4), LaneEnd)
    assert next_step(await begun.ask("fork", "branch", 2, phase="joined", after=1)) == "last"
    assert next_step(await begun.ask("last", "update_variable", 6, after=2)) == "end"
    return begun


async def test_a_branch_whose_lanes_have_met_is_gone_past_and_its_follower_keeps_its_number(
    idle: Engine, services: Services
) -> None:
    again = await joined(idle, services)
    assert next_step(await again.ask("fork", "branch", 2)) == "last"
    assert await again.ask("last", "update_variable", 3, after=2) == Renumbered(sequence=6)
    assert next_step(await again.ask("last", "update_variable", 6, after=2)) == "end"
    assert len(await again.runs()) == 6


async def test_lanes_that_take_their_numbers_in_another_order_find_their_own_step_runs(idle: Engine, services: Services) -> None:
    begun = await asker(idle, services, branch("fork", ONE, TWO), update("last", "n"))
    await begun.ask("fork", "branch", 2)
    assert next_step(await begun.ask("two", "update_variable", 3, lane="fork:2", after=2)) == "three"
    assert isinstance(await begun.ask("three", "update_variable", 4, lane="fork:2", after=3), LaneEnd)
    other = await begun.ask("one", "update_variable", 3, lane="fork:1", after=2)
    assert other == Renumbered(sequence=5, free=True)
    own = await begun.ask("two", "update_variable", 4, lane="fork:2", after=2)
    assert own == Renumbered(sequence=3)
    assert isinstance(await begun.ask("one", "update_variable", 5, lane="fork:1", after=2), LaneEnd)
    assert await begun.runs() == [(1, "v-n"), (2, "fork"), (3, "two"), (4, "three"), (5, "one")]


async def test_a_workflow_of_an_older_release_is_answered_by_the_number(idle: Engine, services: Services) -> None:
    again = await joined(idle, services)
    assert next_step(await again.ask("last", "update_variable", 6, after=None)) == "end"
    assert isinstance(await again.ask("end", "update_variable", 3, after=None), LaneEnd)


async def test_a_failure_of_one_lane_is_not_answered_by_another_lane_s_step_run(idle: Engine, services: Services) -> None:
    again = await joined(idle, services)
    await again.fail("one", "update_variable", 4, 1, lane="fork:1")
    assert [row["failures"] for row in await idle.steps(again.id) if row["sequence"] == 4] == [[]]


async def test_a_skip_that_is_asked_for_again_answers_the_same_and_moves_nothing_back(idle: Engine, services: Services) -> None:
    begun = await asker(idle, services, delay("wait"), update("one", "n"), delay("rest"))
    assert isinstance(await begun.ask("wait", "delay", 2), Wait)
    assert next_step(await begun.skip("wait", 2)) == "one"
    assert next_step(await begun.ask("one", "update_variable", 3)) == "rest"
    assert isinstance(await begun.ask("rest", "delay", 4), Wait)
    assert next_step(await begun.ask("wait", "delay", 2)) == "one"
    assert next_step(await begun.skip("wait", 2)) == "one"
    row = await begun.row()
    assert (row["step_id"], row["pause_reason"]) == ("rest", "delay")


async def test_a_hold_that_was_resumed_is_gone_on_from(idle: Engine, services: Services) -> None:
    begun = await asker(idle, services, change("wrong", gone=1), update("last", "n"))
    assert isinstance(await begun.ask("wrong", "change_field_value", 2), Hold)
    await begun.record("active")
    await idle.save(steps=[change("wrong", gone=1) | {"on_error": "continue"}, update("last", "n")], variables=[variable("n")])
    assert next_step(await begun.ask("wrong", "change_field_value", 3)) == "last"
    assert next_step(await begun.ask("wrong", "change_field_value", 2)) == "wrong"


async def test_what_is_written_down_again_around_a_wait_leaves_the_execution_where_it_waits(
    idle: Engine, services: Services
) -> None:
    begun = await asker(idle, services, change("wrong", gone=1) | {"on_error": "continue"}, delay("rest"))
    await begun.ask("wrong", "change_field_value", 2)
    wait = await begun.ask("rest", "delay", 3)
    await begun.record("active")
    assert await begun.ask("rest", "delay", 3) == wait
    row = await begun.row()
    assert (row["state"], row["pause_reason"], row["step_id"]) == ("paused", "delay", "rest")
    assert row["waiting_until"] > datetime.now(UTC) + timedelta(hours=1)


async def test_a_step_deleted_before_its_next_attempt_is_gone_past_again(idle: Engine, services: Services) -> None:
    begun = await asker(idle, services, update("wrong", "n"), update("one", "n"), delay("rest"))
    await begun.fail("wrong", "update_variable", 2, 1)
    await idle.save(steps=[update("one", "n"), delay("rest")], variables=[variable("n")])
    moved = await begun.ask("wrong", "update_variable", 2, attempt=2)
    assert isinstance(moved, Moved)
    assert moved.step.id == "one"
    await begun.ask("one", "update_variable", 3)
    assert next_step(await begun.ask("wrong", "update_variable", 2, attempt=2)) == "one"
    assert (await begun.row())["finished_at"] is None


async def test_a_condition_that_waits_for_a_person_is_not_decided_when_asked_again(idle: Engine, services: Services) -> None:
    begun = await asker(idle, services, condition("ask", [update("yes", "n")], [update("no", "n")]))
    hold = Hold(reason="condition_error", says="no", step=StepRef(id="ask", type="condition"))
    await begun.fail("ask", "condition", 2, 1, follows="hold", retry_at=None, hold=hold)
    assert await begun.ask("ask", "condition", 2) == hold
    assert next_step(await begun.skip("ask", 2, path="yes")) == "yes"
    assert next_step(await begun.ask("ask", "condition", 2)) == "yes"


async def test_a_failure_told_of_again_after_a_later_one_is_written_once(idle: Engine, services: Services) -> None:
    begun = await asker(idle, services, update("wrong", "n"))
    for attempt in (1, 2, 1, 2):
        await begun.fail("wrong", "update_variable", 2, attempt)
    [_, run] = await idle.steps(begun.id)
    assert [failure["attempt"] for failure in run["failures"]] == [1, 2]


async def test_a_pause_in_a_lane_that_has_ended_in_the_store_shows_on_the_lane_that_goes_on(
    idle: Engine, services: Services
) -> None:
    again = await joined(idle, services)
    await again.record("paused", pause_reason="manual", request_id="x", lane="fork:1")
    row = await again.row()
    assert (row["state"], row["pause_reason"], row["step_id"]) == ("paused", "manual", "end")
    await again.record("active", lane="fork:1")
    assert (await again.row())["state"] == "active"
