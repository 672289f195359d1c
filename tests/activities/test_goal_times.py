"""What becomes of a goal hangs on when things happened, and not on the order in which anybody came to look at them."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from temporalio.client import Client

from activities.frame import StepFrame
from activities.relaying import evaluate_events
from activities.services import Services
from activities.settings import Settings
from automations.messages import StepRequest
from automations.outcomes import Next, Outcome, Wait
from store.crm_activities import cancel_activity, change_activity, complete_activity, schedule_activity
from store.database import Database
from store.events import insert_event
from store.records import change_record
from tests.builders import Json, change, goal
from tests.engine import Engine, until

REACHED = datetime(2026, 3, 1, 9, tzinfo=UTC)
HOUR, MOMENT = timedelta(hours=1), timedelta(microseconds=1)
OVER = REACHED + 6 * HOUR
WANTED = [{"type": "field_updated", "field": "status", "to": "Booked"}, {"type": "form_submitted"}]


class Local(StepFrame):
    """Of steps that run where the test does."""

    def _is_local(self) -> bool:
        return True


@pytest.fixture
def engine(database: Database, temporal_client: Client, settings: Settings) -> Engine:
    """Without a worker: what works and relays here is the test."""
    return Engine(database, temporal_client, settings)


class Waits:
    """An execution that waits at a goal from REACHED on, for six hours."""

    def __init__(self, services: Services, engine: Engine) -> None:
        self._frame, self._services, self._engine = Local("goal", services), services, engine
        self._made = False

    async def made(self, **values: Any) -> UUID:
        """The record, which may be there before the goal is reached."""
        self.lead, self._made = await self._engine.lead(seats=0, **values), True
        return self.lead

    async def reach(self, *triggers: Json, **values: Any) -> None:
        step = goal("booked", *(triggers or WANTED), met=[change("yes", seats=1)], not_met=[change("no", seats=2)])
        if values or not self._made:
            await self.made(**values)
        await self._engine.save(object="lead", steps=[{**step, "timeout": {"hours": 6}}])
        self._execution = await self._engine.start(record=self.lead, launched=False)
        while await evaluate_events(self._services):
            pass
        assert isinstance(await self._step("run", REACHED), Wait)

    async def _step(self, phase: Any, now: datetime) -> Outcome:
        request = StepRequest(execution_id=self._execution, sequence=1, step="booked", attempt=1, now=now, phase=phase)
        return (await self._frame.run(request)).outcome

    async def happens(self, at: datetime, reported: bool = False) -> None:
        async with self._engine.database.connection() as connection:
            payload = {"old": {"status": None}, "new": {"status": "Booked"}}
            id = await insert_event(connection, "field_updated", self.lead, at, payload)
            if reported:
                await connection.execute("update events set reported_at = now() where id = $1", id)

    async def relay(self) -> None:
        await evaluate_events(self._services)

    async def wakes(self, now: datetime, phase: str = "elapsed") -> str | None:
        """The path; None where it waits on."""
        outcome = await self._step(phase, now)
        return {"yes": "met", "no": "not_met"}[outcome.step.id] if isinstance(outcome, Next) else None

    async def is_met(self) -> bool:
        async with self._engine.database.connection() as connection:
            return await connection.fetchval("select met_at is not null from goal_waits")


@pytest.fixture
def waits(services: Services, engine: Engine) -> Waits:
    return Waits(services, engine)


@pytest.mark.parametrize(("at", "is_met"), [(OVER - MOMENT, True), (OVER, True), (OVER + MOMENT, False)])
async def test_the_relay_meets_no_goal_by_what_happened_after_its_time_out(waits: Waits, at: datetime, is_met: bool) -> None:
    await waits.reach()
    await waits.happens(at)
    await waits.relay()
    assert await waits.is_met() is is_met
    assert await waits.wakes(OVER + HOUR) == ("met" if is_met else "not_met")


async def test_what_comes_after_the_time_out_does_not_hide_what_comes_before_it(waits: Waits) -> None:
    await waits.reach()
    await waits.happens(OVER + HOUR)
    await waits.happens(OVER - HOUR)
    await waits.relay()
    assert await waits.is_met()


@pytest.mark.parametrize(("at", "is_met"), [(REACHED - MOMENT, False), (REACHED, True)])
async def test_what_is_reported_of_a_time_before_the_goal_does_not_meet_it(waits: Waits, at: datetime, is_met: bool) -> None:
    await waits.reach()
    await waits.happens(at, reported=True)
    assert await waits.wakes(OVER) == ("met" if is_met else "not_met")


async def test_what_is_told_of_as_it_happens_counts_though_its_clock_is_behind(waits: Waits) -> None:
    await waits.reach()
    await waits.happens(REACHED - timedelta(seconds=2))
    await waits.relay()
    assert await waits.is_met()


async def test_one_that_an_older_release_met_by_what_came_too_late_is_not_met(waits: Waits, database: Database) -> None:
    """As where its relay works beside the newer one's."""
    await waits.reach()
    await waits.happens(OVER + HOUR)
    async with database.connection() as connection:
        last = await connection.fetchval("select id from events order by number desc limit 1")
        await connection.execute("update goal_waits set met_at = now(), met_by = '{}', met_event = $1", last)
    assert await waits.wakes(OVER + 2 * HOUR, "met") == "not_met"


