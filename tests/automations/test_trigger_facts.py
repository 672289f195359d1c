"""What sources and templates read of the event that started an execution."""

from typing import Any

import pytest
from pydantic import ValidationError

from automations.sources import TriggerSource
from automations.templates import render
from automations.trigger_facts import fact_of, facts_of

CHANGED = {"type": "field_updated", "event_at": "2026-03-01T09:00:00+00:00", "field": "status", "old": None, "new": "Open"}
CALLED = {"type": "activity_logged", "activity": {"type": "call", "note": "He is in."}}
ASKED = {"type": "form_submitted", "form": "demo", "values": {"seats": 5}}


@pytest.mark.parametrize(
    ("trigger", "fact", "found"),
    [
        (CHANGED, "time", "2026-03-01T09:00:00+00:00"),
        (CHANGED, "new", "Open"),
        (CHANGED, "old", None),
        (CHANGED, "activity.note", None),
        (CALLED, "activity.note", "He is in."),
        (CALLED, "activity.due_at", None),
        (CALLED, "new", None),
        (ASKED, "values.seats", 5),
        (ASKED, "values.places", None),
        (ASKED, "form", "demo"),
        ({"type": "text_received", "from": "+4915112345678", "body": "Yes"}, "from", "+4915112345678"),
        (ASKED, "body", None),
        ({"type": "manual"}, "values.seats", None),
    ],
)
def test_a_fact_is_blank_where_another_kind_of_event_started_the_execution(
    trigger: dict[str, Any], fact: str, found: Any
) -> None:
    assert fact_of(trigger, TriggerSource(trigger=fact).trigger) == found


@pytest.mark.parametrize("fact", ["", "tomorrow", "activity", "activity.colour", "values", "values.", "values.a.b", 5])
def test_a_fact_that_no_event_has_is_refused(fact: Any) -> None:
    with pytest.raises(ValidationError, match="time, old, new"):
        TriggerSource(trigger=fact)


def test_templates_read_the_same_and_nothing_where_it_is_blank() -> None:
    text = "{{ trigger.activity.note }}/{{ trigger.new }}/{{ trigger.form }}"
    assert render(text, {"trigger": facts_of(CALLED)}) == "He is in.//"
    assert render(text, {"trigger": facts_of(CHANGED)}) == "/Open/"
