"""Where the value of a variable or a field comes from."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from automations.sources import Source, describe_source, first_value, source_value

SOURCE: TypeAdapter[Source] = TypeAdapter(Source)


class Values:
    """Answers with what was asked, and keeps it."""

    def __init__(self, **known: Any) -> None:
        self.known = known
        self.asked: list[str] = []

    def _answer(self, key: str) -> Any:
        self.asked.append(key)
        return self.known.get(key)

    def field(self, name: str) -> Any:
        return self._answer(f"field_{name}")

    def related(self, relationship: str, name: str) -> Any:
        return self._answer(f"related_{relationship}_{name}")

    def variable(self, name: str) -> Any:
        return self._answer(f"variable_{name}")

    def field_of_variable(self, name: str, field: str) -> Any:
        return f"{field} of {name}"

    def webhook_value(self, webhook: str, value: str) -> Any:
        return self._answer(f"value_{webhook}_{value}")

    def webhook_part(self, webhook: str, part: str) -> Any:
        return self._answer(f"{part}_{webhook}")

    def trigger_fact(self, fact: str) -> str:
        return self._answer(fact)

    def render(self, text: str) -> str:
        return self._answer("rendered") or text


@pytest.mark.parametrize(
    ("raw", "asked", "says"),
    [
        ({"static": "{{ record.x }}"}, "rendered", "'{{ record.x }}'"),
        ({"field": "country"}, "field_country", "field country"),
        ({"field": "tier", "through": "company"}, "related_company_tier", "field company.tier"),
        ({"variable": "seats"}, "variable_seats", "variable seats"),
        ({"webhook": "form", "value": "seats"}, "value_form_seats", "webhook form"),
        ({"webhook": "form", "body": True}, "body_form", "webhook form"),
        ({"webhook": "form"}, "body_form", "webhook form"),
        ({"webhook": "form", "query": True}, "query_form", "webhook form"),
        ({"webhook": "form", "raw": True}, "raw_form", "webhook form"),
        ({"trigger": "time"}, "time", "trigger time"),
    ],
)
def test_each_source_asks_for_its_value(raw: Any, asked: str, says: str) -> None:
    values = Values(**{asked: "found"})
    source = SOURCE.validate_python(raw)
    assert source_value(source, values) == "found"
    assert values.asked == [asked]
    assert describe_source(source) == says
    assert SOURCE.validate_python(source) == source


@pytest.mark.parametrize("static", [5, True, None, [1, "{{ x }}"], {"a": 1}])
def test_a_static_value_that_is_no_text_is_what_it_is(static: Any) -> None:
    assert source_value(SOURCE.validate_python({"static": static}), Values()) == static


def test_the_first_value_that_is_not_blank_is_taken_and_no_later_one_asked() -> None:
    sources = [SOURCE.validate_python({"field": name}) for name in "abcdef"]
    values = Values(field_b="", field_c=[], field_d="  ", field_e=0, field_f="never")
    assert first_value(sources, values) == 0
    assert values.asked == ["field_a", "field_b", "field_c", "field_d", "field_e"]
    assert first_value(sources, Values()) is None


@pytest.mark.parametrize("raw", [{}, {"statc": 1}, 5, None, [], "field"])
def test_what_names_no_source_is_one_error(raw: Any) -> None:
    with pytest.raises(ValidationError) as refused:
        SOURCE.validate_python(raw)
    assert [error["type"] for error in refused.value.errors()] == ["unknown_source"]


@pytest.mark.parametrize(
    "raw",
    [
        {"field": "a", "static": "b"},
        {"webhook": "form", "query": True, "raw": True},
        {"webhook": "form", "value": "x", "query": True},
    ],
)
def test_a_source_is_one_thing(raw: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        SOURCE.validate_python(raw)