async def test_what_is_being_written_at_the_time_out_is_waited_for(waits: Waits, database: Database) -> None:
    await waits.reach()
    async with database.transaction() as connection:
        await change_record(connection, waits.lead, values={"status": "Booked"}, now=OVER - MOMENT)
        waking = asyncio.create_task(waits.wakes(OVER))
        await until(lambda: _someone_waits(database))
    assert await waking == "met"


async def _someone_waits(database: Database) -> bool:
    async with database.connection() as connection:
        return await connection.fetchval("select exists (select from pg_locks where not granted)")


async def test_an_event_that_cannot_be_evaluated_stands_in_the_way_of_no_other(
    waits: Waits, monkeypatch: pytest.MonkeyPatch
) -> None:
    await waits.reach()
    for hours in (1, 2):
        await waits.happens(REACHED + hours * HOUR)
    asked = iter([True, False])

    def mismatch(self: Any, event: Any) -> str | None:
        if next(asked):
            raise RuntimeError("nobody thought of that")
        return None

    monkeypatch.setattr("automations.event_triggers.FieldUpdated.mismatch", mismatch)
    assert await waits.wakes(OVER) == "met"


# Its dates, which nobody looked at meanwhile

DAY = {"type": "on_or_around_date", "field": "due", "at": "12:00"}
CALL = {"type": "activity_overdue", "activity_type": "call"}
NEVER = REACHED + timedelta(days=300)


@pytest.mark.parametrize(
    ("first", "moved", "then", "path"),
    [
        ("2026-03-01", 4, "2099-01-01", "met"),
        ("2026-03-01", 2, "2099-01-01", "not_met"),
        ("2026-03-01", 3, None, "met"),
        ("2026-03-01", 2, None, "not_met"),
        ("2099-01-01", 2, "2026-03-01", "met"),
        ("2099-01-01", 4, "2026-03-01", "met"),
        ("2099-01-01", 7, "2026-03-01", "not_met"),
        (None, 7, "2026-03-01", "not_met"),
        (None, 6, "2026-03-01", "met"),
    ],
)
@pytest.mark.parametrize("is_relayed", [True, False])
async def test_a_date_is_moved_when_it_is_changed_and_not_when_that_is_looked_at(
    waits: Waits, database: Database, is_relayed: bool, first: str | None, moved: int, then: str | None, path: str
) -> None:
    """It comes three hours after the goal was reached."""
    await waits.reach(DAY, due=first)
    async with database.connection() as connection:
        await change_record(connection, waits.lead, values={"due": then}, now=REACHED + moved * HOUR)
    if is_relayed:
        await waits.relay()
    assert await waits.wakes(REACHED + 9 * HOUR) == path


@pytest.mark.parametrize(
    ("done", "at", "path"),
    [
        ("completed", 4, "met"),
        ("completed", 2, "not_met"),
        ("canceled", 4, "met"),
        ("canceled", 2, "not_met"),
        ("put off", 4, "met"),
        ("put off", 2, "not_met"),
        ("brought forward", 7, "not_met"),
        ("brought forward", 2, "met"),
        ("planned", 7, "not_met"),
        ("planned", 2, "met"),
    ],
)
async def test_a_crm_activity_is_overdue_by_what_was_done_to_it_when(
    waits: Waits, database: Database, done: str, at: int, path: str
) -> None:
    """It is due three hours after the goal was reached."""
    due_at, now = REACHED + 3 * HOUR, REACHED + at * HOUR
    async with database.connection() as connection:
        lead = await waits.made()
        first = NEVER if done in ("brought forward", "planned") else due_at
        call = await schedule_activity(connection, lead, type="call", due_at=first, now=REACHED - HOUR)
        assert call is not None
        await waits.reach(CALL)
        match done:
            case "completed":
                await complete_activity(connection, call["id"], now=now)
            case "canceled":
                await cancel_activity(connection, call["id"], now=now)
            case "planned":
                await schedule_activity(connection, lead, type="call", due_at=due_at, now=now)
            case _:
                await change_activity(connection, call["id"], due_at=NEVER if done == "put off" else due_at, now=now)
    assert await waits.wakes(REACHED + 9 * HOUR) == path


# In any order

DOINGS = st.lists(
    st.one_of(
        st.tuples(st.just("happens"), st.sampled_from([-2, 0, 1, 3, 6, 7, 9]), st.booleans()),
        st.just(("relay", 0, False)),
    ),
    max_size=6,
)


@hypothesis_settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(doings=DOINGS, woken=st.sampled_from([6, 7, 30]), last=st.booleans())
@example(doings=[("happens", 7, False), ("relay", 0, False), ("happens", 6, False)], woken=30, last=False)
async def test_whenever_it_is_evaluated_and_whenever_it_is_resumed_the_times_alone_decide(
    services: Services, engine: Engine, doings: list[tuple[str, int, bool]], woken: int, last: bool
) -> None:
    """An event for each hour from the goal on; woken at its time-out, or whenever a pause over it is lifted."""
    waits = Waits(services, engine)
    await waits.reach()
    expected = "not_met"
    for doing, hours, reported in doings:
        if doing == "relay":
            await waits.relay()
            continue
        at = REACHED + hours * HOUR
        await waits.happens(at, reported)
        if at <= OVER and not (reported and at < REACHED):
            expected = "met"
    if last:
        await waits.relay()
    assert await waits.wakes(REACHED + woken * HOUR) == expected
