"""Texts with `{{ … }}`: what they refer to, and what they become.

An expression may read values, compare, choose, add numbers, join text and use the filters named here. Statements, calls
and repetition are refused when the text is parsed, and a dot reads items only, never what Python has beside them: so no
template can run for long or reach anything but its context, and a field may have the name of a method.
"""

import functools
import itertools
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from jinja2 import StrictUndefined, Template, TemplateError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from automations.errors import EverstepError
from automations.escapes import ESCAPES, Escape

MAX_RENDERED = 200_000
"""Characters that one text may come to."""

MAX_TEMPLATE = 20_000
"""Characters that a text with `{{ … }}` may have."""

MAX_JOINED = 50
"""How many values one text may add or join: what one evaluation can build is bounded before it is built."""

MAX_PRECISION = 100
"""Digits after the point that `round` takes."""

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

NAMESPACES = ("record", "variables", "trigger", "execution", "automation", "business", "secrets")

_ALLOWED = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.Getattr, nodes.Getitem, nodes.Name, nodes.Const, nodes.Filter,
    nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.CondExpr, nodes.Add, nodes.Sub, nodes.Concat,
    nodes.Neg, nodes.Keyword,
)  # fmt: skip


class InvalidTemplateError(EverstepError):
    """A text that no context could render: refused when the document is saved."""

    code = "invalid_template"


class RenderError(EverstepError):
    """A text that this context cannot render, such as a name that means nothing here."""

    code = "template_error"


def _blank_as_nothing(value: object) -> object:
    return "" if value is None else value


def _finalized(escape: Escape | None) -> Callable[[object], object]:
    """What jinja does with each merged value, and not with the template's own text."""
    escaped = ESCAPES[escape] if escape else None
    return (lambda value: escaped(_blank_as_nothing(value))) if escaped else _blank_as_nothing


class _Environment(ImmutableSandboxedEnvironment):
    def getattr(self, obj: Any, attribute: str) -> Any:
        return self.getitem(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        match obj:
            case Mapping() if argument in obj:
                return obj[argument]  # pyright: ignore[reportUnknownVariableType]
            case Sequence() if isinstance(argument, int) and -len(obj) <= argument < len(obj):  # pyright: ignore[reportUnknownArgumentType]
                return obj[argument]  # pyright: ignore[reportUnknownVariableType]
            case StrictUndefined():
                return obj[argument]  # says what is missing
            case _:
                return self.undefined(obj=obj, name=str(argument))


def _join(value: Iterable[Any], separator: str = "") -> str:
    texts = ["" if item is None else str(item) for item in value]
    _bound(sum(map(len, texts)) + len(separator) * len(texts))
    return separator.join(texts)


def _round(value: float, precision: int = 0) -> float:
    return round(float(value), max(-MAX_PRECISION, min(precision, MAX_PRECISION)))


def _bound(length: int) -> None:
    if length > MAX_RENDERED:
        raise RenderError(f"The text would come to more than {MAX_RENDERED:,} characters.")


def _environment(escape: Escape | None) -> _Environment:
    environment: Any = _Environment(
        undefined=StrictUndefined, finalize=_finalized(escape), cache_size=0, keep_trailing_newline=True
    )
    environment.filters = {**{name: environment.filters[name] for name in FILTERS}, "join": _join, "round": _round}
    environment.globals.clear()
    return environment


_ENVIRONMENT = _environment(None)
_ENVIRONMENTS = {None: _ENVIRONMENT, **{escape: _environment(escape) for escape in ESCAPES}}


def references(text: str) -> frozenset[tuple[str, ...]]:
    """The dotted names a text reads, such as `("record", "owner", "email")`; raises InvalidTemplateError."""
    return _parse(text)[1]


@functools.lru_cache(maxsize=4096)
def _parse(text: str, escape: Escape | None = None) -> tuple[Template, frozenset[tuple[str, ...]]]:
    if len(text) > MAX_TEMPLATE and is_template(text):
        raise InvalidTemplateError(f"A text with values in it has at most {MAX_TEMPLATE:,} characters.")
    try:
        tree = _ENVIRONMENT.parse(text)
        _refuse_what_is_not_allowed(tree)
        _refuse_changed_secrets(tree)
        return _ENVIRONMENTS[escape].from_string(text), frozenset(_dotted_names(tree))
    except TemplateError as error:
        raise InvalidTemplateError(f"The template is not readable: {(error.message or '').rstrip('.')}.") from error
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:  # of thousands of parentheses, digits or signs
        raise InvalidTemplateError("The template is not readable: it is too deep, or holds too large a number.") from error


def _refuse_what_is_not_allowed(tree: nodes.Node) -> None:
    for node in tree.find_all(nodes.Node):
        if not isinstance(node, _ALLOWED):
            raise InvalidTemplateError(f"A template cannot use {type(node).__name__.lower()}: only {{{{ values }}}} and filters.")
        if isinstance(node, nodes.Name) and node.name not in NAMESPACES:
            raise InvalidTemplateError(f"'{node.name}' is unknown; a template knows {', '.join(NAMESPACES)}.")
    if sum(_joined(node) for node in tree.find_all((nodes.Add, nodes.Concat))) > MAX_JOINED:
        raise InvalidTemplateError(f"A template adds or joins {MAX_JOINED} values at most.")


def _refuse_changed_secrets(tree: nodes.Node, within: bool = False) -> None:
    """What a filter or a part would make of a secret could not be found again where it must not be shown."""
    named = isinstance(tree, nodes.Name) and tree.name == "secrets"
    if named or (within and _is_secret(tree)):
        raise InvalidTemplateError("A secret is used whole and by its name, as in {{ secrets.name }}, without filters.")
    if _is_secret(tree):
        return
    within = within or isinstance(tree, nodes.Getattr | nodes.Getitem | nodes.Filter)
    for node in tree.iter_child_nodes():
        _refuse_changed_secrets(node, within)


def _is_secret(node: nodes.Node) -> bool:
    if not isinstance(node, nodes.Getattr | nodes.Getitem) or not isinstance(node.node, nodes.Name):
        return False
    return node.node.name == "secrets" and len(_chain(node)) == 2


def _joined(node: nodes.Node) -> int:
    return len(node.nodes) if isinstance(node, nodes.Concat) else 1


def _dotted_names(tree: nodes.Node) -> set[tuple[str, ...]]:
    inner = {id(node.node) for node in tree.find_all((nodes.Getattr, nodes.Getitem))}
    chains = (_chain(node) for node in tree.find_all((nodes.Getattr, nodes.Getitem, nodes.Name)) if id(node) not in inner)
    return {chain for chain in chains if chain}


def _chain(node: nodes.Node) -> tuple[str, ...]:
    """The names from the namespace on, as far as they are written out: not past a computed key, none of a computed value."""
    keys: list[str | None] = []
    while isinstance(node, nodes.Getattr | nodes.Getitem):
        keys.append(node.attr if isinstance(node, nodes.Getattr) else _constant(node.arg))
        node = node.node
    if not isinstance(node, nodes.Name):
        return ()
    return (node.name, *itertools.takewhile(lambda key: key is not None, reversed(keys)))  # pyright: ignore[reportReturnType]


def _constant(node: nodes.Node) -> str | None:
    return str(node.value) if isinstance(node, nodes.Const) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]


