"""Tells somebody that a limit has tripped: by a mail to the business-wide address, or a line in the log."""

import structlog

from automations.kill_switches import KillSwitch
from automations.notifications import notification_of_trip
from store.business import read_business
from store.database import Connection
from store.notifications import insert_notification_of_switch

_LOG = structlog.get_logger("everstep.notifications")


async def tell_of_trip(connection: Connection, switch: KillSwitch) -> None:
    """In the transaction in which it tripped: once, as it can trip again only after it was lifted."""
    business = await read_business(connection)
    told = notification_of_trip(switch)
    if business.operations_email is None:
        _LOG.warning("nobody_to_notify", switch=str(switch.id), subject=told.subject, why="the business has no operations_email")
        return
    await insert_notification_of_switch(
        connection, switch.id, told.severity, business.operations_email, told.subject, told.body, switch.set_at
    )
