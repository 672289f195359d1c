"""Lint: what docs/lint.md says of each finding is true, and what is quiet stays quiet."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automations.document import AutomationDocument
from automations.fields import ObjectDefinition
from automations.filter_evaluation import Typed, evaluate
from automations.lint import LINTS, lint
from automations.parsing import load_document, parse_document
from automations.reading import read_yaml
from tests.workflows.random_documents import documents

ROOT = Path(__file__).parents[2]
_SECTION = re.compile(r"^### `(?P<code>\w+)` \((?P<severity>\w+)\)\n(?P<text>.*?)(?=^##|\Z)", re.MULTILINE | re.DOTALL)
_BLOCK = re.compile(r"```yaml\n(.*?)```", re.DOTALL)
TEXT = (ROOT / "docs" / "lint.md").read_text(encoding="utf-8")
SECTIONS = {found["code"]: (found["severity"], _BLOCK.findall(found["text"])) for found in _SECTION.finditer(TEXT)}
BEGINNING: Any = read_yaml(_BLOCK.search(TEXT)[1])  # pyright: ignore[reportOptionalSubscript]
OBJECTS = {
    definition["api_name"]: ObjectDefinition.model_validate(definition)
    for definition in read_yaml((ROOT / "examples" / "objects.yaml").read_text(encoding="utf-8"))  # pyright: ignore[reportGeneralTypeIssues]
}


def parsed(part: Any) -> AutomationDocument:
    """The beginning of all examples, with the part."""
    found = parse_document({**BEGINNING, **part}, OBJECTS)
    assert found.errors == []
    assert found.document
    return found.document


def codes(part: Any) -> list[tuple[str, str]]:
    return [(found.path, found.code) for found in lint(parsed(part))]


def steps(*given: Any, **more: Any) -> list[tuple[str, str]]:
    return codes({"steps": list(given), **more})


def change(**changes: Any) -> dict[str, Any]:
    return {"type": "change_field_value", "changes": [{"field": field, "value": value} for field, value in changes.items()]}


def asks(filter: Any) -> dict[str, Any]:
    return {"type": "condition", "if": filter, "if_yes": [change(status="Yes")]}


def test_each_lint_is_told_of_and_none_besides() -> None:
    assert list(dict.fromkeys(SECTIONS)) == list(SECTIONS)
    assert set(SECTIONS) == {check.__name__ for check in LINTS}
    validation = (ROOT / "docs" / "validation.md").read_text(encoding="utf-8")
    assert [code for code in SECTIONS if f"`{code}`" in validation] == []


@pytest.mark.parametrize("code", SECTIONS)
def test_the_first_example_has_the_finding_and_the_second_has_none(code: str) -> None:
    severity, (bad, better) = SECTIONS[code]
    assert [(found.code, found.severity) for found in lint(parsed(read_yaml(bad)))] == [(code, severity)]
    assert lint(parsed(read_yaml(better))) == []


@pytest.mark.parametrize("file", sorted((ROOT / "examples" / "automations").glob("*.yaml")), ids=lambda file: file.stem)
def test_nothing_is_to_be_said_of_the_examples(file: Path) -> None:
    document = load_document(file.read_text(encoding="utf-8"), OBJECTS).document
    assert document
    assert lint(document) == []


def test_a_finding_points_at_its_place() -> None:
    inner = {"type": "condition", "if": {"field": "seats", "op": ">", "value": 1}}
    found = steps({"type": "branch", "lanes": [{"steps": [inner]}, {"steps": [change(status="a")]}]})
    assert found == [("steps[0].lanes[0].steps[0]", "empty_paths")]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"op": "=", "value": "Open"}, {"op": "!=", "value": "OPEN"}),
        ({"op": "is_blank"}, {"op": "is_not_blank"}),
        ({"op": "is_blank"}, {"op": "contains", "value": "a"}),
        ({"op": "is_blank", "value": True}, {"op": "is_blank", "value": False}),
        ({"op": "!contains", "value": "a"}, {"op": "contains", "value": "a"}),
    ],
)
def test_texts_that_nothing_fits_are_found(first: Any, second: Any) -> None:
    both = [{"field": "status", **first}, {"field": "status", **second}]
    for leaves in (both, both[::-1]):
        assert steps(asks({"all": leaves})) == [("steps[0].if.all[1]", "never_true")]


@pytest.mark.parametrize(
    ("first", "second", "is_empty"),
    [
        ((">", 5), ("<", 5), True),
        ((">=", 5), ("<", 5), True),
        ((">=", 5), ("<=", 5), False),
        ((">", 5), ("<", 6), False),
        (("<", 5), (">", 3), False),
        (("<", 3), (">", 5), True),
        (("=", 5), (">", 5), True),
        (("=", 5), (">=", 5), False),
        (("=", 4), (">=", 5), True),
        (("=", 6), ("<", 6), True),
        (("=", 5), ("<", 6), False),
        (("=", 5), ("=", 5.0), False),
        (("!=", 5), ("!=", 6), False),
    ],
)
def test_ranges_without_a_number_in_them_are_found(first: tuple[str, Any], second: tuple[str, Any], is_empty: bool) -> None:
    leaves = [{"field": "budget", "op": op, "value": value} for op, value in (first, second)]
    found = [code for _, code in steps(asks({"all": leaves})) if code != "repeated_filter"]
    assert found == ["never_true"] * is_empty


@pytest.mark.parametrize(
    "filter",
    [
        {"any": [{"field": "country", "op": "=", "value": "DE"}, {"field": "country", "op": "=", "value": "AT"}]},
        {"all": [{"field": "labels", "op": "has", "value": "a"}, {"field": "labels", "op": "has", "value": "b"}]},
        {"all": [{"field": "status", "op": "is_blank"}, {"field": "status", "op": "!=", "value": "a"}]},
        {"all": [{"field": "status", "op": "=", "value": "a"}, {"any": [{"field": "status", "op": "=", "value": "b"}]}]},
        {"all": [{"field": "seats", "op": "=", "value": 1}, {"field": "budget", "op": "=", "value": 2}]},
    ],
)
def test_what_may_be_is_not_remarked_on(filter: Any) -> None:
    assert steps(asks(filter)) == []


def test_filters_of_triggers_and_goals_are_looked_at_too() -> None:
    filter = {"all": [{"field": "seats", "op": "=", "value": 1}, {"field": "seats", "op": "=", "value": 2}]}
    goal = {"type": "goal", "triggers": [{"type": "stage_updated", "to": "Won", "filter": filter}], "timeout": {"days": 1}}
    trigger = {"type": "stage_updated", "to": "Won", "filter": filter}
    assert steps(goal, triggers=[trigger]) == [
        ("triggers[0].filter.all[1]", "never_true"),
        ("steps[0].triggers[0].filter.all[1]", "never_true"),
    ]


def test_changes_that_need_their_order_are_no_one_step() -> None:
    assert steps(change(status="a"), change(company="{{ record.status }}")) == []
    assert steps(change(status="a"), change(seats=1) | {"on_error": "continue"}) == []
    target = change(seats=1) | {"id": "again"}
    again = asks({"field": "seats", "op": "<", "value": 9}) | {"if_yes": [{"type": "go_to_step", "step": "again"}]}
    assert steps(change(status="a"), target, again) == []


def test_a_value_that_is_built_upon_is_not_lost() -> None:
    upon = {"type": "math", "operation": "add", "arguments": [{"field": "score"}, {"constant": 1}], "into": {"field": "score"}}
    afresh = {**upon, "arguments": [{"field": "seats"}, {"constant": 1}]}
    assert steps(change(score=5), upon) == []
    assert steps(change(score=5), afresh) == [("steps[1]", "overwritten_at_once")]
    added = {"type": "change_field_value", "changes": [{"field": "labels", "how": "add", "value": ["a"]}]}
    assert steps(change(labels=["b"]), added) == []


def test_a_loop_with_an_end_is_quiet_and_one_in_a_lane_without_is_not() -> None:
    loop = [{"id": "wait", "type": "delay", "days": 1}, {"type": "go_to_step", "step": "wait"}]
    other = [change(status="a")]
    assert ("steps[0].lanes[0].steps[1]", "no_way_out") in steps({"type": "branch", "lanes": [{"steps": loop}, {"steps": other}]})
    goal = {
        "id": "won", "type": "goal", "triggers": [{"type": "stage_updated", "to": "Won"}], "timeout": {"days": 1},
        "if_not_met": [{"type": "go_to_step", "step": "won"}],
    }  # fmt: skip
    assert steps(goal) == []
    stop = {"type": "stop_execution", "action": "complete"}
    ended = asks({"field": "seats", "op": ">", "value": 1}) | {"if_yes": [stop]}
    assert steps(loop[0], ended, loop[1]) == []


@pytest.mark.parametrize(
    "step",
    [
        {"url": "https://example.com/?api_key=0123456789abcdef"},
        {"url": "https://ada:hunter22@example.com/"},
        {"headers": {"X-Api-Key": "0123456789abcdef"}},
        {"headers": {"cookie": "session=0123456789abcdef"}},
        {"query": {"access_token": "0123456789abcdef"}},
        {"form": {"client_secret": "0123456789abcdef"}},
        {"auth": {"bearer": "0123456789abcdef"}},
        {"auth": {"basic": {"username": "ada", "password": "0123456789abcdef"}}},
        {"body": "token is ghp_0123456789abcdefghijABCDEFGHIJ"},
        {"json": {"deep": [{"key": "sk_live_0123456789abcdef"}]}},
    ],
)
def test_secrets_are_seen_wherever_a_call_says_them(step: Any) -> None:
    assert [code for _, code in steps({"type": "http_request", "url": "https://example.com/", **step})] == ["secret_in_text"]


@pytest.mark.parametrize(
    "step",
    [
        {"headers": {"Authorization": "{{ variables.token }}"}},
        {"headers": {"X-Request": "0123456789abcdef"}},
        {"url": "http://crm.example.internal/"},
        {"url": "http://127.0.0.1:8000/"},
        {"url": "http://{{ variables.token }}/"},
        {"url": "https://hooks.example.com/7c9e6679-7425-40de-944b-e07fc1f90ae7"},
        {"body": "Basic questions and a Bearer of news"},
    ],
)
def test_a_call_that_says_nothing_secret_is_quiet(step: Any) -> None:
    variables = [{"name": "token", "required": True, "sources": [{"field": "status"}]}]
    assert steps({"type": "http_request", "url": "https://example.com/", **step}, variables=variables) == []


def test_a_text_that_reads_all_variables_uses_each() -> None:
    variables = [{"name": name, "sources": [{"field": "status"}]} for name in ("a", "b")]
    assert steps(change(status="{{ variables }}"), variables=variables) == []


@given(documents("https://example.com/"))
@settings(max_examples=20, deadline=None)
def test_whatever_can_be_saved_can_be_looked_at(given_steps: Any) -> None:
    document = parse_document({**BEGINNING, "steps": given_steps}).document
    assert document
    assert lint(document) == lint(AutomationDocument.model_validate(document.as_json()))


LEAVES = st.one_of(
    st.builds(dict, op=st.sampled_from(["=", "!=", "<", "<=", ">", ">="]), value=st.integers(0, 3)),
    st.sampled_from([{"op": "is_blank"}, {"op": "is_not_blank"}, {"op": "is_blank", "value": False}]),
    st.builds(dict, op=st.sampled_from(["is_any_of", "is_none_of"]), value=st.lists(st.integers(0, 3), min_size=1, max_size=2)),
)


@given(st.lists(LEAVES, min_size=2, max_size=3), st.sampled_from(["all", "any"]))
@settings(max_examples=100, deadline=None)
def test_an_answer_that_is_said_to_be_always_the_same_is(leaves: list[Any], group: str) -> None:
    filter = {group: [{"variable": "it", **leaf} for leaf in leaves]}
    document = parse_document({**BEGINNING, "steps": [asks(filter)]}).document
    assert document
    [step] = document.steps
    answers = {evaluate(step.condition, One(value)).matched for value in (None, 0, 0.5, 1, 1.5, 2, 2.5, 3, 4)}  # pyright: ignore[reportAttributeAccessIssue]
    for code, answer in (("never_true", False), ("always_true", True)):
        if any(found.code == code for found in lint(document)):
            assert answers == {answer}


@dataclass(frozen=True)
class One:
    """A rating, which has all of these operators."""

    value: Any

    def variable(self, name: str) -> Typed:
        return Typed("rating", self.value)

    field = related = variable


def test_a_draft_may_be_half_of_one() -> None:
    assert steps(change(status="a") | {"skip": True}, active=False) == []
    assert codes({"active": False, "steps": []}) == []
