"""What a step reads beyond its own record."""

from typing import Any

import pytest

from automations.needs import step_needs
from automations.steps.variables import InitializeVariable
from tests.builders import STEP, Json, branch, condition, delay, mail, request, update, variable


def needs(step: Json) -> tuple[set[str], bool]:
    found = step_needs(STEP.validate_python(step))
    return set(found.relationships), found.body


COMPANY = {"related": "company.tier", "op": "is_blank"}


@pytest.mark.parametrize(
    ("step", "relationships", "body"),
    [
        (delay("a"), set(), False),
        (condition("a", **{"if": {"all": [{"any": [COMPANY]}, {"field": "x", "op": "is_blank"}]}}), {"company"}, False),
        (update("a", "x", {"field": "tier", "through": "company"}, {"field": "y"}), {"company"}, False),
        (update("a", "x", {"webhook": "form", "value": "y"}), set(), False),
        (update("a", "x", {"webhook": "form", "body": True}), set(), True),
        (update("a", "x", {"webhook": "form"}), set(), True),
        (update("a", "x", {"webhook": "form", "query": True}), set(), True),
        (update("a", "x", {"webhook": "form", "raw": True}), set(), True),
        (update("a", "x", {"static": "{{ trigger.body.y }}"}), set(), True),
        (update("a", "x", {"static": "{{ trigger.query.y }}"}), set(), True),
        (update("a", "x", {"static": "{{ trigger.raw }}"}), set(), True),
        (
            mail("a", subject="{{ record.owner.email }} {{ record.name }}", body="{{ record['parent'].x }}"),
            {"owner", "parent"},
            False,
        ),
        (request("a", json={"all": ["{{ trigger['body'] }}", "{{ record.company.tier }}"]}), {"company"}, True),
        (mail("a", subject="{% broken %}", body="{{ record.company.tier }}"), {"company"}, False),
    ],
)
def test_a_step_needs_what_it_names(step: Json, relationships: set[str], body: bool) -> None:
    assert needs(step) == (relationships, body)


def test_the_steps_below_have_needs_of_their_own() -> None:
    inner: Any = condition("b", **{"if": COMPANY})
    assert needs(condition("a", [inner], [mail("c", subject="{{ record.owner.email }}")])) == (set(), False)
    assert needs(branch("a", [inner], [mail("c", subject="{{ trigger.body.x }}")])) == (set(), False)


def test_a_variable_needs_what_its_sources_name() -> None:
    step = InitializeVariable.model_validate(
        variable("x", {"field": "tier", "through": "company"}, {"webhook": "f", "body": True})
    )
    assert step_needs(step).relationships == {"company"}
    assert step_needs(step).body


@pytest.mark.parametrize("text", ["{{ trigger.time }}", "{{ trigger.values.body }}", "body"])
def test_the_body_is_read_only_where_it_is_named(text: str) -> None:
    assert needs(mail("a", subject=text)) == (set(), False)
