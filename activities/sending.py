"""Sending a message: written before it leaves the house, so that a worker that dies sends it twice at most."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import perf_counter
from typing import Any

from activities.failures import NotSentError
from activities.services import Services
from automations.errors import EverstepError
from automations.failures import ExpectedFailure
from store.messages import NewMessage, hand_over, mark_failed, mark_refused_for_now, mark_sent, queue_message

MAX_IN_DOUBT = 2
"""How often a message may be handed over without an answer that was written down."""


@dataclass(frozen=True)
class Sent:
    """`refused` are the recipients that were not taken while others were; `delivery` is how far its provider is with it."""

    provider_id: str | None = None
    delivery: str | None = None
    refused: Sequence[str] = ()


Send = Callable[[Any], Awaitable[Sent]]
"""Sends the row of a message. An EverstepError means that it never will go out as it is, NotSentError that it did not yet.

After anything else nobody knows.
"""


async def deliver(services: Services, new: NewMessage, send: Send, *, now: datetime) -> Any:
    """The row of the message, which is sent by then. `now` is the execution's clock.

    Each row goes out once as far as answers are heard. Where none was, it goes out once more under the same id, and then it is
    an ExpectedFailure `delivery_in_doubt`: a person skips the step, or resumes it, which is a message of its own. Raises what
    `send` raises.
    """
    started = perf_counter()

    def moment() -> datetime:
        return now + timedelta(seconds=perf_counter() - started)

    async with services.database.connection() as connection:
        row = await queue_message(connection, new, now)
        if row["state"] == "sent":
            return row
        if await hand_over(connection, row["id"], moment()) > MAX_IN_DOUBT:
            doubt = _in_doubt(row)
            await mark_failed(connection, row["id"], _told(doubt), moment())
            raise doubt
    sent = await _sent(services, row, send, moment)
    async with services.database.connection() as connection:
        await mark_sent(
            connection, row["id"], moment(), provider_id=sent.provider_id, delivery=sent.delivery, refused=sent.refused
        )
    return {**row, "state": "sent", "provider_id": sent.provider_id, "refused": list(sent.refused)}


async def _sent(services: Services, row: Any, send: Send, moment: Callable[[], datetime]) -> Sent:
    """Writes down what is certain of a message that did not go out."""
    try:
        return await send(row)
    except EverstepError as error:
        async with services.database.connection() as connection:
            await mark_failed(connection, row["id"], _told(error), moment())
        raise
    except NotSentError as error:
        async with services.database.connection() as connection:
            await mark_refused_for_now(connection, row["id"], {"code": "not_sent", "sentence": str(error)}, moment())
        raise


def _in_doubt(row: Any) -> ExpectedFailure:
    to = ", ".join(row["recipients"])
    return ExpectedFailure(
        "delivery_in_doubt",
        f"The message to {to} was handed over {MAX_IN_DOUBT} times and no answer was kept: it may have been sent twice. "
        "Skip the step, or resume it to send one more.",
    )


def _told(error: EverstepError) -> dict[str, str]:
    return {"code": error.code, "sentence": error.sentence}
