"""What events fit which triggers, whatever the events say."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue, TypeAdapter

from automations import event_triggers
from automations.errors import FieldValueError
from automations.event_triggers import Event, EventTrigger, Listen
from automations.event_triggers.outside import is_like
from automations.event_triggers.states import fits, settled_state
from automations.field_values import field_value
from automations.fields import ObjectDefinition
from automations.operators import is_match, operand
from automations.triggers import AnyRecordTrigger
from tests.builders import Json

TRIGGER: TypeAdapter[AnyRecordTrigger] = TypeAdapter(AnyRecordTrigger)
LEAD = ObjectDefinition.model_validate(
    {
        "api_name": "lead",
        "name": "Lead",
        "fields": [
            {"name": "text", "type": "text"},
            {"name": "integer", "type": "integer"},
            {"name": "decimal", "type": "decimal"},
            {"name": "money", "type": "money"},
            {"name": "date", "type": "date"},
            {"name": "datetime", "type": "datetime"},
            {"name": "dropdown", "type": "dropdown", "options": ["DE", "AT"]},
            {"name": "yes_no", "type": "yes_no"},
            {"name": "tags", "type": "tags"},
        ],
        "stages": ["New", "Won"],
    }
)

NAMES = ("status", "labels", "url", "x")
WORDS = st.sampled_from(["demo", "Demo", "vip", "call", "clicked", "nan", "sNaN", "Infinity", "7", "https://example.com/a"])
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | WORDS | st.text(max_size=5)
JSON: st.SearchStrategy[Any] = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=3), max_leaves=6
)
PARTS = st.dictionaries(st.sampled_from(NAMES), JSON, max_size=4)
PAYLOADS = st.fixed_dictionaries(
    {},
    optional={
        "old": PARTS | JSON,
        "new": PARTS | JSON,
        "activity": st.fixed_dictionaries({}, optional={"type": WORDS | JSON, "id": JSON}) | JSON,
        **dict.fromkeys(("form", "survey", "event", "message", "link", "url", "values", "field", "value", "body"), WORDS | JSON),
    },
)
KINDS = st.sampled_from(
    [
        "record_created", "record_unarchived", "field_updated", "stage_updated", "activity_logged", "activity_completed",
        "activity_scheduled", "form_submitted", "survey_submitted", "email_event", "text_received", "website_visited",
        "date_reached", "activity_overdue",
    ]
)  # fmt: skip
EVENTS = st.builds(Event, KINDS, PAYLOADS)

STATES = st.sampled_from(["any", "blank", "not_blank", "Demo", 5, {"value": "any"}]) | st.sampled_from(
    ["contains_any", "contains_none"]
).flatmap(lambda key: st.lists(WORDS, min_size=1).map(lambda values: {key: values}))
AFTER = (
    STATES
    | st.sampled_from([{"between": ["1", "9"]}, {"between": ["nan", "sNaN"]}])
    | st.lists(WORDS, min_size=1).flatmap(lambda values: st.sampled_from([{"added": values}, {"removed": values}]))
)


def said(type: str, **options: Any) -> st.SearchStrategy[Json]:
    """Options that are left out or come from a strategy."""
    return st.fixed_dictionaries({"type": st.just(type), "id": st.just("t")}, optional=options)


def with_field(type: str, **options: Any) -> st.SearchStrategy[Json]:
    return st.builds(lambda raw, field: {**raw, "field": field}, said(type, **options), st.sampled_from(NAMES))


TRIGGERS: st.SearchStrategy[AnyRecordTrigger] = st.one_of(
    said("record_created", action=st.sampled_from(["create", "create_or_unarchive", "unarchive"])),
    with_field("field_updated", to=AFTER, fire_on_create=st.booleans(), **{"from": STATES}),
    said("stage_updated", to=WORDS, fire_on_create=st.booleans(), **{"from": WORDS}),
    with_field("tag_added", tag=WORDS),
    with_field("tag_removed", tag=WORDS),
    said("activity_logged", activity_type=st.sampled_from(["call", "demo"])),
    said("form_submitted", form=WORDS),
    said("survey_submitted", survey=WORDS),
    said("email_event", message=WORDS, link=st.sampled_from(["*", "https://*", "demo"])).map(
        lambda raw: {**raw, "event": "clicked"}
    ),
    said("text_received", contains=st.lists(WORDS, min_size=1)),
    said("website_visited").map(lambda raw: {**raw, "url": "https://*.com/*"}),
    with_field("on_or_around_date"),
    said("activity_overdue", activity_type=st.just("call")),
).map(TRIGGER.validate_python)


def listens_to(trigger: EventTrigger, event: Event) -> bool:
    """As the relay finds it."""
    return bool(trigger.listens() & {Listen(event.kind, key) for key in event.keys})


@given(TRIGGERS, EVENTS)
def test_every_trigger_answers_every_event(trigger: AnyRecordTrigger, event: Event) -> None:
    answer = trigger.mismatch(event)
    assert answer is None or answer.endswith(".")
    assert trigger.summary()
    assert isinstance(trigger.told(event), dict)
    assert all(isinstance(key, str) for key in event.keys)


def concerns(trigger: Any, event: Event) -> bool:
    """What triggers are to listen to, said another way."""
    told, kind = event.payload, event.kind
    match trigger.type:
        case "record_created":
            kinds = {"create": ["record_created"], "unarchive": ["record_unarchived"]}
            return kind in kinds.get(trigger.action, ["record_created", "record_unarchived"])
        case "field_updated" | "tag_added" | "tag_removed":
            is_new = kind == "record_created" and getattr(trigger, "fire_on_create", False)
            return is_new or (kind == "field_updated" and trigger.field in event.part("new"))
        case "stage_updated":
            return kind == "stage_updated" or (kind == "record_created" and trigger.fire_on_create)
        case "activity_logged":
            is_type = trigger.activity_type in (None, event.part("activity").get("type"))
            return kind in ("activity_logged", "activity_completed") and is_type
        case "form_submitted":
            return kind == "form_submitted" and trigger.form in (None, told.get("form"))
        case "survey_submitted":
            return kind == "survey_submitted" and trigger.survey in (None, told.get("survey"))
        case "email_event":
            return kind == "email_event" and told.get("event") == trigger.event
        case "on_or_around_date":
            return kind == "date_reached"
        case _:
            return kind == trigger.type


TOLD = st.fixed_dictionaries(
    {},
    optional={
        "old": PARTS,
        "new": PARTS,
        "activity": st.fixed_dictionaries({"type": st.sampled_from(["call", "demo", "meeting"])}),
    },
)
WELL_FORMED = (
    st.builds(Event, KINDS.filter(lambda kind: kind not in ("form_submitted", "survey_submitted", "email_event")), TOLD)
    | st.builds(lambda form: Event("form_submitted", {"form": form}), WORDS)
    | st.builds(lambda survey: Event("survey_submitted", {"survey": survey}), WORDS)
    | st.builds(lambda event: Event("email_event", {"event": event}), WORDS)
)


@given(TRIGGERS, WELL_FORMED)
def test_a_trigger_listens_to_what_concerns_it_and_to_nothing_else(trigger: AnyRecordTrigger, event: Event) -> None:
    assert listens_to(trigger, event) == concerns(trigger, event)


@given(JSON, st.lists(WORDS, min_size=1))
def test_contains_none_is_the_opposite_of_contains_any(found: JsonValue, values: list[JsonValue]) -> None:
    assert fits({"contains_any": values}, found) != fits({"contains_none": values}, found)


@given(JSON)
def test_blank_is_the_opposite_of_not_blank_and_any_is_all(found: JsonValue) -> None:
    assert fits("blank", found) != fits("not_blank", found)
    assert fits("any", found)


LISTS = st.lists(WORDS, unique=True)


@given(LISTS, LISTS, st.lists(WORDS, min_size=1))
def test_added_and_removed_are_the_differences_of_sets(old: list[Any], new: list[Any], values: list[Any]) -> None:
    assert fits({"added": values}, new, old) == bool((set(new) - set(old)) & set(values))
    assert fits({"removed": values}, new, old) == bool((set(old) - set(new)) & set(values))
    assert fits({"removed": values}, new, old) == fits({"added": values}, old, new)
    assert not fits({"added": values}, new, new)


@given(LISTS, LISTS, st.lists(WORDS, min_size=1))
def test_a_tag_that_is_added_one_way_is_removed_the_other_way(old: list[Any], new: list[Any], tags: list[Any]) -> None:
    there, back = (Event("field_updated", {"old": {"labels": a}, "new": {"labels": b}}) for a, b in ((old, new), (new, old)))
    for tag in (None, *tags):
        added, removed = ({"id": "t", "type": type, "field": "labels", "tag": tag} for type in ("tag_added", "tag_removed"))
        fired = TRIGGER.validate_python(added).mismatch(there) is None
        assert fired == (TRIGGER.validate_python(removed).mismatch(back) is None)
        assert fired == (bool(set(new) - set(old)) if tag is None else tag in set(new) - set(old))


VALUES: dict[str, st.SearchStrategy[Any]] = {
    "text": st.text(alphabet="aAbB ß7.0İ", min_size=1, max_size=4).filter(str.strip),
    "integer": st.integers(-3, 3) | st.integers(-3, 3).map(str),
    "decimal": st.decimals(-2, 2, places=2) | st.sampled_from(["1", "1.0", "1.00", 1, 1.5, "1.50"]),
    "money": st.decimals(-2, 2, places=2) | st.sampled_from(["1", "1.0", "1.00", 1, 1.5, "1.50"]),
    "date": st.dates().map(str) | st.sampled_from(["2026-03-01", "2026-03-02"]),
    "datetime": st.sampled_from(["2026-03-01T09:00:00+01:00", "2026-03-01T08:00:00Z", "2026-03-01T08:00:00.5Z"]),
    "dropdown": st.sampled_from(["DE", "AT"]),
    "yes_no": st.booleans() | st.sampled_from(["true", "false"]),
    "tags": LISTS.filter(bool),
}


def canonical(type: str, raw: Any) -> JsonValue:
    field = LEAD.field(type)
    assert field
    return field_value(field, raw)


def settled(type: str, state: Any) -> JsonValue:
    return settled_state(state, type, LEAD)


@pytest.mark.parametrize("type", [type for type in VALUES if type != "tags"])
@given(data=st.data())
def test_a_value_equals_what_the_filter_calls_equal(type: str, data: st.DataObject) -> None:
    found, wanted = data.draw(VALUES[type]), data.draw(VALUES[type])
    try:
        held, state = canonical(type, found), settled(type, {"value": wanted})
    except FieldValueError:
        return
    assert fits(state, held) == is_match(type, "=", held, operand(type, "=", wanted))


@given(LISTS, LISTS.filter(bool))
def test_a_list_contains_what_the_filter_says_it_has(found: list[Any], wanted: list[Any]) -> None:
    held = canonical("tags", found)
    assert fits(settled("tags", {"contains_any": wanted}), held) == is_match(
        "tags", "has_any", held, operand("tags", "has_any", wanted)
    )
    assert fits(settled("tags", {"value": wanted}), held) == (set(found) == set(wanted))


@given(VALUES["text"], st.lists(VALUES["text"], min_size=1))
def test_a_text_contains_what_the_filter_says_it_contains(found: str, wanted: list[Any]) -> None:
    held = canonical("text", found)
    parts = [is_match("text", "contains", held, operand("text", "contains", each)) for each in wanted]
    assert fits({"contains_any": wanted}, held) == any(parts)


@pytest.mark.parametrize("type", ["integer", "decimal", "money", "date", "datetime"])
@given(data=st.data())
def test_between_is_what_the_filter_calls_between(type: str, data: st.DataObject) -> None:
    found, *ends = (data.draw(VALUES[type]) for _ in range(3))
    low, high = sorted(ends, key=lambda end: operand(type, "=", end))
    held = canonical(type, found)
    assert fits(settled(type, {"between": [low, high]}), held) == is_match(
        type, "between", held, operand(type, "between", [low, high])
    )


ADDRESSES = st.text(alphabet="aB/.?", max_size=8)


@given(st.lists(ADDRESSES, min_size=1, max_size=4).map("*".join), ADDRESSES)
def test_a_star_stands_for_anything(pattern: str, url: str) -> None:
    ways = [(pattern, url), (pattern.rstrip("/"), url.rstrip("/"))]
    found = [re.fullmatch(".*".join(map(re.escape, a.split("*"))), b, re.IGNORECASE) for a, b in ways]
    assert is_like(pattern, url) == any(found)


@given(st.lists(ADDRESSES, min_size=1, max_size=5), st.data())
def test_an_address_is_like_itself_with_stars_for_some_of_it(parts: list[str], data: st.DataObject) -> None:
    pattern = "".join(data.draw(st.sampled_from([part, "*"])) for part in parts)
    assert is_like(pattern.upper(), "".join(parts))


def test_a_long_address_with_many_stars_is_answered() -> None:
    """A regular expression would try for years."""
    assert not is_like("*".join("a" * 1000) + "b*c", "a" * 4000)
    assert is_like("*".join("a" * 1000), "a" * 4000)


@pytest.mark.parametrize(("ends", "is_said"), [([9, 5], True), ([5, 9], False), ([5, 5], False), (["10", "9"], True)])
def test_between_takes_the_lower_value_first(ends: list[Any], is_said: bool) -> None:
    lead = ObjectDefinition.model_validate({"api_name": "lead", "name": "Lead", "fields": [{"name": "seats", "type": "integer"}]})
    trigger = event_triggers.FieldUpdated.model_validate({"field": "seats", "to": {"between": ends}})
    found = [finding.sentence for finding in trigger.unfit(lead)]
    assert found == (["between takes the lower value first."] if is_said else [])
