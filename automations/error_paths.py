"""What pydantic found, in the words of the document: paths and keys as the author wrote them, sentences for people.

The place of an error is found by going along what the author gave: what is no key there is a name that pydantic gave to
one of several forms, and the form that was most likely meant is the one that is told about.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, cast, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from pydantic_core.core_schema import ErrorType

from automations.problems import Problem, at

_PYDANTICS_OWN = frozenset(get_args(ErrorType))

_CODES = {"missing": "missing_key", "extra_forbidden": "unknown_key", "invalid_key": "unknown_key"}

SENTENCES = {
    "literal_error": "It has to be one of {expected}.",
    "string_type": "It has to be a text.",
    "bool_type": "It has to be true or false.",
    "bool_parsing": "It has to be true or false.",
    "int_type": "It has to be a whole number.",
    "int_parsing": "It has to be a whole number.",
    "int_from_float": "It has to be a whole number.",
    "decimal_type": "It has to be a number.",
    "decimal_parsing": "It has to be a number.",
    "list_type": "It has to be a list.",
    "dict_type": "It has to be an object with keys.",
    "model_type": "It has to be an object with keys.",
    "model_attributes_type": "It has to be an object with keys.",
    "union_tag_invalid": "There is no {discriminator} {tag} here; there are: {expected_tags}.",
    "union_tag_not_found": "It has a {discriminator}, which says what it is.",
    "string_too_short": "It has at least {min_length} character(s).",
    "string_too_long": "It has at most {max_length} characters.",
    "too_short": "It has at least {min_length} item(s).",
    "too_long": "It has at most {max_length} items.",
    "string_pattern_mismatch": "It is not written as it must be: the pattern is {pattern}.",
    "greater_than_equal": "It has to be {ge} at least.",
    "less_than_equal": "It has to be {le} at most.",
}
"""By pydantic's kind of error, which speaks to programmers."""

_FORMS = {
    "to": "owner, {employee: address}, {role: name} or {field: name}",
    "cc": "owner, {employee: address}, {role: name} or {field: name}",
    "reply_to": "owner, or an address",
    "until": "a date and time with an offset, {field: name} or {variable: name}",
    "on": "this_record, global, {field: name}, {through: [names]} or {variable: name}",
    "records": "this_record, {field: name}, {through: [names]} or {variable: name}",
    "automations": "all or a list of names",
    "due": "now, {after: {days: 2}} or {around: {field: name}}",
    "value": "status, body or a JSONPath that begins with $",
}
"""Where pydantic tries several forms, what they are."""


@dataclass(frozen=True)
class _Finding:
    """An error at its place; `form` names the one of several forms that it speaks of, and `forms_at` how deep these stand."""

    keys: tuple[str | int, ...]
    error: ErrorDetails
    form: str | None = None
    forms_at: int = 0

    @property
    def group(self) -> tuple[str | int, ...]:
        return self.keys[: self.forms_at]


def problems_of(error: ValidationError, raw: object, path: str, model: type[BaseModel] | None = None) -> list[Problem]:
    """The problems of a part of the document that stands at `path`; `model` helps to guess what a misspelled key meant."""
    findings = [_found(detail, raw) for detail in error.errors(include_url=False, include_input=False)]
    return list(dict.fromkeys(_problem(finding, path, model) for finding in _of_likely_forms(findings)))


def _found(error: ErrorDetails, raw: object) -> _Finding:
    keys: list[str | int] = []
    form: str | None = None
    forms_at = 0
    here = raw
    for index, key in enumerate(error["loc"]):
        is_absent = index == len(error["loc"]) - 1 and error["type"] == "missing"
        if is_absent or _has(here, key):
            keys.append(key)
            here = None if is_absent else cast(Any, here)[key]
        elif form is None:
            form, forms_at = str(key), len(keys)
    return _Finding(tuple(keys), error, form, forms_at)


def _has(value: object, key: str | int) -> bool:
    match value:
        case dict():
            return key in value
        case list():
            return isinstance(key, int) and 0 <= key < len(cast(list[object], value))
        case _:
            return False


def _of_likely_forms(findings: Sequence[_Finding]) -> Iterator[_Finding]:
    told: set[tuple[str | int, ...]] = set()
    for finding in findings:
        if finding.form is None:
            yield finding
        elif finding.group not in told:
            told.add(finding.group)
            yield from _likely([other for other in findings if other.form and other.group == finding.group])


def _likely(findings: list[_Finding]) -> list[_Finding]:
    """Those of the form that fits best; if none does, one that stands for all."""
    forms: dict[str, list[_Finding]] = {}
    for finding in findings:
        forms.setdefault(finding.form or "", []).append(finding)
    if len(forms) == 1:
        return findings
    begun = [of_form for of_form in forms.values() if all(len(finding.keys) > finding.forms_at for finding in of_form)]
    begun.sort(key=len)
    is_clear = begun and (len(begun) == 1 or len(begun[0]) < len(begun[1]))
    return begun[0] if is_clear else [_none_of_them(findings[0])]


def _none_of_them(finding: _Finding) -> _Finding:
    named = [key for key in finding.group if isinstance(key, str)]  # the items of a list have the forms of the list
    forms = _FORMS.get(named[-1]) if named else None
    sentence = f"It is one of: {forms}." if forms else "It is none of what may stand here."
    return _Finding(finding.group, {**finding.error, "type": "invalid_value", "msg": sentence})


def _problem(finding: _Finding, path: str, model: type[BaseModel] | None) -> Problem:
    kind = finding.error["type"]
    code = _CODES.get(kind, kind if kind not in _PYDANTICS_OWN else "invalid_value")
    place = path
    for key in finding.keys:
        place = at(place, key if isinstance(key, int) else key[:80])
    return Problem(path=place, code=code, sentence=_sentence(finding, model))


def _sentence(finding: _Finding, model: type[BaseModel] | None) -> str:
    kind, context = finding.error["type"], finding.error.get("ctx", {})
    if kind == "missing":
        return f"{finding.keys[-1]} is missing."
    if kind in ("extra_forbidden", "invalid_key"):
        return _unknown_key(finding, model)
    if kind == "value_error" and isinstance(context.get("error"), ValueError):
        return _ended(str(context["error"]))
    if kind in SENTENCES:
        return SENTENCES[kind].format(**{**context, "discriminator": str(context.get("discriminator")).strip("'")})
    return _ended(re.sub(r"^(Input|String|Value|List|Dictionary) should", "It should", finding.error["msg"]))


def _unknown_key(finding: _Finding, model: type[BaseModel] | None) -> str:
    key = str(finding.keys[-1])[:80]
    known = _keys_of(model) if model and len(finding.keys) == 1 else ()
    meant = get_close_matches(key, known, n=1)
    return f"There is no key {key} here{f': did you mean {meant[0]}?' if meant else '.'}"


def _keys_of(model: type[BaseModel]) -> list[str]:
    fields: Mapping[str, Any] = model.model_fields
    return [field.alias or name for name, field in fields.items()]


def _ended(sentence: str) -> str:
    return sentence if sentence.endswith((".", "?", "!")) else f"{sentence}."
