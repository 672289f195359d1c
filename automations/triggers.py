"""What starts an execution."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from automations.model import JsonPath, Model, Name, StepId, WebhookName
from automations.throttle import QuietWindow


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


class Trigger(Model):
    id: StepId
    description: str = ""
    skip: bool = False


class ManualTrigger(Trigger):
    """By hand or API. Every automation has it, whether or not the document says so."""

    type: Literal["manual"] = "manual"


class WebhookTrigger(Trigger):
    """A call of `/webhooks/{api_name}/{name}`. Any payload starts; what is missing shows when a variable needs it.

    `auth: none` has to be said: it is the only way there is by now, and never the default.
    """

    type: Literal["webhook"] = "webhook"
    name: WebhookName
    method: Literal["GET", "POST"] = "POST"
    auth: Literal["none"]
    throttle: QuietWindow | None = None
    record: RecordReference | None = None
    extract: dict[Name, JsonPath] = {}


AnyTrigger = ManualTrigger | WebhookTrigger
TriggerUnion = Annotated[AnyTrigger, Field(discriminator="type")]
