"""Steps that decide where an execution goes on, and when, in automations with and without a record."""

from datetime import UTC, datetime, timedelta

from dateutil.relativedelta import SA, relativedelta

from tests.builders import Json, branch, condition, delay, go_to, math, stop, update, variable
from tests.steps.house import House, Where
from tests.steps.showing import also_shows, shows

COUNT = math("count", {"variable": "n"}, {"constant": 1}, into={"variable": "n"})
NOTE = variable("note", {"static": ""}, type="string")


def noting(text: str) -> Json:
    return update(text, "note", {"static": text})


@shows("condition", "if")
@also_shows("go_to_step", "step")
async def test_a_condition_decides_and_a_go_to_makes_a_loop(house: House, where: Where) -> None:
    few = {"any": [{"variable": "n", "op": "<", "value": 3}, {"variable": "note", "op": "=", "value": "more"}]}
    again = condition("few", [go_to("back", "count")], [noting("enough")], **{"if": few})
    run = await house.run(where, COUNT, again, variables=[variable("n", {"static": 0}), NOTE])
    assert (run.variables["n"], run.variables["note"]) == ("3", "enough")
    assert [step["output"]["path"] for step in run.steps if step["step_id"] == "few"] == ["yes", "yes", "no"]


@shows("branch", "lanes.name")
async def test_lanes_run_side_by_side_and_come_together(house: House, where: Where) -> None:
    run = await house.run(
        where,
        branch("fork", [COUNT], left=[noting("left")], right=[update("other", "more", {"static": "right"})]),
        noting("together"),
        variables=[variable("n", {"static": 0}), NOTE, variable("more", {"static": ""}, type="string")],
    )
    assert {step["lane"] for step in run.steps} == {"", "fork:1", "fork:left", "fork:right"}
    assert run.steps[-1]["step_id"] == "together"
    assert (run.variables["n"], run.variables["more"]) == ("1", "right")


SATURDAY = datetime.now(UTC).replace(hour=10, minute=0, second=0, microsecond=0) + relativedelta(days=3, weekday=SA)

LENGTHS: dict[str, tuple[Json, relativedelta]] = {
    "y": ({"years": 1}, relativedelta(years=1)),
    "mo": ({"months": 2, "weeks": 1}, relativedelta(months=2, weeks=1)),
    "d": ({"days": 3}, relativedelta(days=3)),
    "h": ({"hours": 5, "minutes": 7}, relativedelta(hours=5, minutes=7)),
    "fm": ({"for": {"variable": "n", "unit": "minutes"}}, relativedelta(minutes=90)),
    "fh": ({"for": {"variable": "n", "unit": "hours"}}, relativedelta(hours=90)),
    "fd": ({"for": {"variable": "n", "unit": "days"}}, relativedelta(days=90)),
    "fw": ({"for": {"variable": "n", "unit": "weeks"}}, relativedelta(weeks=90)),
}


@shows(
    "delay", "years", "months", "weeks", "days", "hours", "minutes", "for.variable", "for.unit=minutes", "for.unit=hours",
    "for.unit=days", "for.unit=weeks", "until", "until.variable", "at", "skip_non_working_days",
)  # fmt: skip
async def test_delays_of_every_kind_wait_until_their_moment(house: House, where: Where) -> None:
    """Each in a lane of its own, and all at once; that they end then is shown on a clock that jumps."""
    moments: dict[str, tuple[Json, datetime]] = {
        "us": ({"until": SATURDAY.isoformat()}, SATURDAY),
        "uv": ({"until": {"variable": "day"}}, SATURDAY.replace(hour=0)),
        "ua": ({"until": {"variable": "day"}, "at": "09:30"}, SATURDAY.replace(hour=9, minute=30)),
        "uw": ({"until": SATURDAY.isoformat(), "skip_non_working_days": True}, SATURDAY + timedelta(days=2)),
    }
    every = {**LENGTHS, **moments}
    lanes = [[delay(id, **length)] for id, (length, _) in every.items()]
    given = [variable("n", {"static": 90}), variable("day", {"static": SATURDAY.date().isoformat()}, type="date")]
    execution = await house.start(where, await house.save(where, branch("all", *lanes), variables=given))

    sql = "select * from executions where id = $1 and (select count(*) from jsonb_each(lanes) where value ? 'waiting_until') = $2"
    [row] = await house.until(sql, execution, len(every))
    waiting = [each for each in row["lanes"].values() if "waiting_until" in each]
    found = {each["step"]: datetime.fromisoformat(each["waiting_until"]) for each in waiting}
    assert {id: found[id] for id in moments} == {id: moment for id, (_, moment) in moments.items()}
    for id, (_, length) in LENGTHS.items():
        assert abs(found[id] - (row["created_at"] + length)) < timedelta(seconds=30), id
    assert row["waiting_until"] == min(found.values())


@shows("delay", "until", "until.variable")
@also_shows("delay", "until.field", where=["record"])
async def test_a_moment_that_is_past_is_not_waited_for(house: House, where: Where) -> None:
    steps = [delay("said", until="2020-01-01T00:00:00Z"), delay("held", until={"variable": "day"})]
    if where == "record":
        steps.append(delay("due", until={"field": "due"}))
    record = await house.put("account", due="2021-05-01") if where == "record" else None
    run = await house.run(where, *steps, record=record, variables=[variable("day", {"static": "2021-05-01"}, type="date")])
    assert {step["status"] for step in run.steps} == {"completed"}


@shows(
    "stop_execution", "action=complete", "action=cancel", "action=fail", "action=pause", "action=pause_with_error", "reason"
)  # fmt: skip
async def test_a_stop_ends_or_pauses_the_execution_with_its_reason(house: House, where: Where) -> None:
    ends = {
        "complete": ("completed", None), "cancel": ("canceled", None), "fail": ("failed", None),
        "pause": ("paused", "automation"), "pause_with_error": ("paused", "error"),
    }  # fmt: skip
    for action, (state, pause_reason) in ends.items():
        halt = stop("halt", action, reason="enough of {{ automation.api_name }}")
        run = await house.run(where, halt, noting("never"), ends=state, variables=[NOTE])
        assert (run.row["reason"], run.row["pause_reason"]) == (f"enough of {run.row['api_name']}", pause_reason)
        assert run.row["cancel_reason"] == ("step" if action == "cancel" else None)
        assert run.variables["note"] in ("", None)
        if state == "paused":
            await house.engine.ask(run.id, "resume")
            assert (await house.come_to(run.id, "completed")).variables["note"] == "never"


@shows("go_to_step", "step")
async def test_a_step_that_is_gone_is_named_where_an_execution_is_to_go_to_it(house: House, where: Where) -> None:
    """Documents that were checked never have that: it is for those that were written past the checks."""
    assert await house.failure(where, go_to("back", "nowhere")) == ("unknown_step", "There is no step nowhere (any more).")
    asked = {"if": {"variable": "gone", "op": "=", "value": 1}}
    code, sentence = await house.failure(where, condition("check", **asked))
    assert (code, "gone" in sentence) == ("unknown_variable", True)
    code, sentence = await house.failure(where, delay("wait", until={"variable": "lost"}))
    assert (code, "lost" in sentence) == ("unknown_variable", True)
