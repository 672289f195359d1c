"""Calls of other systems."""

from typing import Annotated, Literal, Self

from pydantic import Discriminator, Field, Tag, model_validator

from automations.filters import Filter
from automations.model import JsonPath, Model, Name, WebhookName
from automations.triggers.base import ThrottledTrigger


class Place(Model):
    """Where a value is in a call: in its body, which of a GET is the query, or in the query of a POST."""

    source: Literal["body", "query"] = Field(default="body", alias="from")
    path: JsonPath


def _form(raw: object) -> str:
    return "place" if isinstance(raw, dict | Place) else "path"


AnyPlace = Annotated[Annotated[JsonPath, Tag("path")] | Annotated[Place, Tag("place")], Discriminator(_form)]
"""A JSONPath alone is one in the body."""


def place_of(place: AnyPlace) -> Place:
    return place if isinstance(place, Place) else Place(path=place)


class RecordReference(Model):
    """How a webhook names the record: by id, email or name, found in the call."""

    id: AnyPlace | None = None
    email: AnyPlace | None = None
    name: AnyPlace | None = None

    @model_validator(mode="after")
    def _is_one_way(self) -> Self:
        if sum(way is not None for way in (self.id, self.email, self.name)) != 1:
            raise ValueError("A record is named one way: by id, email or name.")
        return self

    @property
    def way(self) -> Literal["id", "email", "name"]:
        return "id" if self.id is not None else "email" if self.email is not None else "name"

    @property
    def place(self) -> AnyPlace:
        return self.id or self.email or self.name or "$"


class WebhookTrigger(ThrottledTrigger):
    """A call of `/webhooks/{api_name}/{name}`. Any payload starts; what is missing shows when a variable needs it.

    `auth` says who may call: whoever has an API key with events:write (`api_key`), whoever knows the webhook's secret
    (`signature`), or whoever knows the address (`none`).
    With `raw_body` the body is kept as text too, as it came. A `filter` is about the record that the call names.
    """

    type: Literal["webhook"] = "webhook"
    name: WebhookName
    method: Literal["GET", "POST"] = "POST"
    auth: Literal["api_key", "signature", "none"] = "api_key"
    record: RecordReference | None = None
    extract: dict[Name, AnyPlace] = {}
    raw_body: bool = False
    filter: Filter | None = None

    def summary(self) -> str:
        return f"webhook {self.name} {self.method}"
