"""Steps that call other systems."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated, Any, ClassVar, Literal, Self, cast

from pydantic import Field, StringConstraints, model_validator

from automations.escapes import Escape
from automations.model import JsonPath, Model, Name, Template
from automations.steps.base import StepBase
from automations.steps.uses import AnyUse, TextUse, VariableUse

MAX_ANSWER = 1024 * 1024
"""Bytes of an answer that are read at most."""

HeaderName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$")]
ContentType = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9.+-]+/[A-Za-z0-9.+-]+(; *[A-Za-z0-9-]+=[A-Za-z0-9._\"-]+)*$")]

Success = Literal["2xx", "3xx", "4xx", "5xx"] | Annotated[int, Field(ge=200, le=599)]
"""Statuses of one class, or one status."""


class ResponseValue(Model):
    """A variable that takes the status code, the body, what a JSONPath finds in the JSON answer, or a header of it."""

    variable: Name
    value: Literal["status", "body"] | JsonPath | None = None
    header: HeaderName | None = None
    required: bool = False

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if (self.value is None) == (self.header is None):
            raise ValueError("A variable takes either a value or a header of the answer.")
        return self

    @property
    def of(self) -> str:
        """What is taken, for people."""
        return self.value or f"the header {self.header}"

    @property
    def reads_body(self) -> bool:
        return self.header is None and self.value != "status"


class BasicAuth(Model):
    username: Template
    password: Template = ""


class Auth(Model):
    """Who calls: a name and a password, or a token."""

    basic: BasicAuth | None = None
    bearer: Template | None = Field(None, min_length=1)

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if (self.basic is None) == (self.bearer is None):
            raise ValueError("A request is authorized either by basic or by bearer.")
        return self

    def texts(self) -> Iterator[tuple[str, str]]:
        if self.basic is not None:
            yield "auth.basic.username", self.basic.username
            yield "auth.basic.password", self.basic.password
        if self.bearer is not None:
            yield "auth.bearer", self.bearer


class HttpRequest(StepBase):
    """Calls a URL and may take values from the answer.

    An answer that fits `success` is one (2xx); others of 3xx and 4xx are expected failures, 5xx, 408, 425, 429 and time-outs
    unexpected ones. Every attempt carries the same idempotency key. A body is `json`, `form` or `body`; texts inside may hold
    `{{ … }}`, and what is merged into `body` is escaped by its content type unless `escape` is false.
    """

    type: Literal["http_request"] = "http_request"
    local: ClassVar[bool] = False
    timeout: ClassVar[timedelta] = timedelta(seconds=120)
    takes_secrets: ClassVar[bool] = True
    method: Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] = "GET"
    url: Template = Field(min_length=1)
    query: dict[str, Template] = {}
    headers: dict[str, Template] = {}
    auth: Auth | None = None
    json_body: Any = Field(None, alias="json")
    form: dict[str, Template] | None = None
    body: Template | None = None
    content_type: ContentType | None = None
    escape: bool = True
    idempotency_header: HeaderName = "Idempotency-Key"
    timeout_seconds: int = Field(30, ge=1, le=100)
    max_bytes: int = Field(MAX_ANSWER, ge=1, le=MAX_ANSWER)
    redirects: int = Field(0, ge=0, le=10)
    success: list[Success] = Field(["2xx"], min_length=1)
    into: list[ResponseValue] = []

    @model_validator(mode="after")
    def _has_one_body(self) -> Self:
        if sum(body is not None for body in (self.json_body, self.form, self.body)) > 1:
            raise ValueError("A request has one body: json, form or body.")
        if self.content_type is not None and self.body is None:
            raise ValueError("A content_type says what body is; json and form have their own.")
        if self.auth is not None and any(name.lower() == "authorization" for name in self.headers):
            raise ValueError("A request has either auth or a header Authorization.")
        return self

    def summary(self) -> str:
        return f"{self.method} {self.url}"

    def uses(self) -> Iterator[AnyUse]:
        yield from (TextUse(path, text) for path, text in self._texts())
        for index, wanted in enumerate(self.into):
            yield VariableUse(f"into[{index}].variable", wanted.variable, written=True)

    def _texts(self) -> Iterator[tuple[str, str]]:
        yield "url", self.url
        for part, texts in (("query", self.query), ("headers", self.headers), ("form", self.form or {})):
            yield from ((f"{part}.{name}", text) for name, text in texts.items())
        yield from self.auth.texts() if self.auth else ()
        if self.body is not None:
            yield "body", self.body
        yield from texts_inside(self.json_body, "json")

    def succeeds(self, status: int) -> bool:
        return status in self.success or f"{status // 100}xx" in self.success


def escape_of(content_type: str) -> Escape | None:
    """How values are written inside a body of that type; None for one that has no such way, as plain text."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "application/x-www-form-urlencoded":
        return "form"
    if kind == "text/html":
        return "html"
    format = kind.rpartition("/")[2].rpartition("+")[2]
    return "json" if format == "json" else "xml" if format == "xml" else None


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
