"""The provider that carries the texts of this deployment."""

from collections.abc import Awaitable, Callable
from typing import assert_never

from activities.settings import Settings
from activities.texting import SentText, Text, TextProvider
from activities.twilio import twilio_of
from automations.failures import ExpectedFailure

SendText = Callable[[Text, Settings], Awaitable[SentText]]
"""What `send` does."""


def provider_of(settings: Settings) -> TextProvider:
    """Raises ExpectedFailure `text_not_configured`."""
    match settings.text_provider:
        case "twilio":
            return twilio_of(settings)
        case "none":
            raise ExpectedFailure("text_not_configured", "Texts cannot be sent: EVERSTEP_TEXT_PROVIDER names no provider.")
        case _:
            assert_never(settings.text_provider)


async def send(text: Text, settings: Settings) -> SentText:
    """Raises ExpectedFailure where it is refused for good; whatever else is raised is worth another try."""
    return await provider_of(settings).send(text)
