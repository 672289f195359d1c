"""What only the database knows about whether an event starts an execution: switches, and what fired lately."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from automations.evaluation import Refusal
from automations.kill_switches import KillSwitch, refusing_starts
from automations.throttle import quiet_since, quiet_window
from automations.triggers import ThrottledTrigger
from store.database import Connection
from store.throttles import fires, firing_before


def refused_by_switch(switches: Iterable[KillSwitch], api_name: str, now: datetime) -> Refusal | None:
    switch = refusing_starts(switches, api_name, now)
    return Refusal("killed", f"Stopped by {switch.story}.") if switch else None


async def refused_by_throttle(
    connection: Connection,
    automation_id: UUID,
    trigger: ThrottledTrigger,
    of_automation: str | None,
    record_id: UUID | None,
    event_at: datetime,
) -> Refusal | None:
    """To be asked last, as what starts nothing begins no quiet window: what is not refused here has fired."""
    said, quiet = trigger.throttle or of_automation or "", quiet_window(trigger.throttle, of_automation)
    key = automation_id, trigger.id, record_id, event_at
    if quiet is None or await fires(connection, *key, quiet):
        return None
    return Refusal("throttled", quiet_since(said, await firing_before(connection, *key, quiet)))
