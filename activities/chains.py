"""Automations that start each other: how deep, and how often the same one for the same record."""

from collections.abc import Sequence
from uuid import UUID

from activities.settings import Settings
from activities.starting import Target
from automations.failures import ExpectedFailure
from store.database import Connection
from store.starts import starts_in_chain


def require_depth(depth: int, settings: Settings) -> None:
    """Raises ExpectedFailure `chain_too_deep`."""
    if depth > settings.max_chain_depth:
        raise ExpectedFailure("chain_too_deep", f"Automations start each other {settings.max_chain_depth} deep at most.")


async def require_few_starts(connection: Connection, root_id: UUID, targets: Sequence[Target], settings: Settings) -> None:
    """Raises ExpectedFailure `chain_repeats`; the execution that the chain began with counts too."""
    starts = await starts_in_chain(connection, root_id, {target.automation["id"] for target in targets})
    for target in targets:
        key = target.automation["id"], target.record["id"] if target.record else None
        starts[key] += 1
        if starts[key] > settings.max_starts_in_chain:
            on = f"for {target.record['name']}" if target.record else "globally"
            most = f"{settings.max_starts_in_chain} times at most within one chain"
            raise ExpectedFailure("chain_repeats", f"Automation {target.document.api_name} is started {on} {most}.")
