"""What others tell of is read with all its mistakes, and never raises."""

import math
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from automations.outside_events import EVENT_BYTES, KINDS, MAX_EVENTS, Reading, read_events

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
FORM = {"kind": "form_submitted", "form": "demo", "record": {"object": "lead", "name": "Ada"}}


def read(**parts: Any) -> Reading:
    [reading] = read_events(FORM | parts, NOW)
    return reading


def problems(raw: object) -> list[tuple[str, str]]:
    return [(problem.path, problem.code) for reading in read_events(raw, NOW) for problem in reading.problems]


@pytest.mark.parametrize(
    ("parts", "payload"),
    [
        (
            {"kind": "form_submitted", "form": "demo", "values": {"seats": 5, "tags": ["a"]}},
            {"form": "demo", "values": {"seats": 5, "tags": ["a"]}},
        ),
        ({"kind": "form_submitted", "form": "demo"}, {"form": "demo", "values": {}}),
        ({"kind": "survey_submitted", "survey": "nps", "values": {"score": None}}, {"survey": "nps", "values": {"score": None}}),
        ({"kind": "email_event", "event": "opened"}, {"event": "opened"}),
        (
            {"kind": "email_event", "event": "clicked", "message": "Hello", "link": "https://example.com"},
            {"event": "clicked", "message": "Hello", "link": "https://example.com"},
        ),
        (
            {"kind": "text_received", "from": "+49 (151) 123-45678", "body": "Yes"},
            {"from": "+4915112345678", "body": "Yes"},
        ),
        ({"kind": "website_visited", "url": " https://example.com/pricing "}, {"url": "https://example.com/pricing"}),
    ],
)
def test_a_payload_says_what_the_kind_says(parts: dict[str, Any], payload: dict[str, Any]) -> None:
    raw = {"record": {"object": "lead", "name": "Ada"}, "id": "7", "event_at": "2026-03-01T08:00:00Z", **parts}
    [reading] = read_events(raw, NOW)
    assert reading.problems == ()
    assert reading.event
    assert (reading.event.kind, reading.event.payload(), reading.event.id) == (parts["kind"], payload, "7")


@pytest.mark.parametrize(
    ("event_at", "code"),
    [
        (NOW, None),
        (NOW + timedelta(minutes=5), None),
        (NOW + timedelta(minutes=5, microseconds=1), "future_event"),
        (NOW - timedelta(days=7), None),
        (NOW - timedelta(days=7, microseconds=1), "event_too_old"),
    ],
)
def test_an_event_is_of_the_last_seven_days(event_at: datetime, code: str | None) -> None:
    assert problems(FORM | {"event_at": event_at.isoformat()}) == ([("event_at", code)] if code else [])


@pytest.mark.parametrize("event_at", ["2026-03-01T09:00:00", "yesterday", 0, "0001-01-01T00:00:00+14:00", True])
def test_a_time_has_an_offset(event_at: object) -> None:
    assert problems(FORM | {"event_at": event_at}) == [("event_at", "invalid_value")]


@pytest.mark.parametrize(
    "record",
    [
        {"object": "lead"},
        {"object": "lead", "name": "Ada", "email": "ada@example.com"},
        {"object": "lead", "id": None},
    ],
)
def test_a_record_is_named_one_way(record: dict[str, Any]) -> None:
    assert problems(FORM | {"record": record}) == [("record", "invalid_value")]


def test_every_mistake_of_every_event_is_named_by_its_path() -> None:
    events = [
        FORM,
        {"kind": "email_event", "event": "read", "record": {"object": "lead", "email": "ada"}, "mesage": "x"},
        7,
        {"kind": "rained"},
        {},
        FORM | {"record": "ada"},
        {"kind": "website_visited", "record": {"object": "lead", "id": "7"}, "event_at": "2026-01-01T00:00:00Z"},
        FORM | {"event_at": "2026-01-01T00:00:00Z"},
    ]
    assert problems({"events": events}) == [
        ("events[1].record.email", "invalid_value"),
        ("events[1].event", "invalid_value"),
        ("events[1].mesage", "unknown_key"),
        ("events[2]", "invalid_value"),
        ("events[3].kind", "unknown_event_kind"),
        ("events[4].kind", "missing_key"),
        ("events[5].record", "invalid_value"),
        ("events[6].record.id", "invalid_value"),
        ("events[6].url", "missing_key"),
        ("events[7].event_at", "event_too_old"),
    ]


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        (None, ""),
        ([FORM], ""),
        ("x", ""),
        ({"events": []}, "events"),
        ({"events": {"0": FORM}}, "events"),
        ({"events": [FORM] * (MAX_EVENTS + 1)}, "events"),
    ],
)
def test_what_is_no_event_and_no_list_of_some_is_refused_as_a_whole(raw: object, path: str) -> None:
    assert problems(raw) == [(path, "invalid_value")]


def test_a_key_beside_the_events_would_say_nothing() -> None:
    assert problems({"events": [FORM], "kind": "form_submitted"}) == [("kind", "unknown_key")]


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, [{"x": math.nan}], nested(60), nested(900)])
def test_values_that_cannot_be_kept_are_refused(value: object) -> None:
    assert problems(FORM | {"values": {"x": value}}) == [("", "invalid_value")]


def test_an_event_has_a_size_that_it_may_have() -> None:
    room = EVENT_BYTES - len('{"kind":"form_submitted","form":"demo","record":{"object":"lead","name":"Ada"},"values":{"x":""}}')
    assert read(values={"x": "y" * room}).problems == ()
    assert problems(FORM | {"values": {"x": "y" * (room + 1)}}) == [("", "event_too_large")]


def test_mistakes_without_end_are_told_of_as_one() -> None:
    [problem] = read(**{f"key_{n}": 1 for n in range(1_000)}).problems
    assert (problem.path, problem.code, problem.sentence) == ("", "invalid_value", "It has 1000 mistakes.")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
KEYS = st.sampled_from(["kind", "id", "record", "event_at", "form", "survey", "values", "event", "message", "link", "url"])
EVENTS = st.dictionaries(KEYS, JSON | st.sampled_from([*KINDS, "opened", "2026-03-01T09:00:00Z"]) | st.just(FORM["record"]))


@given(st.one_of(JSON, EVENTS, st.builds(FORM.__or__, EVENTS), st.fixed_dictionaries({"events": JSON | st.lists(EVENTS)})))
def test_whatever_is_told_of_is_read_or_has_a_mistake_with_its_place(raw: object) -> None:
    for reading in read_events(raw, NOW):
        assert reading.event or reading.problems
        assert all(problem.sentence and problem.path.startswith(reading.path) for problem in reading.problems)
