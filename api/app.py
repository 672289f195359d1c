"""The gateway as one application. `uvicorn --factory api.app:create_app` runs it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from activities.definitions import Definitions
from activities.settings import Settings
from api import (
    automations,
    bulk_starts,
    business,
    crm_activities,
    due,
    employees,
    events,
    executions,
    explaining,
    health,
    impact,
    kill_switches,
    objects,
    records,
    restarting,
    triggers,
    webhook_deliveries,
    webhook_secrets,
    webhooks,
)
from api.authentication import Authentication
from api.bodies import WEBHOOKS, BodyGuard
from api.connections import Connections
from api.openapi import PROBLEM_RESPONSES, describe_problems, operation_id
from api.problems import add_error_handlers
from api.starting import TemporalWatch

ROUTERS = tuple(
    module.router
    for module in (
        automations, impact, triggers, due, executions, bulk_starts, restarting, explaining, kill_switches, webhooks,
        webhook_deliveries, webhook_secrets, objects, records, crm_activities, events, employees, business, health,
    )
)  # fmt: skip


def create_app(settings: Settings | None = None) -> FastAPI:
    """Starts whether or not Postgres and Temporal are there. Without settings: those of the environment."""
    app = FastAPI(
        title="Everstep",
        description="Durable CRM automations.",
        lifespan=_lifespan,
        generate_unique_id_function=operation_id,
        responses=PROBLEM_RESPONSES,
    )
    app.state.settings = settings or Settings.from_environment()
    app.state.definitions = Definitions()
    app.add_middleware(BodyGuard, limits=_limits(app.state.settings))
    app.add_middleware(Authentication)
    add_error_handlers(app)
    describe_problems(app)
    for router in ROUTERS:
        app.include_router(router)
    return app


def _limits(settings: Settings) -> dict[str, int]:
    return {"/automations": settings.document_bytes, WEBHOOKS: settings.webhook_bytes, "": settings.webhook_bytes}


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    app.state.connections = Connections(app.state.settings)
    app.state.temporal_watch = TemporalWatch()
    yield
    await app.state.connections.close()
