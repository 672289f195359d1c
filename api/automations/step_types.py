"""Which steps there are."""

from fastapi import APIRouter

from api.access import needs
from automations.steps.catalogue import StepType, step_types

router = APIRouter(tags=["automations"])


@router.get("/step-types", summary="List the types of steps", dependencies=[needs(None)])
async def get_step_types() -> list[StepType]:
    """What a document's `steps` may hold, with the JSON Schema of each."""
    return step_types()
