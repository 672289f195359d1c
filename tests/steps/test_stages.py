"""update_stage: where the record moves, where it stays, and what is refused."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from store.records import change_record
from tests.builders import Json, stop
from tests.steps.house import House, Where
from tests.steps.showing import also_shows, shows


def stage(id: str, stage: str, **more: Any) -> Json:
    return {"id": id, "type": "update_stage", "stage": stage, **more}


@shows("update_stage", "stage", "only_from", "forward_only")
async def test_a_record_moves_from_stage_to_stage_as_far_as_the_step_lets_it(house: House, where: Where) -> None:
    listening = await house.save(where, stop("end"), triggers=[{"id": "t", "type": "stage_updated", "to": "Demo"}])
    record = await house.put("deal", stage="New", status="Won")
    run = await house.run(
        where,
        stage("move", "Demo"),
        stage("same", "Demo"),
        stage("elsewhere", "Lost", only_from=["New", "Won"]),
        stage("back", "New", forward_only=True),
        stage("on", " {{ record.status }}", only_from=["Demo"], forward_only=True),
        record=record,
    )
    assert run.record
    assert run.record["stage"] == "Won"
    assert {step["step_id"]: step["output"] for step in run.steps} == {
        "move": {"stage": "Demo", "moved": True, "from": "New"},
        "same": {"stage": "Demo", "moved": False, "why": "It stands there already."},
        "elsewhere": {"stage": "Demo", "moved": False, "why": "It stands in Demo, not in New or Won."},
        "back": {"stage": "Demo", "moved": False, "why": "It stands in Demo, further on than New."},
        "on": {"stage": "Won", "moved": True, "from": "Demo"},
    }
    events = await house.events(record, "stage_updated")
    assert [event["payload"] for event in events] == [{"old": "New", "new": "Demo"}, {"old": "Demo", "new": "Won"}]
    assert {event["root_id"] for event in events} == {run.id}
    assert (await house.engine.latest(listening))["record_id"] == UUID(record)


@also_shows("update_stage")
async def test_a_stage_that_is_gone_is_said_with_those_that_there_are(house: House) -> None:
    known = "is no stage of Deal (any more); its stages: New, Demo, Won, Lost."
    wrong: list[tuple[Where, Json, str]] = [
        ("pipeline", stage("s", "Proposal"), f"Proposal {known}"),
        ("pipeline", stage("s", "{{ record.status }}"), f"Nothing {known}"),
        ("pipeline", stage("s", "Won", only_from=["Old"]), f"Old {known}"),
        ("record", stage("s", "Won"), "Won is no stage of Account (any more); its stages: none."),
    ]
    for where, step, sentence in wrong:
        assert await house.failure(where, step) == ("unknown_stage", sentence)
    code, _ = await house.failure("global", stage("s", "Won"))
    assert code == "no_record"


@also_shows("update_stage")
async def test_a_record_that_others_change_meanwhile_is_looked_at_again(house: House) -> None:
    record = await house.put("deal", stage="New")
    waiting = await house.run("pipeline", stop("w", "pause"), stage("s", "Won", only_from=["New"]), record=record, ends="paused")
    async with house.database.transaction() as connection:
        await change_record(connection, UUID(record), stage="Lost", now=datetime.now(UTC))
        await house.engine.ask(waiting.id, "resume")
        await house.until("select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' limit 1")
    run = await house.come_to(waiting.id, "completed")
    assert run.output("s") == {"stage": "Lost", "moved": False, "why": "It stands in Lost, not in New."}
    assert len(await house.events(record, "stage_updated")) == 1
