"""Calls of other systems."""

from typing import Literal, Self

from pydantic import model_validator

from automations.model import JsonPath, Model, Name, WebhookName
from automations.triggers.base import ThrottledTrigger


class RecordReference(Model):
    """How a webhook names the record: by id, email or name, found in the payload by JSONPath."""

    id: JsonPath | None = None
    email: JsonPath | None = None
    name: JsonPath | None = None

    @model_validator(mode="after")
    def _is_one_way(self) -> Self:
        if sum(way is not None for way in (self.id, self.email, self.name)) != 1:
            raise ValueError("A record is named one way: by id, email or name.")
        return self


class WebhookTrigger(ThrottledTrigger):
    """A call of `/webhooks/{api_name}/{name}`. Any payload starts; what is missing shows when a variable needs it.

    `auth: none` has to be said: it is the only way there is by now, and never the default.
    """

    type: Literal["webhook"] = "webhook"
    name: WebhookName
    method: Literal["GET", "POST"] = "POST"
    auth: Literal["none"]
    record: RecordReference | None = None
    extract: dict[Name, JsonPath] = {}
