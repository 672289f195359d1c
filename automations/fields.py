"""Objects and their fields: which attributes a record of an object has, and of which type each is.

A field is one JSON object told apart by its `type`:

    {"name": "country", "type": "dropdown", "options": ["DE", "AT"], "required": true}
    {"name": "budget", "type": "money", "currency": "EUR", "scale": 2}
    {"name": "company", "type": "relationship", "object": "account", "many": false}

What a value of a field looks like is in `field_values`.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, Field, StringConstraints

from automations.model import Model, Name

PlainType = Literal[
    "text",
    "longtext",
    "wysiwyg",
    "integer",
    "date",
    "datetime",
    "yes_no",
    "yes_no_maybe",
    "checkbox",
    "tags",
    "email",
    "phone",
    "files",
    "timezone",
]
ChoiceType = Literal["dropdown", "radio", "status", "checkboxes"]

RECORD_ATTRIBUTES = frozenset({"id", "name", "owner", "stage", "object", "created_at", "updated_at", "archived_at"})
"""What every record has without a field; no field may take one of these names."""

ATTRIBUTES: Mapping[str, str] = {
    "name": "text",
    "stage": "stage",
    "owner": "team_selector",
    "created_at": "datetime",
    "updated_at": "datetime",
}
"""Those that are read like fields, by type."""


def _unique(names: list[str]) -> list[str]:
    if twice := [name for name, count in Counter(names).items() if count > 1]:
        raise ValueError(f"given twice: {', '.join(twice)}")
    return names


Option = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=255, pattern=r"^[^\x00-\x1f]+$")]
Options = Annotated[list[Option], AfterValidator(_unique)]


class _Field(Model):
    name: Name
    label: str | None = None
    required: bool = False


class PlainField(_Field):
    """A field that needs no more than its type."""

    type: PlainType


class DecimalField(_Field):
    """`scale` is the number of digits after the point; without one, as many as the value has."""

    type: Literal["decimal"]
    scale: int | None = Field(default=None, ge=0, le=18)


class MoneyField(_Field):
    """An amount in one currency (ISO 4217)."""

    type: Literal["money"]
    currency: str = Field(default="EUR", pattern=r"^[A-Z]{3}$")
    scale: int = Field(default=2, ge=0, le=18)


class ChoiceField(_Field):
    """One of the options; `checkboxes` takes several."""

    type: ChoiceType
    options: Options = Field(min_length=1)


class RatingField(_Field):
    """A whole number from 1 to `max`."""

    type: Literal["rating"]
    max: int = Field(default=5, ge=1, le=100)


class RelationshipField(_Field):
    """Records of another object."""

    type: Literal["relationship"]
    object: Name
    many: bool = False


class TeamSelectorField(_Field):
    """Employees."""

    type: Literal["team_selector"]
    many: bool = False


FieldDefinition: TypeAlias = Annotated[
    PlainField | DecimalField | MoneyField | ChoiceField | RatingField | RelationshipField | TeamSelectorField,
    Field(discriminator="type"),
]


NAME = PlainField(name="name", type="text", required=True)
"""A record's own name, as a field that can be changed."""


def _own_names(fields: list[FieldDefinition]) -> list[FieldDefinition]:
    _unique([field.name for field in fields])
    if taken := sorted(RECORD_ATTRIBUTES.intersection(field.name for field in fields)):
        raise ValueError(f"every record already has: {', '.join(taken)}")
    return fields


class ObjectDefinition(Model):
    """A type of record: its fields, and the stages its records pass through (none: it has no pipeline).

    With `contact` its records are people who can be written to, by the addresses and numbers in their fields.
    """

    api_name: Name
    name: str = Field(min_length=1, max_length=255)
    fields: Annotated[list[FieldDefinition], AfterValidator(_own_names)]
    stages: Options = Field(default=[])
    contact: bool = False

    def field(self, name: str) -> FieldDefinition | None:
        return next((field for field in self.fields if field.name == name), None)

    def changeable(self, name: str) -> FieldDefinition | None:
        """The field of that name, or what else of a record is changed like one: its name."""
        return NAME if name == NAME.name else self.field(name)

    def of_type(self, type: str) -> list[FieldDefinition]:
        return [field for field in self.fields if field.type == type]

    def type_of(self, name: str) -> str | None:
        """Of a field or attribute; None if records of the object have none of that name."""
        field = self.field(name)
        return field.type if field else ATTRIBUTES.get(name)
