"""Why a trigger started executions or did not, and what stands in its way now."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from automations.evaluation import Reason
from automations.event_triggers import Event
from automations.explain.events import happened, in_words, later
from automations.explain.words import because, capital, moment, told
from automations.triggers import AnyTrigger, ManualTrigger

_REASONS: dict[Reason, str] = {
    "skipped": "the trigger was skipped",
    "inactive": "the automation was not active",
    "before_activation": "the trigger did not listen yet",
    "no_record": "there was no record to work on",
    "filtered": "it did not fit",
    "killed": "a kill switch stood in the way",
    "loop": "its chain of executions was at its end",
    "throttled": "the trigger was quiet",
    "duplicate": "it had been told of before",
    "error": "the trigger is broken",
    "unreadable": "it waits for a worker of a newer release",
}


@dataclass(frozen=True)
class Evaluated:
    """An event that the trigger answered. `payload` is None where it is too large to be shown."""

    kind: str
    payload: Mapping[str, Any] | None
    event_at: datetime
    evaluated_at: datetime
    reason: Reason | None
    detail: str | None
    execution_id: object | None


@dataclass(frozen=True)
class Waiting:
    """Events that the relay has not come to yet: all, and those of a kind that the trigger listens to.

    Of these so many were `set_aside` as they could not be evaluated; `problem` is that of the first.
    """

    in_all: int = 0
    of_trigger: int = 0
    oldest_at: datetime | None = None
    set_aside: int = 0
    problem: str = ""


@dataclass(frozen=True)
class AskedRecord:
    """The record that is asked about. `last` is its last event of a kind that the trigger listens to."""

    name: str
    is_archived: bool = False
    is_of_another_object: bool = False
    last: Event | None = None
    last_at: datetime | None = None


@dataclass(frozen=True)
class Planned:
    """When a trigger that goes by time is due next; `why_none` or what went wrong with it."""

    times: Sequence[datetime] = ()
    why_none: str = ""
    problem: str = ""


@dataclass(frozen=True)
class TriggerFacts:
    """One trigger, asked about at `now`. Times are aware, and told in `zone`, that of the business.

    `since` is when it began to listen, `evaluated` is newest first. `broken` and `switch` say why nothing can start, `held` by
    which switch what starts is held.
    """

    trigger: AnyTrigger
    zone: ZoneInfo
    now: datetime
    active: bool
    since: datetime | None = None
    evaluated: Sequence[Evaluated] = ()
    waiting: Waiting = Waiting()
    record: AskedRecord | None = None
    planned: Planned | None = None
    broken: str = ""
    switch: str = ""
    held: str = ""

    @property
    def field(self) -> str | None:
        return getattr(self.trigger, "field", None)


class Obstacle(NamedTuple):
    """What keeps the trigger from starting something now; the code never changes."""

    code: str
    sentence: str


def explain_trigger(facts: TriggerFacts) -> str:
    """Why it did or did not fire the last time, and what is to be known of the next time."""
    last = _last(facts)
    standing = (obstacle.sentence for obstacle in obstacles(facts) if obstacle.sentence not in last)
    return " ".join([last, *standing, *_coming(facts)])


def _last(facts: TriggerFacts) -> str:
    if facts.evaluated:
        return explain_evaluation(facts.evaluated[0], facts.field, facts.zone)
    if isinstance(facts.trigger, ManualTrigger):
        return "Nothing starts it by itself: it is for starts by hand and by API."
    what = f"{facts.trigger.id} ({facts.trigger.summary()})"
    of_record = f" of {facts.record.name}" if facts.record else ""
    since = f" since {moment(facts.since, facts.zone)}, when it began to listen" if facts.since else ""
    return f"Trigger {what} has answered no event{of_record}{since}.{_near(facts)}"


def _near(facts: TriggerFacts) -> str:
    """The last event that it might have answered."""
    record = facts.record
    if record is None or record.last is None or record.last_at is None:
        return " There was none that it listens to." if not facts.waiting.of_trigger else ""
    before = ", before it listened" if facts.since and record.last_at < facts.since else ""
    return f" The last of its kind was on {moment(record.last_at, facts.zone)}{before}: {happened(record.last, facts.field)}."


def explain_evaluation(evaluated: Evaluated, field: str | None, zone: ZoneInfo) -> str:
    """What happened, when, and what the trigger made of it. Of several changed fields `field` is meant."""
    what = happened(Event(evaluated.kind, evaluated.payload or {}), field) if evaluated.payload is not None else evaluated.kind
    said = f"On {moment(evaluated.event_at, zone)} {what} (evaluated {later(evaluated.event_at, evaluated.evaluated_at)});"
    if evaluated.reason is None:
        return f"{said} the trigger started execution {evaluated.execution_id}."
    return f"{said} nothing was started, as {_REASONS.get(evaluated.reason, evaluated.reason)}{because(evaluated.detail or '')}"


def obstacles(facts: TriggerFacts) -> list[Obstacle]:
    """The most lasting ones first; none if the next event that fits starts an execution."""
    return list(_obstacles(facts))


def _obstacles(facts: TriggerFacts) -> Iterator[Obstacle]:
    if not facts.active:
        yield Obstacle("inactive", "The automation is not active now: activate it to let it listen.")
    if facts.trigger.skip:
        yield Obstacle("skipped", "The trigger is marked as skipped.")
    yield from _of_record(facts.record)
    yield from _of_switches(facts)
    if facts.broken:
        yield Obstacle("broken_trigger", f"It could not be answered since the automation was saved: {told(facts.broken)}")
    if facts.planned and facts.planned.problem:
        yield Obstacle("schedule_problem", f"Its schedule is not in force: {told(facts.planned.problem)}")
    if facts.waiting.of_trigger:
        yield Obstacle("waiting", _waiting(facts))
    if facts.waiting.set_aside:
        yield Obstacle("set_aside", _set_aside(facts.waiting))


def _of_record(record: AskedRecord | None) -> Iterator[Obstacle]:
    if record and record.is_of_another_object:
        yield Obstacle("other_object", f"{record.name} is a record of another object than the automation's.")
    if record and record.is_archived:
        yield Obstacle("record_archived", f"{record.name} is archived: nothing starts for it.")


def _of_switches(facts: TriggerFacts) -> Iterator[Obstacle]:
    if facts.switch:
        yield Obstacle("killed", f"Starts are stopped by {told(facts.switch)}")
    if facts.held:
        yield Obstacle("held", f"What it starts is held until this is lifted: {told(facts.held)}")


def _waiting(facts: TriggerFacts) -> str:
    count, oldest_at = facts.waiting.of_trigger, facts.waiting.oldest_at
    are = "1 event of a kind that it listens to waits" if count == 1 else f"{count:,} events of kinds that it listens to wait"
    oldest = f" The oldest of these happened {in_words(facts.now - oldest_at)} ago." if oldest_at else ""
    return f"{are} to be evaluated, of {facts.waiting.in_all:,} in all.{oldest}"


def _set_aside(waiting: Waiting) -> str:
    are = "1 of them was" if waiting.set_aside == 1 else f"{waiting.set_aside:,} of them were"
    return f"{are} set aside, as the evaluation failed, and will be tried again: {told(waiting.problem)}"


def _coming(facts: TriggerFacts) -> Iterator[str]:
    if facts.planned is None or facts.planned.problem:
        return
    times = [moment(at, facts.zone) for at in facts.planned.times]
    if times:
        yield f"It is due next on {'; then on '.join(times)}."
    elif facts.planned.why_none:
        yield capital(told(f"it is not due: {facts.planned.why_none}"))
