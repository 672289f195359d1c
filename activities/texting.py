"""Text messages: what a provider is asked to do, and what it may answer. Which one it is: `activities.text_providers`."""

from dataclasses import dataclass
from typing import Protocol

from automations.failures import ExpectedFailure


@dataclass(frozen=True)
class Text:
    """`to` is a number as phone fields hold it; `key` is the same each time that this text is handed over."""

    to: str
    body: str
    key: str


@dataclass(frozen=True)
class SentText:
    """What the provider took: under which id it speaks of it from now on, and how far it is with it."""

    provider_id: str
    delivery: str


class TextProvider(Protocol):
    """A company that carries text messages. `sender` is whom they come from: a number, or what the provider picks one from."""

    @property
    def sender(self) -> str: ...

    async def send(self, text: Text) -> SentText:
        """Raises ExpectedFailure where it is refused for good; whatever else is raised is worth another try."""
        ...


class StoppedError(ExpectedFailure):
    """The receiver told the provider not to let our texts through: the number belongs on the suppression list."""

    def __init__(self, number: str) -> None:
        super().__init__("suppressed", f"{number} gets no texts: its owner has stopped them.")
