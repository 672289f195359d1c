"""What the documentation and the examples show can be saved."""

from pathlib import Path
from typing import Any

import pytest

from automations.fields import ObjectDefinition
from automations.parsing import load_document
from automations.reading import read_yaml

PROJECT = Path(__file__).parents[2]
EXAMPLES = sorted((PROJECT / "examples" / "automations").glob("*.yaml"))
FIELDS = [
    {"name": "country", "type": "dropdown", "options": ["DE", "AT"]},
    {"name": "email", "type": "email"},
    {"name": "due", "type": "date"},
    {"name": "status", "type": "text"},
    {"name": "seats", "type": "integer"},
    {"name": "months", "type": "integer"},
    {"name": "budget", "type": "money"},
    {"name": "labels", "type": "tags"},
    {"name": "number", "type": "text"},
    {"name": "renewal", "type": "date"},
    {"name": "manager", "type": "team_selector"},
    {"name": "team", "type": "team_selector", "many": True},
    {"name": "company", "type": "relationship", "object": "account"},
    {"name": "contacts", "type": "relationship", "object": "contact", "many": True},
    {"name": "region", "type": "text"},
    {"name": "account", "type": "relationship", "object": "account"},
]
OTHERS = [
    {
        "api_name": "account",
        "name": "Account",
        "fields": [
            {"name": "country", "type": "dropdown", "options": ["DE", "AT"]},
            {"name": "labels", "type": "tags"},
            {"name": "seats", "type": "integer"},
            {"name": "manager", "type": "team_selector"},
        ],
        "stages": ["New"],
    },
    {
        "api_name": "person",
        "name": "Person",
        "contact": True,
        "fields": [
            {"name": "company", "type": "relationship", "object": "account"},
            {"name": "status", "type": "text"},
            {"name": "seats", "type": "integer"},
            {"name": "labels", "type": "tags"},
        ],
    },
    {
        "api_name": "deal",
        "name": "Deal",
        "fields": [
            {"name": "company", "type": "relationship", "object": "account"},
            {"name": "seats", "type": "integer"},
            {"name": "budget", "type": "money"},
        ],
    },
]
VARIABLES = """
variables:
  - {id: v1, name: seats, type: number, sources: [{webhook: demo-form, value: seats}, {field: seats}]}
  - {id: v2, name: hours, type: number, sources: [{static: 2}]}
  - {id: v3, name: note, sources: [{static: "at {{ trigger.time }}"}]}
  - {id: v4, name: answer, sources: [{static: none}]}
  - {id: v5, name: base, sources: [{static: "https://example.com"}]}
  - {id: v6, name: code, sources: [{static: none}]}
  - {id: v7, name: order_id, sources: [{static: none}]}
  - {id: v8, name: left, sources: [{static: none}]}
  - {id: v9, name: call_id, type: uuid, sources: [{static: ""}]}
  - {id: v10, name: deal, type: record, sources: [{field: company}]}
  - {id: v11, name: account, type: record, sources: [{static: ""}]}
  - {id: v12, name: duplicates, type: record, list: true, sources: [{static: []}]}
  - {id: v13, name: deals, type: record, list: true, sources: [{static: []}]}
"""


def errors(text: str, *definitions: Any) -> list[str]:
    objects = [ObjectDefinition.model_validate(definition) for definition in definitions]
    found = load_document(text, {each.api_name: each for each in objects})
    return [f"{problem.path}: {problem.sentence}" for problem in found.errors]


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_example_has_no_mistakes(file: Path) -> None:
    objects: Any = read_yaml((PROJECT / "examples" / "objects.yaml").read_text())
    assert errors(file.read_text(), *objects) == []


def test_what_the_guide_shows_is_a_document_and_more_of_its_steps_without_mistakes() -> None:
    blocks = (PROJECT / "docs" / "automations.md").read_text().split("```yaml\n")[1:]
    header, triggers, steps, *more = (block.split("```")[0] for block in blocks)
    definition = {"api_name": "lead", "name": "Lead", "fields": FIELDS, "stages": ["New", "Won"]}
    for shown in [steps, *(f"steps:\n{each}" for each in more)]:
        assert errors(header + triggers + VARIABLES + shown, definition, *OTHERS) == []
