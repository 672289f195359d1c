"""The business that this deployment works for."""

from datetime import UTC, datetime

from fastapi import APIRouter

from api.access import ActorDep, needs
from api.deps import DatabaseDep
from store.audit import Deed, write_audit
from store.business import Business, lock_business, read_business, write_business
from store.due import rescan_all
from store.goals import nudge_dated_goals
from store.schedules import resync_schedules

router = APIRouter(prefix="/business", tags=["team"])


@router.get("", summary="Read the business", dependencies=[needs(None)])
async def get_business(database: DatabaseDep) -> Business:
    async with database.connection() as connection:
        return await read_business(connection)


@router.put("", summary="Change the business", dependencies=[needs("admin")])
async def save_business(business: Business, database: DatabaseDep, actor: ActorDep) -> Business:
    """What is left out of the calendar is as in one that was never changed: Monday to Friday, and no holidays."""
    async with database.transaction() as connection:
        before = await lock_business(connection)
        was, is_now = before.model_dump(mode="json"), business.model_dump(mode="json")
        await write_audit(connection, actor, Deed("business.saved", "business", "business", was, is_now))
        if await write_business(connection, business):
            now = datetime.now(UTC)
            await resync_schedules(connection, now)
            await rescan_all(connection, now)
            await nudge_dated_goals(connection, now)
    return business
