"""Every state and every reason of a pause is explained in a sentence that can be passed on."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, get_args
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from automations.executions import CancelReason, PauseReason, Request
from automations.explain import Facts, explain
from automations.explain.facts import Asked, LaneFacts, Run, Switch
from automations.lanes import Standing
from automations.steps.base import StepBase
from tests.builders import STEP, Json, ask, condition, delay, mail, request, stop

BERLIN = ZoneInfo("Europe/Berlin")
NOON = datetime.fromisoformat("2026-01-05T12:00:00+00:00")
LATER = NOON + timedelta(days=2)
SINCE = "Monday 5 January 2026 at 13:00 CET"
UNTIL = "Wednesday 7 January 2026 at 13:00 CET"
ERROR = {"code": "http_not_found", "sentence": "The server answered 404"}

MOVED = {"from": "2026-01-06T12:00:00+00:00", "passed": [{"date": "2026-01-06", "why": "Epiphany"}]}

REST: Json = delay("rest", days=2, at="09:00")
CALL: Json = request("call")
QUESTION = ask("q")
GOAL: Json = {
    "id": "booked",
    "type": "goal",
    "triggers": [{"type": "field_updated", "field": "status", "to": {"value": "Booked"}}],
    "timeout": {"days": 14},
}
DATES = [
    {"trigger": "on due", "at": "2026-01-07T12:00:00+00:00", "moved": MOVED},
    {"trigger": "call is overdue", "at": "2026-01-08T08:00:00+00:00"},
]
DATE_AND_TIMEOUT = {"timeout": "2026-01-07T12:00:00+00:00", "moved": None, "moments": DATES[1:]}


def step_of(raw: Json) -> StepBase:
    return STEP.validate_python(raw)


def run_of(raw: Json, status: str = "completed", **parts: Any) -> Run:
    step = step_of(raw)
    ended = None if status in ("running", "waiting", "retrying", "held") else NOON
    return Run(step.id, step.step_type, **{"status": status, "attempt": 1, "started_at": NOON, "finished_at": ended, **parts})


def lane(raw: Json | None, run: Run | None = None, *, lane: str = "", switch: Switch | None = None, **standing: Any) -> LaneFacts:
    step = step_of(raw) if raw else None
    stands = Standing.model_validate({"state": "active", "step": step.id if step else None, "revision": 1, **standing})
    return LaneFacts(lane, stands, step, run, switch)


def paused(why: PauseReason, raw: Json, run: Run | None = None, **parts: Any) -> LaneFacts:
    return lane(raw, run, state="paused", pause_reason=why, **parts)


def at(*lanes: LaneFacts, **parts: Any) -> Facts:
    state = lanes[0].standing.state if lanes else "completed"
    return Facts(**{"state": state, "zone": BERLIN, "created_at": NOON, "updated_at": NOON, "lanes": lanes, **parts})


def over(state: str, **parts: Any) -> Facts:
    return at(state=state, **{"finished_at": NOON, "steps_run": 3, **parts})


ADA = Asked("pause", "ada@example.com", "lunch", NOON)
SWITCH = Switch("kill switch for automation demo", "bob@example.com", "mails twice", NOON)
UNDECIDED = condition("big")

OPEN: dict[str, tuple[Facts, str]] = {
    "queued": (
        at(lane(CALL), workflow_started=False),
        f"The execution is queued since {SINCE}; it begins as soon as a worker takes it.",
    ),
    "next": (
        at(lane(CALL)),
        f"Step call (GET http://example.org) is next since {SINCE}; it runs as soon as a worker is free.",
    ),
    "running": (
        at(lane(CALL, run_of(CALL, "running"))),
        f"The execution is running step call (GET http://example.org) since {SINCE}.",
    ),
    "running again": (
        at(lane(CALL, run_of(CALL, "running", attempt=3))),
        f"The execution is running step call (GET http://example.org) since {SINCE}, attempt 3 of 5.",
    ),
    "nothing left": (at(lane(None)), "The execution has no step left to run and is about to end."),
    "retrying": (
        at(lane(CALL, run_of(CALL, "retrying", error=ERROR), state="retrying", attempt=2, retry_at=NOON + timedelta(seconds=30))),
        "Step call (GET http://example.org) failed: The server answered 404. Attempt 2 of 5 follows on"
        " Monday 5 January 2026 at 13:00:30 CET; retry makes it at once.",
    ),
    "delay": (
        at(paused("delay", REST, run_of(REST, "waiting"), waiting_until=LATER)),
        f"The execution waits until {UNTIL} at step rest (2 days at 09:00).",
    ),
    "moved delay": (
        at(paused("delay", REST, run_of(REST, "waiting", output={"moved": MOVED}), waiting_until=LATER)),
        f"The execution waits until {UNTIL} at step rest (2 days at 09:00)."
        " It was moved there from Tuesday 6 January 2026 at 13:00 CET, which is no working day (Epiphany).",
    ),
    "goal with a moved timeout": (
        at(paused("goal", GOAL, run_of(GOAL, "waiting", output={"moved": MOVED}), waiting_until=LATER)),
        f"The execution waits until {UNTIL} at the latest for what step booked ({step_of(GOAL).summary()}) names to happen."
        " It was moved there from Tuesday 6 January 2026 at 13:00 CET, which is no working day (Epiphany).",
    ),
    "goal": (
        at(paused("goal", GOAL, run_of(GOAL, "waiting"), waiting_until=LATER)),
        f"The execution waits until {UNTIL} at the latest for what step booked ({step_of(GOAL).summary()}) names to happen.",
    ),
    "goal that waits for dates": (
        at(paused("goal", GOAL, run_of(GOAL, "waiting", output={"timeout": None, "moments": DATES}), waiting_until=LATER)),
        f"The execution waits for as long as it takes for what step booked ({step_of(GOAL).summary()}) names to happen."
        f" The dates it looks at are {UNTIL} (on due, moved from Tuesday 6 January 2026 at 13:00 CET as that is no working day:"
        " Epiphany); Thursday 8 January 2026 at 09:00 CET (call is overdue).",
    ),
    "goal with a date before its time is up": (
        at(paused("goal", GOAL, run_of(GOAL, "waiting", output=DATE_AND_TIMEOUT), waiting_until=NOON)),
        f"The execution waits until {UNTIL} at the latest for what step booked ({step_of(GOAL).summary()}) names to happen."
        " The date it looks at is Thursday 8 January 2026 at 09:00 CET (call is overdue).",
    ),
    "question": (
        at(paused("goal", QUESTION, run_of(QUESTION, "waiting"), waiting_until=LATER)),
        f"The execution waits until {UNTIL} at the latest for the answer to what step q (ask the first number: How many?) asked"
        " by text.",
    ),
    "endless goal": (
        at(paused("goal", GOAL, run_of(GOAL, "waiting"))),
        f"The execution waits for as long as it takes for what step booked ({step_of(GOAL).summary()}) names to happen.",
    ),
    "error": (
        at(paused("error", CALL, run_of(CALL, "failed", error=ERROR))),
        f"The execution is paused since {SINCE}, as step call (GET http://example.org) failed: The server answered 404."
        " Mend the cause and resume it to run the step again, skip the step, or cancel it.",
    ),
    "stopped with an error": (
        at(paused("error", stop("end", "pause_with_error"), run_of(stop("end", "pause_with_error")), reason="No budget")),
        f"Step end (pause with error) stopped the execution with an error on {SINCE}: No budget."
        " Resume it to go on after the step, or cancel it.",
    ),
    "condition_error": (
        at(paused("condition_error", UNDECIDED, run_of(UNDECIDED, "failed", error=ERROR))),
        f"The execution is paused since {SINCE}, as step big ({step_of(UNDECIDED).summary()}) could not be decided:"
        " The server answered 404. Skip the step with the path to take, yes or no, or cancel the execution.",
    ),
    "manual": (
        at(paused("manual", CALL, reason="paused by ada@example.com: lunch"), asked=[ADA]),
        f"The execution was paused by ada@example.com on {SINCE}: lunch. It stands at step call (GET http://example.org)."
        " Resume it to let it go on.",
    ),
    "manual over a wait": (
        at(paused("manual", REST, waiting_until=LATER, reason="paused by a person")),
        f"The execution is paused by a person. It stands at step rest (2 days at 09:00); its wait goes on"
        f" meanwhile, until {UNTIL}. Resume it to let it go on.",
    ),
    "automation": (
        at(paused("automation", stop("end", "pause"), run_of(stop("end", "pause")), reason="stopped by step end")),
        f"Step end (pause) paused the execution on {SINCE}: stopped by step end. Resume it to go on after the step.",
    ),
    "kill_switch": (
        at(paused("kill_switch", CALL, run_of(CALL, "held"), switch=SWITCH)),
        f"The execution is held before step call (GET http://example.org) since {SINCE} by the kill switch for automation demo,"
        f" which bob@example.com set on {SINCE}: mails twice. It goes on by itself once the switch is lifted.",
    ),
    "kill switch just lifted": (
        at(paused("kill_switch", CALL, run_of(CALL, "held"), switch=replace(SWITCH, lifted_by="ada", lifted_at=NOON))),
        f"The execution is held before step call (GET http://example.org) since {SINCE} by the kill switch for automation demo,"
        f" which bob@example.com set on {SINCE}: mails twice. It was lifted by ada on {SINCE} and goes on in a moment.",
    ),
    "pause asked for": (
        at(lane(CALL, run_of(CALL, "running")), request=Request(id="x", kind="pause", by="ada@example.com", why="lunch")),
        "A pause was asked for by ada@example.com: lunch. It takes effect as soon as the running step has finished."
        f" The execution is running step call (GET http://example.org) since {SINCE}.",
    ),
    "cancel asked for": (
        at(
            paused("delay", REST, waiting_until=LATER),
            request=Request(id="x", kind="cancel"),
            asked=[replace(ADA, kind="cancel", by="", why="")],
        ),
        f"A cancel was asked for by somebody on {SINCE}. It ends in a moment."
        f" The execution waits until {UNTIL} at step rest (2 days at 09:00).",
    ),
    "deleted step": (
        at(LaneFacts("", Standing(state="paused", pause_reason="delay", step="gone", revision=1, waiting_until=LATER))),
        f"The execution waits until {UNTIL} at step gone.",
    ),
}

FAILED = run_of(CALL, "failed", error=ERROR, attempt=5)
OVER: dict[str, tuple[Facts, str]] = {
    "completed": (over("completed"), f"The execution completed on {SINCE} after 3 step runs."),
    "completed by a step": (
        over("completed", steps_run=1, reason="stopped by step end"),
        f"The execution completed on {SINCE} after 1 step run: stopped by step end.",
    ),
    "completed with failures": (
        over("completed", warning="Nothing is left", steps_failed=2, failed=[FAILED, replace(FAILED, step="mail")]),
        f"The execution completed on {SINCE} after 3 step runs. Warning: Nothing is left."
        " 2 step runs did not succeed: call, mail.",
    ),
    "canceled by a person": (
        over("canceled", cancel_reason="person", asked=[replace(ADA, kind="cancel")]),
        f"The execution was canceled by ada@example.com on {SINCE}: lunch.",
    ),
    "canceled by an unlogged person": (
        over("canceled", cancel_reason="person", reason="canceled by ada: lunch"),
        f"The execution ended on {SINCE}: canceled by ada: lunch.",
    ),
    "canceled by a step": (
        over("canceled", cancel_reason="step", reason="not wanted", last=run_of(stop("end", "cancel"))),
        f"Step end canceled the execution on {SINCE}: not wanted.",
    ),
    "record archived": (
        over("canceled", cancel_reason="record_archived"),
        f"The execution was canceled on {SINCE}, as its record was archived.",
    ),
    "canceled by a switch": (
        over("canceled", cancel_reason="kill_switch", reason="Canceled by the kill switch for everything"),
        f"The execution ended on {SINCE}: canceled by the kill switch for everything.",
    ),
    "canceled in Temporal": (
        over("canceled", cancel_reason="temporal", reason="canceled by Temporal"),
        f"The execution ended on {SINCE}: canceled by Temporal. That was asked for in Temporal, or its workflow was lost there.",
    ),
    "failed": (
        over("failed", reason="The server answered 404", last=FAILED, failed=[FAILED]),
        f"The execution failed on {SINCE}, as step call failed 5 times, the last time with: The server answered 404."
        " Mend the cause and restart it from step call.",
    ),
    "failed by a step": (
        over("failed", reason="No budget", last=run_of(stop("end", "fail"), output={"reason": "No budget"})),
        f"Step end ended the execution as failed on {SINCE}: No budget. Mend the cause and restart it from step end.",
    ),
    "failed by a limit": (
        over("failed", reason="more than 10,000 step runs", last=FAILED),
        f"The execution failed on {SINCE}: more than 10,000 step runs. Mend the cause and restart it from step call.",
    ),
    "failed before its first step": (
        over("failed", reason="gone", steps_run=0),
        f"The execution failed on {SINCE}: gone. Mend the cause and start it again.",
    ),
}


@pytest.mark.parametrize(("facts", "sentence"), (OPEN | OVER).values(), ids=OPEN | OVER)
def test_every_state_is_told_in_plain_words(facts: Facts, sentence: str) -> None:
    found = explain(facts)
    assert found.sentence == sentence
    assert found.facts["state"] == facts.state


def test_every_reason_of_a_pause_or_a_cancel_is_among_them() -> None:
    told = {lane.standing.pause_reason for facts, _ in OPEN.values() for lane in facts.lanes} - {None}
    assert told == set(get_args(PauseReason))
    assert {facts.cancel_reason for facts, _ in OVER.values()} - {None} == set(get_args(CancelReason))


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("delay", {"step": "rest", "does": "2 days at 09:00", "until": "2026-01-07T12:00:00+00:00"}),
        ("delay", {"until_local": "2026-01-07T13:00:00+01:00", "timezone": "Europe/Berlin", "can": ["pause", "cancel", "skip"]}),
        ("goal", {"timeout": {"days": 14}, "triggers": GOAL["triggers"]}),
        ("goal that waits for dates", {"until": LATER.isoformat(), "timeout_at": None, "moments": DATES}),
        ("goal with a date before its time is up", {"until": NOON.isoformat(), "timeout_at": LATER.isoformat()}),
        ("error", {"code": "http_not_found", "problem": "The server answered 404", "can": ["resume", "cancel", "skip"]}),
        ("retrying", {"attempt": 2, "attempts": 5, "code": "http_not_found", "retry_at": "2026-01-05T12:00:30+00:00"}),
        ("condition_error", {"paths": ["yes", "no"], "can": ["cancel", "skip"]}),
        ("manual", {"by": "ada@example.com", "why": "lunch", "since": NOON.isoformat(), "can": ["resume", "cancel"]}),
        ("kill_switch", {"switch": SWITCH.name, "by": "bob@example.com", "why": "mails twice", "can": ["cancel"]}),
        ("pause asked for", {"requested": {"kind": "pause", "by": "ada@example.com", "why": "lunch"}}),
        ("completed with failures", {"steps_failed": 2, "warning": "Nothing is left", "can": ["restart"]}),
        ("failed", {"step": "call", "attempts": 5, "code": "http_not_found"}),
        ("canceled by a person", {"cancel_reason": "person", "by": "ada@example.com", "why": "lunch"}),
    ],
)
def test_the_facts_say_it_to_a_program(name: str, found: Json) -> None:
    facts = explain((OPEN | OVER)[name][0]).facts
    assert {key: facts.get(key) for key in found} == found


def test_a_delay_names_the_value_that_it_was_told_by() -> None:
    run = run_of(REST, "waiting", used=[{"ref": "delay", "found": "3"}])
    assert explain(at(paused("delay", REST, run, waiting_until=LATER))).facts["given"] == "3"


def test_of_several_lanes_the_most_urgent_one_is_told_and_each_is_explained() -> None:
    lanes = [
        paused("delay", REST, lane="fork:a", waiting_until=LATER),
        lane(CALL, lane="fork:b"),
        paused("error", mail("tell"), run_of(mail("tell"), "failed", error=ERROR), lane="fork:c"),
    ]
    found = explain(at(*lanes, state="active"))
    assert found.sentence.startswith(f"Lane fork:c is paused since {SINCE}, as step tell")
    assert found.sentence.endswith("2 more lanes are under way.")
    assert found.facts["state"] == "active"
    assert [(each["lane"], each["step"]) for each in found.facts["lanes"]] == [
        ("fork:c", "tell"),
        ("fork:b", "call"),
        ("fork:a", "rest"),
    ]
    assert found.facts["lanes"][2]["sentence"] == f"Lane fork:a waits until {UNTIL} at step rest (2 days at 09:00)."
    assert explain(at(*lanes[:2])).sentence.endswith("1 more lane is under way.")


def test_what_was_taken_up_again_says_as_what() -> None:
    new, old = UUID(int=1), UUID(int=2)
    found = explain(over("completed", restarted_as=[new], restarted_from=old))
    assert found.sentence.endswith(f"It was taken up again as {new}.")
    assert (found.facts["restarted_from"], found.facts["restarted_as"]) == (str(old), [str(new)])


def test_moments_are_told_in_the_timezone_of_the_business() -> None:
    facts = replace(OPEN["delay"][0], zone=ZoneInfo("America/New_York"))
    assert "Wednesday 7 January 2026 at 07:00 EST" in explain(facts).sentence


def test_what_somebody_said_at_length_is_cut() -> None:
    found = explain(over("canceled", asked=[replace(ADA, kind="cancel", why="x" * 10_000)]))
    assert len(found.sentence) < 1_000
    assert found.sentence.endswith("x…")
