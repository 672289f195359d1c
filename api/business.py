"""The business that this deployment works for."""

from fastapi import APIRouter

from api.deps import DatabaseDep
from store.business import Business, read_business, write_business

router = APIRouter(prefix="/business", tags=["team"])


@router.get("", summary="Read the business")
async def get_business(database: DatabaseDep) -> Business:
    async with database.connection() as connection:
        return await read_business(connection)


@router.put("", summary="Change the business")
async def save_business(business: Business, database: DatabaseDep) -> Business:
    async with database.connection() as connection:
        return await write_business(connection, business)
