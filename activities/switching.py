"""Kill switches at work: steps that are held or ended, executions that are canceled, and what goes on when one is lifted."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import structlog
from temporalio.service import RPCError

from activities.requesting import AWAY, FEW, deliver, gap_of
from activities.results import HoldOn, Result, Stop
from activities.services import Services
from activities.telling import OWN_TELLING
from automations.bulk_requests import page_size
from automations.executions import Request
from automations.kill_switches import KillSwitch, standing_in_the_way
from automations.messages import Ending
from automations.steps.base import StepBase
from store import kill_switches as stored
from store.database import Connection
from store.executions import end_execution
from store.requests import delete_told, promise_to_tell, tell_later

_BATCH = 200
_AT_ONCE = 20
_TELL_AGAIN = timedelta(seconds=5)
"""Told while it is on its way into the hold, a workflow may not have heard it."""
_UNDER_WAY = timedelta(minutes=2)
"""A step that read a switch before it was lifted has said so by then, or has lost its attempt."""
_LOG = structlog.get_logger("everstep.kill_switches")


def checked(row: Any, step: StepBase, automation: str) -> Result | None:
    """What becomes of a step that a switch stands in the way of; None if it may run. Which host it calls is known to it alone."""
    return _obeyed(row, automation=automation, step_type="" if step.skip else step.step_type, hosts=())


def checked_hosts(row: Any, *hosts: str) -> Result | None:
    """The same for a call that is about to be made, to a host by any of these names."""
    return _obeyed(row, automation=row["api_name"], step_type="", hosts=hosts)


def standing(row: Any) -> list[KillSwitch]:
    """The switches that stood when the step read its execution; hardly ever one."""
    return [KillSwitch.model_validate(switch) for switch in row["switches"] or ()]


def _obeyed(row: Any, *, automation: str, step_type: str, hosts: Sequence[str]) -> Result | None:
    switches = standing(row)
    if not switches:
        return None
    found = standing_in_the_way(switches, automation=automation, step_type=step_type, hosts=hosts, created_at=row["created_at"])
    if found is None:
        return None
    output = {"kill_switch": str(found.id)}
    if found.mode == "cancel":
        return Result(then=Stop("canceled", f"Canceled by {found.story}", cause="kill_switch"), output=output)
    return Result(then=HoldOn("kill_switch", f"Held by {found.story}"), output=output, held=True)


async def sweep_once(services: Services) -> int:
    """Always 0: what a round reached gives regular work its turn before the next one."""
    await sweep(services)
    return 0


async def sweep(services: Services) -> int:
    """One round: cancels what standing switches end, and tells what lifted ones hold to go on. Says how many it reached.

    Raises RPCError while Temporal is away; the next round does what is left.
    """
    async with services.database.connection() as connection:
        standing = await stored.list_standing_switches(connection)
        lifted = await stored.list_lifted_switches(connection)
    canceled = [await _in_batches(_cancel_some, services, switch) for switch in standing if switch.ends_executions]
    released = [await _released(services, switch) for switch in lifted]
    return sum(canceled) + sum(released)


async def _in_batches(some: Callable[[Services, Any], Awaitable[int]], services: Services, switch: Any) -> int:
    total = 0
    while (count := await some(services, switch)) == _BATCH:
        total += count
    return total + count


async def _cancel_some(services: Services, switch: KillSwitch) -> int:
    """On rows first, to workflows after that: to those of many by and by.

    What Temporal does not take now, it is told later.
    """
    now = datetime.now(UTC)
    async with services.database.transaction() as connection:
        rows = await stored.lock_executions_to_cancel(connection, switch, _BATCH)
        requests = [(row, _cancel(row, switch)) for row in rows]
        asked = [(row["id"], request.model_dump()) for row, request in requests]
        await stored.write_cancel_requests(connection, asked)
        if len(rows) > FEW:
            await tell_later(connection, asked, gap_of(services.settings))
            return len(rows)
        await promise_to_tell(connection, asked, OWN_TELLING)
    if not rows:
        return 0
    reached = await _tell(services, requests)
    async with services.database.connection() as connection:
        await delete_told(connection, [request.id for _, request in requests])
        for row, is_there in zip(rows, reached, strict=True):
            if not is_there:
                await _close(connection, row, switch, now)
    _LOG.warning("executions_canceled", switch=str(switch.id), scope=switch.scope, key=switch.key, count=len(rows))
    return len(rows)


def _cancel(row: Any, switch: KillSwitch) -> Request:
    """The same one whenever it is said."""
    return Request(
        id=f"kill-switch-{switch.id}:{row['id']}", kind="cancel", by=switch.set_by, why=f"{switch.name}: {switch.why}",
        cause="kill_switch",
    )  # fmt: skip


async def _close(connection: Connection, row: Any, switch: KillSwitch, now: datetime) -> None:
    """Nobody else ends an execution whose workflow is gone."""
    reason = f"Canceled by {switch.story}; its workflow was gone from Temporal"
    ending = Ending(execution_id=row["id"], now=now, state="canceled", reason=reason, cancel_reason="kill_switch")
    await end_execution(connection, ending)


async def _released(services: Services, switch: Any) -> int:
    now = datetime.now(UTC)
    async with services.database.connection() as connection:
        await stored.settle_held(connection, switch["id"], now)
    count = await _release_some(services, switch)
    async with services.database.connection() as connection:
        await stored.mark_released(connection, switch["id"], now, lifted_before=now - _UNDER_WAY)
    return count


async def _release_some(services: Services, switch: Any) -> int:
    """A step that goes on is checked again: another switch may stand in its way.

    One that is not told after all is told again as one that did not hear it.
    """
    now = datetime.now(UTC)
    async with services.database.transaction() as connection:
        size = page_size(services.settings.bulk_requests_per_second)
        rows = await stored.lock_held(connection, switch["id"], not_since=now - _TELL_AGAIN, size=size)
        await stored.mark_told(connection, rows, now)
    await _tell(services, [(row, _resume(row, switch)) for row in rows])
    if rows:
        _LOG.info("executions_released", switch=str(switch["id"]), count=len(rows))
    return len(rows)


def _resume(row: Any, switch: Any) -> Request:
    """Each time another request: a workflow remembers one that came too early, and would not hear it again."""
    return Request(
        id=f"kill-switch-{uuid4()}", kind="resume", by=switch["lifted_by"], why=switch["lifted_why"], step=row["step_id"],
        cause="kill_switch",
    )  # fmt: skip


async def _tell(services: Services, requests: Sequence[tuple[Any, Request]]) -> list[bool]:
    """Which workflows are there to hear it. Raises RPCError while Temporal is away."""
    reached: list[bool] = []
    for start in range(0, len(requests), _AT_ONCE):
        some = (_told(services, row, request) for row, request in requests[start : start + _AT_ONCE])
        answers = await asyncio.gather(*some, return_exceptions=True)
        for answer in answers:
            if isinstance(answer, BaseException):
                raise answer
            reached.append(answer)
    return reached


async def _told(services: Services, row: Any, request: Request) -> bool:
    """What Temporal refuses for one execution stands in the way of no other; the request on its row is still seen."""
    try:
        return await deliver(services.temporal, services.settings, row, request)
    except RPCError as error:
        if error.status in AWAY:
            raise
        _LOG.warning("request_refused", execution_id=str(row["id"]), kind=request.kind, why=str(error))
        return True
