"""Which objects and fields may be defined."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from automations.fields import RECORD_ATTRIBUTES, FieldDefinition, MoneyField, ObjectDefinition

FIELD: TypeAdapter[FieldDefinition] = TypeAdapter(FieldDefinition)


def lead(*fields: dict[str, Any], **more: Any) -> ObjectDefinition:
    return ObjectDefinition.model_validate({"api_name": "lead", "name": "Lead", "fields": fields, **more})


def test_money_is_in_euros_with_two_digits_unless_said_otherwise():
    assert FIELD.validate_python({"name": "budget", "type": "money"}) == MoneyField(
        name="budget", type="money", currency="EUR", scale=2
    )


@pytest.mark.parametrize(
    "field",
    [
        {"name": "Country", "type": "text"},
        {"name": "9lives", "type": "text"},
        {"name": "a" * 64, "type": "text"},
        {"name": "country", "type": "colour"},
        {"name": "country", "type": "text", "options": ["DE"]},
        {"name": "country", "type": "dropdown"},
        {"name": "country", "type": "dropdown", "options": []},
        {"name": "country", "type": "dropdown", "options": ["DE", "DE"]},
        {"name": "country", "type": "dropdown", "options": ["DE", " DE "]},
        {"name": "country", "type": "dropdown", "options": [" "]},
        {"name": "country", "type": "dropdown", "options": ["D\0E"]},
        {"name": "budget", "type": "money", "currency": "euro"},
        {"name": "budget", "type": "decimal", "scale": -1},
        {"name": "stars", "type": "rating", "max": 0},
        {"name": "company", "type": "relationship"},
    ],
)
def test_wrong_field_is_refused(field: dict[str, Any]):
    with pytest.raises(ValidationError):
        FIELD.validate_python(field)


def test_object_finds_its_field_by_name():
    definition = lead({"name": "country", "type": "text"})
    assert definition.field("country") == definition.fields[0]
    assert definition.field("city") is None


def test_field_name_is_given_once():
    with pytest.raises(ValidationError, match="given twice: country"):
        lead({"name": "country", "type": "text"}, {"name": "country", "type": "email"})


@pytest.mark.parametrize("name", sorted(RECORD_ATTRIBUTES))
def test_field_does_not_take_the_name_of_what_every_record_has(name: str):
    with pytest.raises(ValidationError, match="every record already has"):
        lead({"name": name, "type": "text"})


def test_stage_is_given_once():
    with pytest.raises(ValidationError, match="given twice: New"):
        lead(stages=["New", "New"])


def test_definition_survives_json():
    definition = lead({"name": "country", "type": "dropdown", "options": ["DE"]}, stages=["New"])
    assert ObjectDefinition.model_validate_json(definition.model_dump_json()) == definition
