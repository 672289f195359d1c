"""Whether the gateway runs, and whether all it needs is there."""

import asyncio
from datetime import timedelta
from typing import Literal

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from temporalio.service import RPCError

from api.connections import Connections, UnavailableError
from api.deps import ConnectionsDep
from api.problems import ProblemItem, answer, problem
from automations.errors import EverstepError
from store.database import UNAVAILABLE
from store.missing_workflows import count_missing

router = APIRouter(prefix="/health", tags=["health"])
_PATIENCE = timedelta(seconds=2)


class Health(BaseModel):
    status: Literal["ok"] = "ok"


class Readiness(Health):
    """`notes`: what an operator is to look at, although the gateway is ready."""

    notes: list[ProblemItem] = []


@router.get("/live", summary="Say that the process runs")
async def live() -> Health:
    return Health()


@router.get("/ready", summary="Say whether Postgres and Temporal can be reached")
async def ready(connections: ConnectionsDep) -> Readiness:
    missing = [error for error in await asyncio.gather(_postgres(connections), _temporal(connections)) if error]
    if missing:
        return _not_ready(missing)  # pyright: ignore[reportReturnType] (FastAPI sends a response as it is)
    return Readiness(notes=await _notes(connections))


def _not_ready(missing: list[ProblemItem]) -> JSONResponse:
    names = " and ".join(item.path for item in missing)
    return answer(problem(503, "not_ready", f"Away: {names}.", missing))


async def _notes(connections: Connections) -> list[ProblemItem]:
    try:
        async with (await connections.database.get()).connection() as connection:
            missing = await count_missing(connection)
    except (EverstepError, *UNAVAILABLE):
        return []
    if not missing:
        return []
    sentence = (
        f"{missing:,} open executions have no workflow in Temporal. If it was restored from a backup or set up anew, "
        "start them again: `everstep recover start-again`."
    )
    return [ProblemItem(path="temporal", code="workflows_missing", sentence=sentence)]


async def _postgres(connections: Connections) -> ProblemItem | None:
    try:
        await (await connections.database.get()).ping()
    except EverstepError as error:
        return _missing("postgres", error)
    except UNAVAILABLE:
        return _missing("postgres", UnavailableError("database"))
    return None


async def _temporal(connections: Connections) -> ProblemItem | None:
    try:
        client = await connections.temporal.get()
        await client.service_client.check_health(timeout=_PATIENCE)
    except EverstepError as error:
        return _missing("temporal", error)
    except RPCError:
        return _missing("temporal", UnavailableError("temporal"))
    return None


def _missing(service: str, error: EverstepError) -> ProblemItem:
    return ProblemItem(path=service, code=error.code, sentence=error.sentence)
