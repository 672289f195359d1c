"""Sending a message: written before it leaves the house, so that a worker that dies sends it twice at most."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import perf_counter
from typing import Any
from uuid import UUID

import structlog

from activities.after_calls import written
from activities.failures import NotSentError, SupersededError
from activities.services import Services
from automations.errors import EverstepError
from automations.failures import ExpectedFailure
from store.database import DATABASE_ERRORS, TRANSIENT, Connection
from store.messages import NewMessage, hand_over, mark_failed, mark_refused_for_now, mark_sent, queue_message

_LOG = structlog.get_logger("everstep.messages")

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


async def deliver(services: Services, new: NewMessage, send: Send, *, attempt: int, now: datetime) -> Any:
    """The row of the message, which is sent by then. `now` is the execution's clock.

    Each row goes out once as far as answers are heard. Where none was, it goes out once more under the same id, and then it is
    an ExpectedFailure `delivery_in_doubt`: a person skips the step, or resumes it, which is a message of its own. Raises what
    `send` raises, and SupersededError where another attempt of the step has begun since this one.
    """
    started = perf_counter()

    def moment() -> datetime:
        return now + timedelta(seconds=perf_counter() - started)

    async with services.database.transaction() as connection:
        row = await queue_message(connection, new, now)
        if row["state"] == "sent":
            return row
        times = await hand_over(connection, row["id"], attempt, moment())
        if times is None:
            raise SupersededError
        doubt = _in_doubt(row) if times > MAX_IN_DOUBT else None
        if doubt:
            await mark_failed(connection, row["id"], _told(doubt), moment())
    if doubt:
        raise doubt
    sent = await _sent(services, row, send, moment)
    await _mark(services, lambda connection: _mark_sent(connection, row["id"], sent, moment()))
    return {**row, "state": "sent", "provider_id": sent.provider_id, "refused": list(sent.refused)}


async def _sent(services: Services, row: Any, send: Send, moment: Callable[[], datetime]) -> Sent:
    """Writes down what is certain of a message that did not go out."""
    try:
        return await send(row)
    except EverstepError as error:
        why = _told(error)
        await _mark(services, lambda connection: mark_failed(connection, row["id"], why, moment()))
        raise
    except NotSentError as error:
        not_sent = {"code": "not_sent", "sentence": str(error)}
        await _mark(services, lambda connection: mark_refused_for_now(connection, row["id"], not_sent, moment()))
        raise


async def _mark(services: Services, mark: Callable[[Connection], Awaitable[None]]) -> None:
    """As long as Postgres is away, it is waited for: a message that is not marked goes out again."""

    async def marked() -> None:
        async with services.database.connection() as connection:
            await mark(connection)

    await written(marked)


async def _mark_sent(connection: Connection, id: UUID, sent: Sent, now: datetime) -> None:
    """That it was sent is kept whatever else of the answer cannot be."""
    try:
        await mark_sent(connection, id, now, provider_id=sent.provider_id, delivery=sent.delivery, refused=sent.refused)
    except DATABASE_ERRORS as error:
        if isinstance(error, TRANSIENT):
            raise
        _LOG.warning("answer_not_kept", message=str(id), why=type(error).__name__)
        await mark_sent(connection, id, now)


def _in_doubt(row: Any) -> ExpectedFailure:
    to = ", ".join(row["recipients"])
    return ExpectedFailure(
        "delivery_in_doubt",
        f"The message to {to} was handed over {MAX_IN_DOUBT} times and no answer was kept: it may have been sent twice. "
        "Skip the step, or resume it to send one more.",
    )


def _told(error: EverstepError) -> dict[str, str]:
    return {"code": error.code, "sentence": error.sentence}
