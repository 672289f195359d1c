"""The business that this deployment works for."""

from typing import Annotated, Any

from pydantic import AfterValidator, Field

from automations import scalars
from automations.calendars import BusinessCalendar
from automations.model import Model
from automations.notifications import MailAddress
from store.database import Connection
from store.sql import QUERIES


def _timezone(name: str) -> str:
    try:
        return scalars.timezone(name)
    except scalars.UnfitError as unfit:
        raise ValueError(f"must be {unfit.expected}") from None


Timezone = Annotated[str, AfterValidator(_timezone)]
"""An IANA name, such as Europe/Berlin."""


class Business(Model):
    name: str = Field(min_length=1, max_length=255)
    timezone: Timezone
    locale: str = Field(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$", description="A language tag, such as de-AT")
    calendar: BusinessCalendar = BusinessCalendar()
    operations_email: MailAddress | None = Field(
        default=None, description="Who is mailed when a limit holds an automation back; without it, it is only in the log"
    )


async def read_business(connection: Connection) -> Business:
    return _business(await QUERIES.read_business(connection))


async def lock_business(connection: Connection) -> Business:
    """As it is until the end of the transaction."""
    return _business(await QUERIES.lock_business(connection))


async def write_business(connection: Connection, business: Business) -> bool:
    """Whether its timezone or its calendar changed: what is planned by them is then to be planned anew.

    Call it in a transaction.
    """
    before = await lock_business(connection)
    await QUERIES.update_business(connection, **business.model_dump(mode="json"))
    return (before.timezone, before.calendar) != (business.timezone, business.calendar)


def _business(row: Any) -> Business:
    return Business.model_validate(dict(row))
