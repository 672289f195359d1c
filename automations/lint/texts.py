"""What is written into an automation that belongs elsewhere: passwords, people, ids."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from automations.filters import FieldFilter, RelatedFilter, VariableFilter
from automations.lint.subject import Subject, hint, warning
from automations.needs import parts_of
from automations.problems import Problem, at
from automations.steps.integration import HttpRequest, texts_inside
from automations.steps.members import EmployeeByEmail
from automations.templates import is_template

_TOKEN = re.compile(
    r"\b(?:sk|pk|rk)_(?:live|test)_\w{8,}|\bgh[pousr]_\w{20,}|\bxox[abeoprs]-[\w-]{10,}|\bAKIA[0-9A-Z]{12,}|\bsk-[\w-]{20,}"
    r"|\besk_[\w-]{20,}|\bwhsec_[\w-]{10,}|\beyJ[\w-]{10,300}\.eyJ|\b(?:Bearer|Basic)\s+(?=[\w.+/=-]*\d)[\w.+/=-]{12,}"
    r"|[?&](?:api_?key|access_token|token|secret|password)=(?!\{)[\w.-]{8,}|://[^/\s:@{]+:[^/\s@{]+@",
    re.IGNORECASE,
)
_SECRET_NAME = re.compile(r"authorization|proxy-authorization|cookie|.*(api-?key|token|secret|password).*", re.IGNORECASE)
_SHORTEST = 8
"""Characters: what is shorter is hardly a secret."""

_ID = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", re.IGNORECASE)
_INSIDE = re.compile(r"localhost|127\..*|.*:.*|[^.]+|.*\.(?:internal|local|localhost)", re.IGNORECASE)


def secret_in_text(subject: Subject) -> Iterator[Problem]:
    for path, step in (*subject.variables, *subject.steps):
        for place, text in step.templates():
            if _TOKEN.search(text) or _is_secret(place, text):
                sentence = "It looks like a secret, and everybody who may see the automation reads it: keep it among the secrets."
                yield warning(at(path, place), "secret_in_text", sentence)


def _is_secret(place: str, text: str) -> bool:
    """By what it is called."""
    part, _, name = place.partition(".")
    named = part in ("headers", "query", "form") and bool(_SECRET_NAME.fullmatch(name))
    is_one = named or place in ("auth.bearer", "auth.basic.password")
    return is_one and len(text) >= _SHORTEST and not is_template(text)


def unencrypted_call(subject: Subject) -> Iterator[Problem]:
    for path, step in subject.steps:
        if isinstance(step, HttpRequest) and step.url.strip().lower().startswith("http://"):
            host = _host(step.url.strip())
            if host and not _INSIDE.fullmatch(host):
                sentence = f"What is said to {host} can be read and changed on its way: call it by https."
                yield hint(at(path, "url"), "unencrypted_call", sentence)


def _host(url: str) -> str:
    """Nothing where it is not written out."""
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return ""
    return "" if is_template(host) else host


def fixed_person(subject: Subject) -> Iterator[Problem]:
    for path, step in subject.steps:
        to = getattr(step, "to", None)
        if isinstance(to, EmployeeByEmail):
            sentence = f"It tells {to.employee} whoever does that work by then: the owner or a role stays right."
            yield hint(at(path, "to.employee"), "fixed_person", sentence)


def fixed_id(subject: Subject) -> Iterator[Problem]:
    """Those of other systems, in calls, are theirs."""
    filters = [(path, value) for path, filter in subject.filters for value in _values(filter)]
    texts = [
        (at(path, place), text)
        for path, step in (*subject.variables, *subject.steps)
        if not isinstance(step, HttpRequest)
        for place, text in step.templates()
    ]
    for path, text in (*filters, *texts):
        if _ID.search(text):
            sentence = "An id is written out, which tells a reader nothing and is another one elsewhere: take it from a field."
            yield hint(path, "fixed_id", sentence)


def _values(filter: Any) -> Iterator[str]:
    for part in parts_of(filter):
        if isinstance(part, FieldFilter | VariableFilter | RelatedFilter):
            yield from (text for _, text in texts_inside(part.value, ""))