def is_template(text: str) -> bool:
    return "{{" in text or "{%" in text or "{#" in text


def render(text: str, context: Mapping[str, Any], escape: Escape | None = None) -> str:
    """The text with its values in place, escaped as is said; blank values become nothing.

    Raises InvalidTemplateError for a text that is not a template of ours, RenderError for a name that means nothing in
    this context and for a text that would come out too long.
    """
    if not is_template(text):
        return text
    try:
        return _filled(_parse(text, escape)[0], context)
    except (TemplateError, TypeError, ValueError, ArithmeticError, RecursionError) as error:
        raise RenderError(f"The template cannot be filled in: {error}.") from error


def _filled(template: Template, context: Mapping[str, Any]) -> str:
    """Stops at the limit: a value of a million characters may stand in a text a thousand times."""
    parts: list[str] = []
    length = 0
    for part in template.generate(context):
        length += len(part)
        _bound(length)
        parts.append(part)
    return "".join(parts)


_END_OF_BASE = re.compile(r"(?<![:/])[/?#&]")


def render_url(text: str, context: Mapping[str, Any]) -> str:
    """A URL with its values in place. Those in path, query and fragment are percent-encoded, and stay in the part they stand in.

    What stands before the first `/`, `?`, `#` or `&` of the text itself is taken as it is: a whole address, or scheme and host.
    """
    base, rest = _parted(text)
    return render(base, context) + render(rest, context, "form")


def _parted(url: str) -> tuple[str, str]:
    if not is_template(url):
        return url, ""
    _parse(url)
    tokens = [(kind, said) for _, kind, said in _ENVIRONMENT.lex(url)]
    before = ""
    for number, (kind, said) in enumerate(tokens):
        end = _END_OF_BASE.search(said) if kind == "data" else None
        if end:
            after = said[end.start() :] + "".join(said for _, said in tokens[number + 1 :])
            return before + said[: end.start()], after
        before += said
    return before, ""


def render_inside(value: Any, context: Mapping[str, Any], escape: Escape | None = None) -> Any:
    """A JSON value with every text in it rendered."""
    match value:
        case str():
            return render(value, context, escape)
        case list():
            return [render_inside(item, context, escape) for item in value]  # pyright: ignore[reportUnknownVariableType]
        case dict():
            return {key: render_inside(item, context, escape) for key, item in value.items()}  # pyright: ignore[reportUnknownVariableType]
        case _:
            return value
