"""Automations that start each other: how deep, and how often the same one for the same record."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from activities.settings import Settings
from activities.starting import Target
from automations.evaluation import Refusal
from automations.failures import ExpectedFailure
from store.database import Connection
from store.starts import starts_in_chain


def _is_too_deep(depth: int, settings: Settings) -> bool:
    """Of the execution that is to start; what no other one started has depth 0."""
    return depth > settings.max_chain_depth


def _are_too_many(starts: int, settings: Settings) -> bool:
    """Of one automation for one record, with the one that is to come."""
    return starts > settings.max_starts_in_chain


def require_depth(depth: int, settings: Settings) -> None:
    """Raises ExpectedFailure `chain_too_deep`."""
    if _is_too_deep(depth, settings):
        raise ExpectedFailure("chain_too_deep", f"Automations start each other {settings.max_chain_depth} deep at most.")


async def require_few_starts(connection: Connection, root_id: UUID, targets: Sequence[Target], settings: Settings) -> None:
    """Raises ExpectedFailure `chain_repeats`; the execution that the chain began with counts too."""
    starts = await starts_in_chain(connection, root_id, {target.automation["id"] for target in targets})
    for target in targets:
        key = target.automation["id"], target.record["id"] if target.record else None
        starts[key] += 1
        if _are_too_many(starts[key], settings):
            on = f"for {target.record['name']}" if target.record else "globally"
            most = f"{settings.max_starts_in_chain} times at most within one chain"
            raise ExpectedFailure("chain_repeats", f"Automation {target.document.api_name} is started {on} {most}.")


async def loop_in(connection: Connection, event: Any, automation: Any, settings: Settings) -> Refusal | None:
    """Why an event that executions caused starts no further one: the chain that it comes out of is too long."""
    if event["root_id"] is None:
        return None
    if _is_too_deep(event["depth"] + 1, settings):
        return Refusal("loop", f"The automations that started each other are {settings.max_chain_depth} deep already.")
    starts = await starts_in_chain(connection, event["root_id"], {automation["automation_id"]})
    record_id = event["record_id"] if automation["object_id"] else None
    if not _are_too_many(starts[automation["automation_id"], record_id] + 1, settings):
        return None
    most = f"{settings.max_starts_in_chain} times"
    return Refusal("loop", f"Its own chain of automations has started this one for this record {most} already.")
