"""From what a user sends to a document, with all that is wrong with it at once.

Every part is parsed on its own, a step without the steps below it, so that one mistake does not hide another.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, TypeVar, cast, get_args

from pydantic import BaseModel, ValidationError

from automations.checks import check_draft
from automations.checks.draft import Draft, UnreadStep, UnreadTrigger
from automations.document import AutomationDocument
from automations.error_paths import problems_of
from automations.fields import ObjectDefinition
from automations.nesting import NESTING_KEYS, step_lists, without_steps
from automations.problems import Problem, at
from automations.reading import DocumentSyntaxError, read_yaml
from automations.shape import shape_problems, with_ids
from automations.steps import STEP_TYPES
from automations.steps.base import StepBase
from automations.steps.variables import InitializeVariable
from automations.triggers import AnyTrigger, Trigger

TRIGGER_TYPES: dict[str, type[Trigger]] = {kind.model_fields["type"].default: kind for kind in get_args(AnyTrigger)}

_M = TypeVar("_M", bound=BaseModel)

_PARTS = ("triggers", "variables", "steps")


@dataclass(frozen=True)
class ParsedDocument:
    """`document` is there if it could be read; it may be saved if there are no `errors` besides."""

    document: AutomationDocument | None
    problems: list[Problem]

    @property
    def errors(self) -> list[Problem]:
        return [problem for problem in self.problems if problem.severity == "error"]

    @property
    def warnings(self) -> list[Problem]:
        return [problem for problem in self.problems if problem.severity == "warning"]


def load_document(text: str, objects: Mapping[str, ObjectDefinition] | None = None) -> ParsedDocument:
    """From YAML or JSON text; a text that is neither has the one problem `invalid_yaml`."""
    try:
        return parse_document(read_yaml(text), objects)
    except DocumentSyntaxError as error:
        return ParsedDocument(None, [Problem(path="", code=error.code, sentence=error.sentence)])


def parse_document(raw: object, objects: Mapping[str, ObjectDefinition] | None = None) -> ParsedDocument:
    """From a JSON value; never raises. With `objects` (those that exist, by api name) what the parts mean is checked too.

    Triggers, variables and steps without an id get one.
    """
    if not isinstance(raw, Mapping):
        return ParsedDocument(None, [Problem(path="", code="invalid_value", sentence="A document is an object with keys.")])
    given = cast(Mapping[str, Any], raw)
    if refused := shape_problems(given):
        return ParsedDocument(None, refused)
    parser = _Parser(with_ids(given))
    document = parser.document()
    found = check_draft(parser.draft(objects)) if objects is not None else []
    return ParsedDocument(document if not parser.problems else None, [*parser.problems, *found])


class _Parser:
    def __init__(self, raw: dict[str, Any]) -> None:
        self.raw = raw
        self.problems: list[Problem] = []
        self.header = self._header()
        self.triggers = [self._trigger(item, f"triggers[{index}]") for index, item in enumerate(self._list("triggers"))]
        self.variables = [self._variable(item, f"variables[{index}]") for index, item in enumerate(self._list("variables"))]
        self.steps = self._steps(self._list("steps"), "steps")

    def document(self) -> AutomationDocument | None:
        parts: dict[str, Any] = {"triggers": self.triggers, "variables": self.variables, "steps": self.steps}
        given = {name: part for name, part in parts.items() if name in self.raw}
        return self.header.model_copy(update=given) if self.header else None

    def draft(self, objects: Mapping[str, ObjectDefinition]) -> Draft:
        unread = frozenset(problem.path for problem in self.problems if problem.path in self.raw)
        api_name, object = (self.raw.get(key) if key not in unread else None for key in ("api_name", "object"))
        told = self.header.error_notification if self.header else None
        return Draft(api_name, object, self.triggers, self.variables, self.steps, objects, unread, told)

    def _header(self) -> AutomationDocument | None:
        return self._model(AutomationDocument, {key: value for key, value in self.raw.items() if key not in _PARTS}, "")

    def _list(self, key: str) -> list[Any]:
        value: Any = self.raw.get(key, [])
        if isinstance(value, list):
            return cast(list[Any], value)
        self._add(key, "invalid_value", "It is a list.")
        return []

    def _trigger(self, raw: Any, path: str) -> Trigger:
        kind = self._kind(raw, path, TRIGGER_TYPES, "trigger")
        read = self._model(kind, raw, path) if kind else None
        return read or UnreadTrigger.model_construct(id=_id(raw, path), name=_text(raw, "name"))

    def _variable(self, raw: Any, path: str) -> StepBase:
        read = self._model(InitializeVariable, raw, path)
        return read or UnreadStep.model_construct(id=_id(raw, path), variable=_text(raw, "name"))

    def _steps(self, raw: list[Any], path: str) -> list[StepBase]:
        return [self._step(item, at(path, index)) for index, item in enumerate(raw)]

    def _step(self, raw: Any, path: str) -> StepBase:
        kind = self._kind(raw, path, STEP_TYPES, "step")
        keys = NESTING_KEYS.intersection(kind.model_fields) if kind else NESTING_KEYS
        read = self._model(kind, without_steps(raw, keys), path) if kind else None
        below = {place: self._steps(steps, at(path, place)) for place, steps in step_lists(raw, keys)}
        if read:
            return read.with_paths({name: below[place] for name in read.paths() if (place := read.path_at(name)) in below})
        return UnreadStep.model_construct(id=_id(raw, path), type=_text(raw, "type") or "unread", children=below)

    def _kind(self, raw: Any, path: str, kinds: Mapping[str, type[_M]], word: str) -> type[_M] | None:
        """The model that a step's or trigger's type asks for; None, with the problem noted, if there is none."""
        if not isinstance(raw, dict):
            self._add(path, "invalid_value", f"A {word} is an object with a type.")
            return None
        if "type" not in raw:
            self._add(at(path, "type"), "missing_key", f"A {word} has a type: {', '.join(kinds)}.")
            return None
        name = _text(cast(Any, raw), "type")
        if name not in kinds:
            self._add(at(path, "type"), f"unknown_{word}_type", _unknown_type(name, kinds, word))
        return kinds.get(name or "")

    def _model(self, model: type[_M], raw: Any, path: str) -> _M | None:
        try:
            return model.model_validate(raw, by_alias=True, by_name=False)
        except ValidationError as error:
            self.problems += problems_of(error, raw, path, model)
            return None

    def _add(self, path: str, code: str, sentence: str) -> None:
        self.problems.append(Problem(path=path, code=code, sentence=sentence))


def _unknown_type(name: str | None, kinds: Mapping[str, Any], word: str) -> str:
    meant = get_close_matches(name or "", kinds, n=1)
    guess = f" Did you mean {meant[0]}?" if meant else ""
    return f"There is no {word} type {(name or '')[:80]!r}; there are: {', '.join(kinds)}.{guess}"


def _text(raw: Any, key: str) -> str | None:
    value = cast(dict[str, Any], raw).get(key) if isinstance(raw, dict) else None
    return value if isinstance(value, str) else None


def _id(raw: Any, path: str) -> str:
    """As given, or one that no step can have."""
    return _text(raw, "id") or f"({path})"
