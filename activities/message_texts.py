"""What messages say: texts that a step has itself, or that it takes from a template."""

from dataclasses import dataclass
from typing import Any, Protocol

from activities.services import Services
from activities.situation import Situation
from activities.situations import seeing
from automations.failures import ExpectedFailure
from store.database import Connection
from store.message_templates import read_template
from store.messages import Channel


@dataclass(frozen=True)
class Texts:
    """Of a mail, as they are sent. `template` is where they come from, if not from the step."""

    subject: str
    body: str
    html: str | None
    template: str | None = None


class Worded(Protocol):
    """A step that says what it mails."""

    @property
    def template(self) -> str | None: ...
    @property
    def subject(self) -> str | None: ...
    @property
    def body(self) -> str: ...
    @property
    def html(self) -> str | None: ...


async def mail_texts(connection: Connection, step: Worded, situation: Situation, services: Services) -> Texts:
    """Raises ExpectedFailure `unknown_template`, and what rendering raises."""
    if step.template is None:
        return _rendered(step.subject or "", step.body, step.html, situation)
    row = await template_of(connection, step.template, "email")
    said = (row["subject"], row["body"], row["html"])
    wider = await seeing(connection, [text for text in said if text], situation, services)
    return _rendered(*said, wider, step.template)


def _rendered(subject: str, body: str, html: str | None, situation: Situation, template: str | None = None) -> Texts:
    """Values stand in HTML as values, whatever they hold."""
    return Texts(situation.render(subject), situation.render(body), situation.render(html, "html") if html else None, template)


async def template_of(connection: Connection, api_name: str, channel: Channel) -> Any:
    """The row. Raises ExpectedFailure `unknown_template`, also for one that is for the other kind of message."""
    row = await read_template(connection, api_name)
    if row is None or row["channel"] != channel:
        kind = "texts" if channel == "text" else "mails"
        raise ExpectedFailure("unknown_template", f"There is no template {api_name} for {kind} (any more).")
    return row


def filled(situation: Situation, text: str) -> str:
    """Raises ExpectedFailure `blank_message` where nothing is left to send."""
    found = situation.render(text)
    if not found.strip():
        raise ExpectedFailure("blank_message", "There is nothing to send: the text is blank.")
    return found
