"""Steps that call other systems."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, ClassVar, Literal, Self, cast

from pydantic import Field, model_validator

from automations.model import JsonPath, Model, Name, Template
from automations.steps.base import StepBase
from automations.steps.uses import AnyUse, TextUse, VariableUse


class ResponseValue(Model):
    """A variable that takes the status code, or what a JSONPath finds in the JSON answer."""

    variable: Name
    value: Literal["status", "body"] | JsonPath


class HttpRequest(StepBase):
    """Calls a URL. 2xx is success, 3xx and 4xx are expected failures, 5xx and time-outs unexpected ones.

    Every attempt carries the same `Idempotency-Key`. `json` and `body` exclude each other; texts inside may hold `{{ … }}`.
    """

    type: Literal["http_request"] = "http_request"
    local: ClassVar[bool] = False
    timeout: ClassVar[timedelta] = timedelta(seconds=120)
    takes_secrets: ClassVar[bool] = True
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = "GET"
    url: Template = Field(min_length=1)
    headers: dict[str, Template] = {}
    json_body: Any = Field(None, alias="json")
    body: Template | None = None
    timeout_seconds: int = Field(30, ge=1, le=100)
    into: list[ResponseValue] = []

    @model_validator(mode="after")
    def _has_one_body(self) -> Self:
        if self.json_body is not None and self.body is not None:
            raise ValueError("A request has either json or body.")
        return self

    def summary(self) -> str:
        return f"{self.method} {self.url}"

    def uses(self) -> Iterator[AnyUse]:
        yield from (TextUse(path, text) for path, text in self._texts())
        for index, wanted in enumerate(self.into):
            yield VariableUse(f"into[{index}].variable", wanted.variable, written=True)

    def _texts(self) -> Iterator[tuple[str, str]]:
        yield "url", self.url
        for name, value in self.headers.items():
            yield f"headers.{name}", value
        if self.body is not None:
            yield "body", self.body
        yield from texts_inside(self.json_body, "json")


def texts_inside(value: Any, path: str) -> Iterator[tuple[str, str]]:
    """Every text in a JSON value with its path."""
    match value:
        case str():
            yield path, value
        case dict():
            for key, item in cast(dict[str, Any], value).items():
                yield from texts_inside(item, f"{path}.{key}")
        case list():
            for index, item in enumerate(cast(list[Any], value)):
                yield from texts_inside(item, f"{path}[{index}]")
        case _:
            return


IntegrationStep = HttpRequest
