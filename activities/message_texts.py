"""What a message says: the texts of a template, or of the step, with their values."""

from dataclasses import dataclass
from typing import Any, Protocol

from activities.services import Services
from activities.situation import Situation
from activities.situations import reading
from automations.failures import ExpectedFailure
from store.database import Connection
from store.message_templates import read_template
from store.messages import Channel


@dataclass(frozen=True)
class Texts:
    """As they are sent. `template` is where they come from, if not from the step."""

    subject: str
    body: str
    html: str | None
    template: str | None = None


class Worded(Protocol):
    """A step that says what it sends."""

    @property
    def template(self) -> str | None: ...
    @property
    def subject(self) -> str: ...
    @property
    def body(self) -> str: ...
    @property
    def html(self) -> str | None: ...


async def mail_texts(connection: Connection, step: Worded, situation: Situation, services: Services) -> Texts:
    """Raises ExpectedFailure `unknown_template`, and what rendering raises."""
    if step.template is None:
        return _rendered(step.subject, step.body, step.html, situation)
    row = await stored_template(connection, step.template, "email")
    said = (row["subject"], row["body"], row["html"])
    wider = await reading(connection, situation, [text for text in said if text], services)
    return _rendered(*said, wider, step.template)


async def stored_template(connection: Connection, api_name: str, channel: Channel) -> Any:
    """Raises ExpectedFailure `unknown_template`."""
    row = await read_template(connection, api_name)
    if row is None:
        raise ExpectedFailure("unknown_template", f"There is no message template {api_name} (any more).")
    if row["channel"] != channel:
        needed = "a mail" if channel == "email" else "a text"
        raise ExpectedFailure("unknown_template", f"The message template {api_name} is none for {needed}.")
    return row


def _rendered(subject: str, body: str, html: str | None, situation: Situation, template: str | None = None) -> Texts:
    """Values stand in HTML as values, whatever they hold."""
    return Texts(situation.render(subject), situation.render(body), situation.render(html, "html") if html else None, template)
