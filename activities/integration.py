"""Steps that call other systems."""

from dataclasses import replace
from typing import Any

import httpx2
import jsonpath
from pydantic_core import from_json, to_json

from activities.failures import ServerError, UnreachableError
from activities.registry import runs
from activities.results import Result
from activities.services import Services
from activities.situation import Situation
from activities.switching import checked_hosts
from activities.variables import set_variable
from automations.failures import ExpectedFailure
from automations.steps.integration import HttpRequest, ResponseValue

MAX_ANSWER = 1024 * 1024
_KEPT_TEXT = 4_000


@runs("http_request")
async def http_request(step: HttpRequest, situation: Situation, services: Services) -> Result:
    request = _request(step, situation, services.http)
    stopped = checked_hosts(situation.row, request.url.host, request.url.raw_host.decode())
    if stopped:
        return stopped
    status, body = await _answer(step, request, services.http)
    if status >= 500:
        raise ServerError(f"{step.method} {request.url.host} answered {status}")
    clean = situation.secrets.redactor  # before anything is cut: what is left of a secret would not be found
    output = {"status": status, "body": clean.text(body.decode(errors="replace"))[:_KEPT_TEXT]}
    if not 200 <= status < 300:
        said = "redirects are not followed" if status < 400 else " ".join(output["body"].split())[:200]
        raise ExpectedFailure("http_refused", f"{step.method} {request.url.host} answered {status}: {said}")
    result = Result(output=output)
    for wanted in step.into:
        found = set_variable(situation, _known(situation, wanted.variable), clean.inside(_value(wanted, status, body))).variables
        result = replace(result, variables={**result.variables, **found})
    return result


def _known(situation: Situation, variable: str) -> str:
    situation.variable(variable)
    return variable


def _request(step: HttpRequest, situation: Situation, client: httpx2.AsyncClient) -> httpx2.Request:
    headers = {name: situation.render(value) for name, value in step.headers.items()}
    headers = {"Idempotency-Key": str(situation.key), **headers}
    content = situation.render(step.body) if step.body is not None else None
    json = situation.render_inside(step.json_body) if step.json_body is not None else None
    if json is not None:
        content = to_json(json)
        headers = {"Content-Type": "application/json", **headers}
    try:
        return client.build_request(
            step.method, situation.render(step.url).strip(), headers=headers, content=content, timeout=step.timeout_seconds
        )
    except (httpx2.InvalidURL, httpx2.UnsupportedProtocol, ValueError, TypeError) as error:
        raise ExpectedFailure("invalid_request", f"The request cannot be made: {error}.") from error


async def _answer(step: HttpRequest, request: httpx2.Request, client: httpx2.AsyncClient) -> tuple[int, bytes]:
    """Status and body, read no further than the limit."""
    try:
        response = await client.send(request, stream=True)
    except (httpx2.UnsupportedProtocol, httpx2.InvalidURL, httpx2.LocalProtocolError) as error:
        raise ExpectedFailure("invalid_request", f"The request cannot be made: {error}.") from error
    except httpx2.ConnectError as error:
        raise UnreachableError(f"{request.url.host}:{request.url.port or 'default port'} cannot be reached: {error}") from error
    try:
        body = b""
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) > MAX_ANSWER:
                raise ExpectedFailure("answer_too_large", f"{request.url.host} answered with more than {MAX_ANSWER} bytes.")
        return response.status_code, body
    finally:
        await response.aclose()


def _value(wanted: ResponseValue, status: int, body: bytes) -> Any:
    if wanted.value == "status":
        return status
    if wanted.value == "body":
        return body.decode(errors="replace")
    try:
        found = jsonpath.findall(wanted.value, from_json(body))
    except (ValueError, jsonpath.JSONPathError) as error:
        raise ExpectedFailure("answer_not_json", f"{wanted.value} cannot be read from the answer: {error}.") from error
    return found[0] if len(found) == 1 else found or None
