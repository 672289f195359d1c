"""What a step uses, by the place in the step where it says so.

Checks, lints and the fetching of what a step reads ask for this, and so need not know the types of steps.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from automations.event_triggers import EventTrigger
from automations.filters import Filter
from automations.model import Model, Name
from automations.sources import Source, StaticSource


class BackHop(Model):
    """From a record to those of an object whose relationship field names it."""

    object: Name
    field: Name


Hop = Name | BackHop
"""From a record to what a relationship field of it names, or to those that name it."""


@dataclass(frozen=True)
class Own:
    """The automation's own record."""


@dataclass(frozen=True)
class OfObject:
    """Records of one object."""

    object: str


@dataclass(frozen=True)
class Behind:
    """The records at the end of these hops from the automation's own record."""

    hops: Sequence[Hop]


@dataclass(frozen=True)
class Unknown:
    """Records of which nobody can tell beforehand what they are: those that a variable names."""


Whose = Own | OfObject | Behind | Unknown
OWN = Own()
UNKNOWN = Unknown()

Change = Literal["overwrite", "only_if_blank", "overwrite_unless_blank", "add", "remove", "clear"]
"""How a value meets what is there."""

Kinds = frozenset[str]
"""Types of fields or variables."""


@dataclass(frozen=True)
class Use:
    """`path` is the place inside the step: `changes[0].field`."""

    path: str


@dataclass(frozen=True)
class FieldUse(Use):
    """A field, or with `attributes` also one of a record's own attributes; of one of the `kinds`, unless None."""

    name: str
    kinds: Kinds | None = None
    whose: Whose = OWN
    written: bool = False
    attributes: bool = True


@dataclass(frozen=True)
class TagsUse(Use):
    """The object's only field of tags, which a step changes without naming it."""


@dataclass(frozen=True)
class ValueUse(Use):
    """A value for a field: `value` stands at `path`, None where a source gives it. `how` stands at `how_path`."""

    field: str
    value: Any
    how: Change = "overwrite"
    how_path: str = "how"
    whose: Whose = OWN


@dataclass(frozen=True)
class ComparedUse(Use):
    """Single values that what the source gives is compared with; None where that has no type of its own."""

    values: Sequence[Any]
    source: Source | None


@dataclass(frozen=True)
class VariableUse(Use):
    """`kinds` are types as `number` or `number[]`; `lists` also lets lists of them be."""

    name: str
    kinds: Kinds | None = None
    written: bool = False
    lists: bool = False


@dataclass(frozen=True)
class SourceUse(Use):
    source: Source


@dataclass(frozen=True)
class TextUse(Use):
    """A text that may hold `{{ … }}`."""

    text: str


@dataclass(frozen=True)
class FilterUse(Use):
    """A filter on the execution's own record and variables, or on the records of an object.

    With `renders` the texts in its values may hold `{{ … }}`; the step has uses of its own for them.
    """

    filter: Filter
    whose: Whose = OWN
    renders: bool = False


@dataclass(frozen=True)
class TriggersUse(Use):
    triggers: Sequence[EventTrigger]


@dataclass(frozen=True)
class RecordUse(Use):
    """Here the step needs the record of its execution, although steps of its type need not have one."""


@dataclass(frozen=True)
class HopUse(Use):
    """The last of the hops, which leads from where those before it end.

    With `contacts` it has to lead to contacts, with `object` to records of that object.
    """

    hops: Sequence[Hop]
    contacts: bool = False
    object: str | None = None


@dataclass(frozen=True)
class ObjectUse(Use):
    object: str


@dataclass(frozen=True)
class StageUse(Use):
    stage: str
    whose: Whose = OWN


@dataclass(frozen=True)
class AutomationUse(Use):
    """Another automation, by its api_name; it `starts` executions of it, or does something to those that are open."""

    api_name: str
    starts: bool = False


AnyUse = (
    FieldUse | TagsUse | ValueUse | ComparedUse | VariableUse | SourceUse | TextUse | FilterUse | TriggersUse | RecordUse | HopUse
    | ObjectUse | StageUse | AutomationUse
)  # fmt: skip


def within(path: str, key: str) -> str:
    """The place of a key inside a part that stands at `path`; the step itself stands at ""."""
    return f"{path}.{key}" if path and key and not key.startswith("[") else f"{path}{key}"


def text_of(use: AnyUse) -> Iterator[tuple[str, str]]:
    """The texts with `{{ … }}` in a use, each with its place."""
    match use:
        case TextUse():
            yield use.path, use.text
        case SourceUse(source=StaticSource(static=str(static))):
            yield within(use.path, "static"), static
        case _:
            return
