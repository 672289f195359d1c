"""What messages say: texts that a step has itself, or that it takes from a template."""

from typing import Any

from activities.situation import Situation
from automations.failures import ExpectedFailure
from store.database import Connection
from store.message_templates import read_template
from store.messages import Channel


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
