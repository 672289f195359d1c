"""Checks of texts with `{{ … }}`: can they be read, and does each name in them mean something."""

from collections.abc import Callable, Iterator, Mapping

from automations.checks.draft import Draft
from automations.checks.names import is_known_behind, leads_somewhere
from automations.checks.sources import can_tell_webhooks, webhooks
from automations.event_triggers import FormSubmitted, SurveySubmitted
from automations.fields import ATTRIBUTES
from automations.problems import Problem, at
from automations.steps.base import StepBase
from automations.templates import InvalidTemplateError, is_template, references

_EXECUTION = frozenset({"id"})
_AUTOMATION = frozenset({"api_name", "name"})
_BUSINESS = frozenset({"name", "timezone"})

Finding = tuple[str, str]
"""A code and a sentence."""


def template_problems(draft: Draft) -> Iterator[Problem]:
    for path, step in draft.walk:
        for place, text in step.templates():
            if is_template(text):
                yield from _text_problems(draft, step, text, at(path, place))


def _text_problems(draft: Draft, step: StepBase, text: str, path: str) -> Iterator[Problem]:
    try:
        names = sorted(references(text))
    except InvalidTemplateError as error:
        yield Problem(path=path, code=error.code, sentence=error.sentence)
        return
    for name in names:
        finding = _finding(draft, step, name) if len(name) > 1 else None
        if finding is not None:
            code, sentence = finding
            yield Problem(path=path, code=code, sentence=f"{'.'.join(name)[:200]}: {sentence}")


def _finding(draft: Draft, step: StepBase, name: tuple[str, ...]) -> Finding | None:
    if name[0] == "secrets":
        return None if step.takes_secrets else ("secret_not_allowed", "secrets go into HTTP requests only.")
    return _CHECKS[name[0]](draft, name[1:])


def _record(draft: Draft, names: tuple[str, ...]) -> Finding | None:
    if draft.is_global:
        return "unknown_reference", "a global automation has no record."
    if draft.definition is None:
        return None
    name, *rest = names
    if name != "id" and name not in ATTRIBUTES and draft.definition.field(name) is None:
        return "unknown_reference", f"{draft.object} has no field {name}."
    return _behind(draft, name, rest) if rest else None


def _behind(draft: Draft, name: str, rest: list[str]) -> Finding | None:
    if not leads_somewhere(draft, name):
        return _inside_value(name, rest)
    if not is_known_behind(draft, name, rest[0]):
        return "unknown_reference", f"what {name} leads to has no field {rest[0]}."
    if len(rest) > 1 and not _are_indexes(rest[1:]):
        return "too_many_hops", "a text follows one relationship, not two."
    return None


def _inside_value(name: str, rest: list[str]) -> Finding | None:
    if _are_indexes(rest):
        return None
    return "unknown_reference", f"{name} is a value that has nothing inside."


def _are_indexes(names: list[str]) -> bool:
    return all(name.isdecimal() for name in names)


def _variable(draft: Draft, names: tuple[str, ...]) -> Finding | None:
    name, *rest = names
    if name in draft.variable_types:
        return _inside_value(name, rest)
    return ("unknown_reference", f"there is no variable {name}.") if draft.can_tell_variables else None


def _trigger(draft: Draft, names: tuple[str, ...]) -> Finding | None:
    """Only the values of webhooks are known beforehand: what else an event brings depends on the event."""
    if len(names) < 2 or names[0] != "values" or not can_tell_webhooks(draft):
        return None
    if any(isinstance(trigger, FormSubmitted | SurveySubmitted) for trigger in draft.triggers):
        return None
    if any(names[1] in webhook.extract for webhook in webhooks(draft)):
        return None
    return "unknown_reference", f"no webhook of the automation extracts a value {names[1]}."


def _one_of(known: frozenset[str]) -> Callable[[Draft, tuple[str, ...]], Finding | None]:
    def check(_: Draft, names: tuple[str, ...]) -> Finding | None:
        is_known = names[0] in known and len(names) == 1
        return None if is_known else ("unknown_reference", f"there is {', '.join(sorted(known))}.")

    return check


_CHECKS: Mapping[str, Callable[[Draft, tuple[str, ...]], Finding | None]] = {
    "record": _record,
    "variables": _variable,
    "trigger": _trigger,
    "execution": _one_of(_EXECUTION),
    "automation": _one_of(_AUTOMATION),
    "business": _one_of(_BUSINESS),
}
