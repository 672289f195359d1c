"""The names that a document uses: of fields, of fields behind a relationship, of variables. Silent where there is no telling."""

from collections.abc import Iterator, Mapping

from automations.checks.draft import Draft
from automations.fields import FieldDefinition, ObjectDefinition, RelationshipField, TeamSelectorField
from automations.problems import Problem

ATTRIBUTES: Mapping[str, str] = {
    "name": "text",
    "stage": "stage",
    "owner": "team_selector",
    "created_at": "datetime",
    "updated_at": "datetime",
}
"""What of a record itself is read like a field, with its type."""

EMPLOYEE_ATTRIBUTES = frozenset({"name", "email", "roles"})

NUMBERS = frozenset({"integer", "decimal", "money", "rating", "number"})
MOMENTS = frozenset({"date", "datetime"})


def field_type(draft: Draft, name: str) -> str | None:
    """Of a field or attribute of the record; None if there is none of that name, or no telling."""
    if draft.definition is None:
        return None
    field = draft.definition.field(name)
    return ATTRIBUTES.get(name) or (field.type if field else None)


def field_problems(draft: Draft, name: str, path: str) -> Iterator[Problem]:
    if draft.is_global:
        sentence = f"A global automation has no record that could have a field {name}."
        yield Problem(path=path, code="unknown_field", sentence=sentence)
    elif draft.can_tell_fields and field_type(draft, name) is None:
        yield Problem(path=path, code="unknown_field", sentence=f"{draft.object} has no field {name}.")


def variable_problems(draft: Draft, name: str, path: str) -> Iterator[Problem]:
    if draft.can_tell_variables and name not in draft.variable_types:
        yield Problem(path=path, code="unknown_variable", sentence=f"There is no variable {name}.")


def relationship(draft: Draft, name: str) -> FieldDefinition | None:
    """The field that leads to other records or to employees, if the name is that of one. The owner is none, but leads as well."""
    field = draft.definition.field(name) if draft.definition else None
    return field if isinstance(field, RelationshipField | TeamSelectorField) else None


def leads_somewhere(draft: Draft, name: str) -> bool:
    return name == "owner" or relationship(draft, name) is not None


def is_known_behind(draft: Draft, relationship_name: str, name: str) -> bool:
    """Whether what a relationship leads to has such a field; yes if there is no telling."""
    field = relationship(draft, relationship_name)
    if not isinstance(field, RelationshipField):
        return name in EMPLOYEE_ATTRIBUTES
    behind: ObjectDefinition | None = draft.objects.get(field.object)
    return name == "name" or behind is None or behind.field(name) is not None


def related_problems(draft: Draft, through: str, name: str, path: str) -> Iterator[Problem]:
    """Of a source `{field, through}` that stands at `path`."""
    if not draft.can_tell_fields:
        return
    if not leads_somewhere(draft, through) or draft.is_global:
        whose = "A global automation" if draft.is_global else draft.object
        yield Problem(path=f"{path}.through", code="unknown_field", sentence=f"{whose} has no relationship {through}.")
    elif not is_known_behind(draft, through, name):
        yield Problem(path=f"{path}.field", code="unknown_field", sentence=f"What {through} leads to has no field {name}.")
