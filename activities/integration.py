"""Steps that call other systems."""

import asyncio
from base64 import b64encode
from dataclasses import replace
from typing import Any
from urllib.parse import quote, urlencode

import httpx2
import jsonpath
from pydantic_core import from_json, to_json

from activities.failures import ServerError
from activities.http_calls import HttpAnswer, call
from activities.redaction import Redactor
from activities.registry import runs
from activities.results import Result
from activities.services import Services
from activities.situation import Situation
from activities.variables import set_variable
from automations.failures import ExpectedFailure
from automations.json_paths import find
from automations.scalars import is_blank
from automations.steps.integration import Auth, HttpRequest, ResponseValue, escape_of
from automations.storable import storable, storable_text

_KEPT_TEXT = 4_000
_KEPT_HEADER = 500
"""Characters of what is shown of an answer."""

_SHOWN_HEADERS = frozenset({"content-type", "location", "retry-after", "etag", "last-modified", "link", "x-request-id"})

_LATER = frozenset({408, 425, 429})
"""Time-out, too early, too many requests: they say nothing about the request, which is worth another try."""


@runs("http_request")
async def http_request(step: HttpRequest, situation: Situation, services: Services) -> Result:
    answer = await call(step, _request(step, situation, services.http), situation, services.http)
    if isinstance(answer, Result):
        return answer
    return await asyncio.to_thread(_result, step, answer, situation)  # an answer is large, and a path may search


def _result(step: HttpRequest, answer: HttpAnswer, situation: Situation) -> Result:
    clean = situation.secrets.redactor  # before anything is cut: what is left of a secret would not be found
    output = _output(step, answer, clean)
    _refuse_what_is_no_success(step, answer, output)
    result = Result(output=output, warning=_warning_of(answer))
    for wanted in step.into:
        found = set_variable(situation, _known(situation, wanted.variable), _taken(wanted, answer, clean)).variables
        result = replace(result, variables={**result.variables, **found})
    return result


def _known(situation: Situation, variable: str) -> str:
    situation.variable(variable)
    return variable


def _request(step: HttpRequest, situation: Situation, client: httpx2.AsyncClient) -> httpx2.Request:
    try:
        content, content_type = _body(step, situation)
        headers = httpx2.Headers({step.idempotency_header: str(situation.key)})
        headers.update({"Content-Type": content_type} if content_type else {})
        headers.update({"Authorization": _authorization(step.auth, situation)} if step.auth else {})
        headers.update({name: _header(situation.render(value)) for name, value in step.headers.items()})
        return client.build_request(
            step.method, _url(step, situation), headers=headers, content=content, timeout=step.timeout_seconds
        )
    except (httpx2.InvalidURL, httpx2.UnsupportedProtocol, ValueError, TypeError) as error:
        raise ExpectedFailure("invalid_request", f"The request cannot be made: {error}.") from error


def _url(step: HttpRequest, situation: Situation) -> str:
    url, mark, fragment = situation.render_url(step.url).strip().partition("#")
    query = urlencode({name: situation.render(value) for name, value in step.query.items()}, quote_via=quote)
    joint = "" if not query else "&" if "?" in url else "?"
    return f"{url}{joint}{query}{mark}{fragment}"


def _header(text: str) -> Any:
    """As UTF-8 on the wire; what of a text was written over several lines has none at its ends."""
    return text.strip().encode()


def _authorization(auth: Auth, situation: Situation) -> Any:
    if auth.basic is None:
        return _header(f"Bearer {situation.render(auth.bearer or '').strip()}")
    name, password = (situation.render(text) for text in (auth.basic.username, auth.basic.password))
    return b"Basic " + b64encode(f"{name}:{password}".encode())


def _body(step: HttpRequest, situation: Situation) -> tuple[bytes | None, str | None]:
    """And its content type, unless a header says it."""
    if step.json_body is not None:
        return to_json(situation.render_inside(step.json_body)), "application/json"
    if step.form is not None:
        form = {name: situation.render(value) for name, value in step.form.items()}
        return urlencode(form).encode(), "application/x-www-form-urlencoded"
    if step.body is None:
        return None, None
    own = next((situation.render(value) for name, value in step.headers.items() if name.lower() == "content-type"), None)
    escape = escape_of(own or step.content_type or "") if step.escape else None
    return situation.render(step.body, escape).encode(), step.content_type and _with_charset(step.content_type)


def _with_charset(content_type: str) -> str:
    """What is sent is UTF-8, which of texts nobody would guess."""
    says = not content_type.startswith("text/") or "charset=" in content_type.lower()
    return content_type if says else f"{content_type}; charset=utf-8"


def _output(step: HttpRequest, answer: HttpAnswer, clean: Redactor) -> dict[str, Any]:
    """What the history keeps."""
    shown = _SHOWN_HEADERS | {wanted.header.lower() for wanted in step.into if wanted.header}
    headers = {name: clean.text(value)[:_KEPT_HEADER] for name, value in answer.headers.items() if name.lower() in shown}
    body = clean.text(answer.text)[:_KEPT_TEXT]
    return {"status": answer.status, "headers": headers, "body": body}


def _refuse_what_is_no_success(step: HttpRequest, answer: HttpAnswer, output: dict[str, Any]) -> None:
    status, said = answer.status, f"{step.method} {answer.url.host} answered {answer.status}"
    if step.succeeds(status):
        if not answer.whole:
            raise ExpectedFailure("answer_too_large", f"{answer.url.host} answered with more than {step.max_bytes:,} bytes.")
        if answer.flaw and any(wanted.reads_body for wanted in step.into):
            raise ExpectedFailure("answer_unreadable", f"{_warning_of(answer)} Resume the step to call again.")
        return
    if status >= 500 or status in _LATER:
        wait = answer.wait
        raise ServerError(f"{said} and asks to wait {wait.total_seconds():.0f} s" if wait else said, wait)
    redirect = 300 <= status < 400 and "Location" in answer.headers
    why = "redirects are not followed" if redirect else " ".join(output["body"].split())[:200]
    raise ExpectedFailure("http_refused", f"{said}: {why}")


def _warning_of(answer: HttpAnswer) -> str | None:
    """The other side did its work: that its answer broke off is no reason to call again."""
    if answer.flaw is None:
        return None
    flaw = " ".join(answer.flaw.split()).rstrip(".")
    return storable_text(f"The answer {answer.status} of {answer.url.host} could not be kept whole: {flaw}.")


def _taken(wanted: ResponseValue, answer: HttpAnswer, clean: Redactor) -> Any:
    found = clean.inside(storable(_value(wanted, answer)))
    if wanted.required and is_blank(found):
        sentence = f"Variable {wanted.variable} is required and {wanted.of} of the answer from {answer.url.host} is blank."
        raise ExpectedFailure("required_variable_blank", sentence)
    return found


def _value(wanted: ResponseValue, answer: HttpAnswer) -> Any:
    if wanted.header is not None:
        return answer.headers.get(wanted.header)
    match wanted.value:
        case "status":
            return answer.status
        case "body":
            return answer.text
        case path:
            return _found(path or "$", answer.body)


def _found(path: str, body: bytes) -> Any:
    """Nothing is found in nothing, as an answer without content is."""
    if not body:
        return None
    try:
        found = find(path, from_json(body))
    except (ValueError, RecursionError, jsonpath.JSONPathError) as error:
        raise ExpectedFailure("answer_not_json", f"{path} cannot be read from the answer: {error}.") from error
    return found[0] if len(found) == 1 else found or None
