"""What is kept for a while only."""

from datetime import UTC, datetime, timedelta

from activities.services import Services
from store.idempotent_requests import sweep_requests

IDEMPOTENT_FOR = timedelta(hours=24)
"""How long the answer to a request under an Idempotency-Key is known."""


async def sweep_idempotent_requests(services: Services) -> int:
    """How many were forgotten."""
    async with services.database.connection() as connection:
        return await sweep_requests(connection, datetime.now(UTC) - IDEMPOTENT_FOR)
