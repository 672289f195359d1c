"""The names that a document uses: of fields, of fields behind a relationship, of variables. Silent where there is no telling."""

from collections.abc import Iterator, Sequence

from automations.checks.draft import Draft
from automations.fields import FieldDefinition, ObjectDefinition, RelationshipField, TeamSelectorField
from automations.problems import Problem
from automations.steps.uses import OWN, BackHop, Behind, Hop, HopUse, OfObject, Own, Unknown, Whose

EMPLOYEE_ATTRIBUTES = frozenset({"name", "email", "roles", "phone"})


def whose_definition(draft: Draft, whose: Whose) -> ObjectDefinition | None:
    """Of the object of those records; None where there is no telling."""
    match whose:
        case Own():
            return draft.definition
        case OfObject():
            return draft.objects.get(whose.object)
        case Behind():
            return _behind(draft, whose.hops)
        case Unknown():
            return None


def _behind(draft: Draft, hops: Sequence[Hop]) -> ObjectDefinition | None:
    definition = draft.definition
    for hop in hops:
        definition = _one_hop(draft, definition, hop)
    return definition


def _one_hop(draft: Draft, definition: ObjectDefinition | None, hop: Hop) -> ObjectDefinition | None:
    if isinstance(hop, BackHop):
        return draft.objects.get(hop.object)
    field = definition.field(hop) if definition else None
    return draft.objects.get(field.object) if isinstance(field, RelationshipField) else None


def field_problems(draft: Draft, name: str, path: str, whose: Whose = OWN, *, attributes: bool = True) -> Iterator[Problem]:
    definition = whose_definition(draft, whose)
    if whose == OWN and draft.is_global:
        sentence = f"A global automation has no record that could have a field {name}."
        yield Problem(path=path, code="unknown_field", sentence=sentence)
    elif definition is not None and not (_is_there(definition, name) if attributes else _is_changeable(definition, name, whose)):
        changed = "" if attributes else " that this step could change"
        yield Problem(path=path, code="unknown_field", sentence=f"{definition.api_name} has no field {name}{changed}.")


def _is_there(definition: ObjectDefinition, name: str) -> bool:
    return definition.type_of(name) is not None


def _is_changeable(definition: ObjectDefinition, name: str, whose: Whose) -> bool:
    found = definition.changeable(name) if whose == OWN else definition.field(name)
    return found is not None


def tags_problems(draft: Draft, path: str) -> Iterator[Problem]:
    """Of a step that changes the record's tags without naming their field."""
    fields = draft.definition.of_type("tags") if draft.definition else None
    if draft.definition is not None and not fields:
        sentence = f"Records of {draft.object} have no field of tags."
        yield Problem(path=path, code="no_tags_field", sentence=sentence)
    elif fields and len(fields) > 1:
        names = ", ".join(field.name for field in fields)
        sentence = f"Records of {draft.object} have several fields of tags: {names}. field says which is meant."
        yield Problem(path=path, code="several_tag_fields", sentence=sentence)


def hop_problems(draft: Draft, use: HopUse, path: str) -> Iterator[Problem]:
    """Of its last hop; those before it have uses of their own."""
    *before, last = use.hops
    if isinstance(last, BackHop):
        yield from _back_hop_problems(draft, last, path)
        return
    definition = _behind(draft, before)
    if definition is None:
        return
    field = definition.field(last)
    if not isinstance(field, RelationshipField):
        yield Problem(path=path, code="unknown_field", sentence=f"{definition.api_name} has no relationship {last}.")
    elif use.contacts and (reached := draft.objects.get(field.object)) is not None and not reached.contact:
        sentence = f"{last} leads to records of {field.object}, which are no people: its object has no contact: true."
        yield Problem(path=path, code="needs_contact", sentence=sentence)
    elif use.object is not None and field.object != use.object:
        sentence = f"{last} leads to records of {field.object}, and not to those of {use.object}."
        yield Problem(path=path, code="wrong_object", sentence=sentence)


def _back_hop_problems(draft: Draft, hop: BackHop, path: str) -> Iterator[Problem]:
    definition = draft.objects.get(hop.object)
    if definition is None:
        yield Problem(path=f"{path}.object", code="unknown_object", sentence=f"There is no object {hop.object}.")
    elif not isinstance(definition.field(hop.field), RelationshipField):
        sentence = f"{hop.object} has no relationship {hop.field}."
        yield Problem(path=f"{path}.field", code="unknown_field", sentence=sentence)


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
