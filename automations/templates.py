"""Texts with `{{ … }}`: what they refer to, and what they become.

An expression may read values, compare, choose, add numbers, join text and use the filters named here. Statements, calls and repetition are
refused when the text is parsed, so that no template can run for long or reach anything but its context.
"""

import functools
from collections.abc import Mapping
from typing import Any

from jinja2 import StrictUndefined, Template, TemplateError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from automations.errors import EverstepError

MAX_RENDERED = 200_000
"""Characters that one text may come to."""

FILTERS = (
    "upper",
    "lower",
    "title",
    "capitalize",
    "trim",
    "default",
    "int",
    "float",
    "round",
    "length",
    "join",
    "first",
    "last",
    "sort",
)

NAMESPACES = ("record", "variables", "trigger", "execution", "automation", "business")

_ALLOWED = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.Getattr, nodes.Getitem, nodes.Name, nodes.Const, nodes.Filter, nodes.Compare,
    nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.CondExpr, nodes.Add, nodes.Sub, nodes.Concat, nodes.Neg, nodes.Keyword,
)  # fmt: skip


class InvalidTemplateError(EverstepError):
    """A text that no context could render: refused when the document is saved."""

    code = "invalid_template"


class RenderError(EverstepError):
    """A text that this context cannot render, such as a name that means nothing here."""

    code = "template_error"


def _blank_as_nothing(value: object) -> object:
    return "" if value is None else value


def _environment() -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined, finalize=_blank_as_nothing, cache_size=0)
    environment.filters = {name: environment.filters[name] for name in FILTERS}
    environment.globals.clear()
    return environment


_ENVIRONMENT = _environment()


def references(text: str) -> frozenset[tuple[str, ...]]:
    """The dotted names a text reads, such as `("record", "owner", "email")`; raises InvalidTemplateError."""
    return _parse(text)[1]


@functools.lru_cache(maxsize=4096)
def _parse(text: str) -> tuple[Template, frozenset[tuple[str, ...]]]:
    try:
        tree = _ENVIRONMENT.parse(text)
        _refuse_what_is_not_allowed(tree)
        return _ENVIRONMENT.from_string(text), frozenset(_dotted_names(tree))
    except TemplateError as error:
        raise InvalidTemplateError(f"The template is not readable: {error.message}.") from error


def _refuse_what_is_not_allowed(tree: nodes.Node) -> None:
    for node in tree.find_all(nodes.Node):
        if not isinstance(node, _ALLOWED):
            raise InvalidTemplateError(
                f"A template cannot use {type(node).__name__.lower()}: only {{{{ values }}}} and filters."
            )
        if isinstance(node, nodes.Name) and node.name not in NAMESPACES:
            raise InvalidTemplateError(f"'{node.name}' is unknown; a template knows {', '.join(NAMESPACES)}.")


def _dotted_names(tree: nodes.Node) -> set[tuple[str, ...]]:
    inner = {id(node.node) for node in tree.find_all((nodes.Getattr, nodes.Getitem))}
    chains = (
        _chain(node) for node in tree.find_all((nodes.Getattr, nodes.Getitem, nodes.Name)) if id(node) not in inner
    )
    return {chain for chain in chains if chain}


def _chain(node: nodes.Node) -> tuple[str, ...]:
    match node:
        case nodes.Name():
            return (node.name,)
        case nodes.Getattr():
            return (*_chain(node.node), node.attr)
        case nodes.Getitem(arg=nodes.Const()):
            return (*_chain(node.node), str(node.arg.value))  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType, reportUnknownArgumentType]
        case _:
            return ()


def is_template(text: str) -> bool:
    return "{{" in text or "{%" in text or "{#" in text


def render(text: str, context: Mapping[str, Any]) -> str:
    """The text with its values in place; blank values become nothing.

    Raises InvalidTemplateError for a text that is not a template of ours, RenderError for a name that means nothing in this context.
    """
    if not is_template(text):
        return text
    try:
        rendered = _parse(text)[0].render(context)
    except (TemplateError, TypeError, ValueError, ArithmeticError) as error:
        raise RenderError(f"The template cannot be filled in: {error}.") from error
    if len(rendered) > MAX_RENDERED:
        raise RenderError(f"The text would come to {len(rendered)} characters; {MAX_RENDERED} is the most.")
    return rendered


def render_inside(value: Any, context: Mapping[str, Any]) -> Any:
    """A JSON value with every text in it rendered."""
    match value:
        case str():
            return render(value, context)
        case list():
            return [render_inside(item, context) for item in value]  # pyright: ignore[reportUnknownVariableType]
        case dict():
            return {key: render_inside(item, context) for key, item in value.items()}  # pyright: ignore[reportUnknownVariableType]
        case _:
            return value
