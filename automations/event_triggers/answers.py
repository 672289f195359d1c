"""What a step that has asked for something waits for: nothing that a document could say."""

from typing import Literal

from automations.event_triggers.base import Event, EventTrigger, Listen
from automations.texts import is_start, is_stop


class TextAnswered(EventTrigger):
    """A text came from the number that was asked, and says something. Whoever stops texts, or lets them come, answers nothing."""

    type: Literal["text_answered"] = "text_answered"
    number: str

    def summary(self) -> str:
        return f"{self.number} answers by text"

    def listens(self) -> frozenset[Listen]:
        return frozenset({Listen("text_received")})

    def mismatch(self, event: Event) -> str | None:
        sender, body = event.payload.get("from"), str(event.payload.get("body", ""))
        if sender != self.number:
            return f"The text came from {sender}; {self.number} was asked."
        return None if is_answer(body) else "The text says nothing that could be an answer."


def is_answer(body: str) -> bool:
    return bool(body.strip()) and not is_stop(body) and not is_start(body)
