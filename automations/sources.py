"""Where the value of a variable or a field comes from."""

from collections.abc import Iterable
from typing import Annotated, Any, Literal, Protocol, Self, cast

from pydantic import Discriminator, Field, Tag, model_validator

from automations.model import Model, Name, WebhookName
from automations.scalars import is_blank
from automations.trigger_facts import TriggerFact


class StaticSource(Model):
    """A fixed value; text may hold `{{ … }}`."""

    static: Any


class FieldSource(Model):
    """A field of the record, or of the first record behind one of its relationships."""

    field: Name
    through: Name | None = None


class VariableSource(Model):
    """A variable, or a field of the record that a record variable names."""

    variable: Name
    field: Name | None = None


CallPart = Literal["body", "query", "raw"]


class WebhookSource(Model):
    """A value that the webhook trigger of that name extracted, or a part of the call.

    Of a call there is the body as its content type reads it, the query by name, and raw: the body as text, where the trigger
    keeps it.
    """

    webhook: WebhookName
    value: str | None = None
    body: Literal[True] | None = None
    query: Literal[True] | None = None
    raw: Literal[True] | None = None

    @model_validator(mode="after")
    def _is_one_part(self) -> Self:
        if (self.query or self.raw) and sum(part is not None for part in (self.value, self.body, self.query, self.raw)) > 1:
            raise ValueError("A source of a webhook is one of value, body, query and raw.")
        return self

    @property
    def part(self) -> CallPart | None:
        """None for an extracted value."""
        if self.value is not None:
            return None
        return "query" if self.query else "raw" if self.raw else "body"


class TriggerSource(Model):
    """What is known of the event that started the execution: its `time`, what a field or stage was `old` and `new`, …

    Blank where an event of another kind started it.
    """

    trigger: TriggerFact


_KEYS = ("static", "variable", "field", "webhook", "trigger")
"""What tells the kinds of sources apart, the first that is there: a variable may come with a field."""


def _kind(raw: object) -> str | None:
    keys = cast(Iterable[str], raw if isinstance(raw, dict) else type(raw).model_fields if isinstance(raw, Model) else ())
    return next((f"{key} source" for key in _KEYS if key in keys), None)


Source = Annotated[
    Annotated[StaticSource, Tag("static source")]
    | Annotated[FieldSource, Tag("field source")]
    | Annotated[VariableSource, Tag("variable source")]
    | Annotated[WebhookSource, Tag("webhook source")]
    | Annotated[TriggerSource, Tag("trigger source")],
    Discriminator(
        _kind,
        custom_error_type="unknown_source",
        custom_error_message="A source names one of: static, field, variable, webhook, trigger.",
    ),
]

Sources = Annotated[list[Source], Field(min_length=1, max_length=20)]


class SourceValues(Protocol):
    """What a source can be read from: one execution at one moment."""

    def field(self, name: str) -> Any: ...
    def related(self, relationship: str, name: str) -> Any: ...
    def variable(self, name: str) -> Any: ...
    def field_of_variable(self, name: str, field: str) -> Any: ...
    def webhook_value(self, webhook: str, value: str) -> Any: ...
    def webhook_part(self, webhook: str, part: CallPart) -> Any: ...
    def trigger_fact(self, fact: str) -> Any: ...
    def render(self, text: str) -> str: ...


def source_value(source: Source, values: SourceValues) -> Any:
    """The value that one source gives now, None where it is blank.

    A source tied to a webhook that did not start this execution is blank, so that the next source is asked.
    """
    match source:
        case StaticSource():
            return values.render(source.static) if isinstance(source.static, str) else source.static
        case FieldSource(through=None):
            return values.field(source.field)
        case FieldSource():
            return values.related(source.through or "", source.field)
        case VariableSource(field=None):
            return values.variable(source.variable)
        case VariableSource():
            return values.field_of_variable(source.variable, source.field or "")
        case WebhookSource(part=None):
            return values.webhook_value(source.webhook, source.value or "")
        case WebhookSource():
            return values.webhook_part(source.webhook, source.part or "body")
        case TriggerSource():
            return values.trigger_fact(source.trigger)


def first_value(sources: Iterable[Source], values: SourceValues) -> Any:
    """The first that is not blank, in order; None if all are."""
    found = (source_value(source, values) for source in sources)
    return next((value for value in found if not is_blank(value)), None)


def describe_source(source: Source) -> str:
    match source:
        case StaticSource():
            return repr(source.static)
        case FieldSource(through=None):
            return f"field {source.field}"
        case FieldSource():
            return f"field {source.through}.{source.field}"
        case VariableSource():
            return f"variable {source.variable}.{source.field}" if source.field else f"variable {source.variable}"
        case WebhookSource():
            return f"webhook {source.webhook}"
        case TriggerSource():
            return f"trigger {source.trigger}"
