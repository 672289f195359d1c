"""What happened elsewhere to the person behind a record: a form sent in, a mail opened, a text received, a page visited.

To add a kind: its model here, a trigger that listens to it in `event_triggers`, its test.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal, Self, cast, get_args

from pydantic import Field, JsonValue, StringConstraints, TypeAdapter, ValidationError, model_validator
from pydantic_core import to_json

from automations import scalars
from automations.error_paths import problems_of
from automations.event_triggers.outside import Called, EmailEventName
from automations.inputs import EmailAddress, Id, Moment, PhoneNumber
from automations.model import Model, Name
from automations.problems import Problem, at

MAX_EVENTS = 500
"""Told of at once."""
EVENT_BYTES = 64 * 1024
AHEAD = timedelta(minutes=5)
"""How far clocks may differ."""
LATE = timedelta(days=7)
"""For as long is kept when triggers fired, and so which events their quiet windows take in."""
_NESTING = 50
_MISTAKES = 20

TellId = Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=r"\S")]
"""By what a sender knows an event again."""

Address = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4_000)]


class RecordKey(Model):
    """The record that an event is about, by its id, by an address in any of its email fields, or by its name."""

    object: Name
    id: Id | None = None
    email: EmailAddress | None = None
    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=scalars.ITEM_LIMIT)] | None = None

    @model_validator(mode="after")
    def _is_one_way(self) -> Self:
        if sum(way is not None for way in (self.id, self.email, self.name)) != 1:
            raise ValueError("A record is named one way: by id, email or name.")
        return self

    def __str__(self) -> str:
        return f"{self.object} {self.id or self.email or self.name}"


class OutsideEvent(Model):
    """One event as a sender tells of it. The same `id` told twice is one event; without `event_at` it happens now."""

    kind: Any  # each kind narrows it to its own name
    id: TellId | None = None
    record: RecordKey
    event_at: Moment | None = None

    def payload(self) -> dict[str, Any]:
        """What the event says beside whom it concerns, and when."""
        return self.model_dump(mode="json", exclude={*OutsideEvent.model_fields}, exclude_none=True, by_alias=True)


class FormSubmission(OutsideEvent):
    kind: Literal["form_submitted"]
    form: Called
    values: dict[str, JsonValue] = {}


class SurveySubmission(OutsideEvent):
    kind: Literal["survey_submitted"]
    survey: Called
    values: dict[str, JsonValue] = {}


class MailEvent(OutsideEvent):
    """`message` names the mail, `link` is the one that was clicked."""

    kind: Literal["email_event"]
    event: EmailEventName
    message: Called | None = None
    link: Address | None = None


class TextEvent(OutsideEvent):
    """One that came in by another provider than ours. `to` is the number that it was sent to."""

    kind: Literal["text_received"]
    sender: PhoneNumber = Field(alias="from")
    to: PhoneNumber | None = None
    body: Annotated[str, StringConstraints(max_length=scalars.TEXT_LIMIT)] = ""


class WebsiteVisit(OutsideEvent):
    kind: Literal["website_visited"]
    url: Address


AnyOutsideEvent = FormSubmission | SurveySubmission | MailEvent | TextEvent | WebsiteVisit
OutsideEventUnion = Annotated[AnyOutsideEvent, Field(discriminator="kind")]

KINDS: dict[str, type[AnyOutsideEvent]] = {
    get_args(kind.model_fields["kind"].annotation)[0]: kind for kind in get_args(AnyOutsideEvent)
}


class Batch(Model):
    """Several events: all of them are kept, or none."""

    events: Annotated[list[OutsideEventUnion], Field(min_length=1, max_length=MAX_EVENTS)]


def events_schema(ref_template: str) -> dict[str, Any]:
    """The JSON Schema of what a sender sends; `ref_template` as pydantic takes it."""
    return TypeAdapter[Any](OutsideEventUnion | Batch).json_schema(ref_template=ref_template)


@dataclass(frozen=True)
class Reading:
    """What was read at a path; `event` is there if it could be read, and may be kept if there are no problems besides."""

    path: str
    event: AnyOutsideEvent | None = None
    problems: tuple[Problem, ...] = ()

    def with_problem(self, key: str, code: str, sentence: str) -> "Reading":
        return replace(self, problems=(*self.problems, Problem(path=at(self.path, key), code=code, sentence=sentence)))


def read_events(raw: object, now: datetime) -> list[Reading]:
    """From a JSON value, one event or `{"events": […]}`; never raises. What is wrong with the whole has a reading of its own."""
    if not (isinstance(raw, dict) and "events" in raw):
        return [_read(cast(object, raw), "", now)]
    given = cast(dict[str, Any], raw)
    if wrong := list(_wrong_with(given)):
        return [Reading("", problems=tuple(wrong))]
    events = cast(list[Any], given["events"])
    return [_read(each, at("events", index), now) for index, each in enumerate(events)]


def _wrong_with(batch: Mapping[str, Any]) -> Iterator[Problem]:
    for key in [key for key in batch if key != "events"][:_MISTAKES]:
        sentence = f"There is no key {key[:80]} beside events: each event says what it is by itself."
        yield Problem(path=key[:80], code="unknown_key", sentence=sentence)
    events = batch["events"]
    if not isinstance(events, list):
        yield Problem(path="events", code="invalid_value", sentence="It is a list.")
    elif not 1 <= len(cast(list[Any], events)) <= MAX_EVENTS:
        yield Problem(path="events", code="invalid_value", sentence=f"It has from 1 to {MAX_EVENTS} events.")


def _read(raw: object, path: str, now: datetime) -> Reading:
    if wrong := _unreadable(raw, path):
        return Reading(path, problems=(wrong,))
    kind = KINDS[cast(dict[str, Any], raw)["kind"]]
    try:
        event = kind.model_validate(raw)
    except ValidationError as error:
        return Reading(path, problems=tuple(_problems(error, raw, path, kind)))
    return _timely(Reading(path, event), event.event_at or now, now)


def _unreadable(raw: object, path: str) -> Problem | None:
    """Why there is no need, or no way, to look closer."""
    if not isinstance(raw, dict):
        return Problem(path=path, code="invalid_value", sentence="An event is an object with a kind.")
    given = cast(dict[str, Any], raw)
    if "kind" not in given:
        return Problem(path=at(path, "kind"), code="missing_key", sentence=f"An event has a kind: {', '.join(KINDS)}.")
    if given["kind"] not in list(KINDS):
        return Problem(path=at(path, "kind"), code="unknown_event_kind", sentence=f"It is one of: {', '.join(KINDS)}.")
    if flaw := _flaw(given, _NESTING):
        return Problem(path=path, code="invalid_value", sentence=flaw)
    if (size := len(to_json(given))) > EVENT_BYTES:
        return Problem(path=path, code="event_too_large", sentence=f"It has {size:,} bytes, more than {EVENT_BYTES:,}.")
    return None


def _flaw(value: object, depth: int) -> str | None:
    """What in a value cannot be kept, or cannot be read again."""
    match value:
        case float() if not math.isfinite(value):
            return "It holds a number that is none, as NaN or Infinity."
        case dict() | list() if depth == 0:
            return f"Its lists and objects stand more than {_NESTING} deep in each other."
        case dict() | list():
            items = cast(list[object], list(value.values()) if isinstance(value, dict) else value)  # pyright: ignore
            return next((flaw for item in items if (flaw := _flaw(item, depth - 1))), None)
        case _:
            return None


def _problems(error: ValidationError, raw: object, path: str, kind: type[OutsideEvent]) -> list[Problem]:
    if error.error_count() <= _MISTAKES:
        return problems_of(error, raw, path, kind)
    return [Problem(path=path, code="invalid_value", sentence=f"It has {error.error_count()} mistakes.")]


def _timely(reading: Reading, event_at: datetime, now: datetime) -> Reading:
    if event_at > now + AHEAD:
        minutes = AHEAD // timedelta(minutes=1)
        return reading.with_problem("event_at", "future_event", f"It is more than {minutes} minutes from now.")
    if event_at < now - LATE:
        return reading.with_problem("event_at", "event_too_old", f"It is more than {LATE.days} days ago.")
    return reading
