"""The gateway as one application. `python -m api` serves it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import cache
from typing import Any

from fastapi import APIRouter, Depends, FastAPI
from starlette.routing import BaseRoute

from activities.definitions import Definitions
from activities.settings import Settings
from api.automations import automations, copies, dry_runs, due, impact, removal, step_types, triggers
from api.connections import Connections
from api.executions import bulk_requests, bulk_starts, executions, explaining, lists, requests, restarting, stream
from api.executions.listeners import Streams
from api.executions.starting import TemporalWatch
from api.messages import messages, suppressions, templates, texts, unsubscribing
from api.middleware.access_log import AccessLog
from api.middleware.authentication import Authentication
from api.middleware.bodies import FILES, WEBHOOKS, BodyGuard
from api.middleware.cors import add_cors
from api.middleware.idempotency import Idempotency
from api.middleware.parameters import refuse_unknown_parameters
from api.middleware.rate_limits import RateLimit
from api.middleware.request_ids import RequestIds
from api.middleware.security_headers import SecurityHeaders
from api.openapi import PROBLEM_RESPONSES, describe, operation_id
from api.operations import health, kill_switches, metrics, recoveries
from api.operations.docs_page import add_docs
from api.problems import add_error_handlers
from api.records import business, crm_activities, employees, events, files, objects, records, search, upserts
from api.security import api_keys, audit, codec, secrets
from api.security.codec_cors import CodecCors
from api.webhooks import deliveries, webhooks
from api.webhooks import secrets as webhook_secrets

ROUTERS = tuple(
    module.router
    for module in (
        automations, copies, removal, dry_runs, impact, step_types, triggers, due,
        bulk_requests, lists, requests, stream, executions, bulk_starts, restarting, explaining, kill_switches, recoveries,
        webhooks, deliveries, webhook_secrets,
        objects, search, upserts, records, files, crm_activities, events, employees, business,
        messages, templates, suppressions, unsubscribing, texts,
        api_keys, audit, secrets, codec, health, metrics,
    )
)  # fmt: skip


_OF_ALL_ROUTES: dict[str, Any] = {
    "dependencies": [Depends(refuse_unknown_parameters)],
    "generate_unique_id_function": operation_id,
    "responses": PROBLEM_RESPONSES,
}


def create_app(settings: Settings | None = None) -> FastAPI:
    """Starts whether or not Postgres and Temporal are there. Without settings: those of the environment."""
    app = FastAPI(
        title="Everstep",
        description="Durable CRM automations.",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=_lifespan,
        routes=[*_routes()],
        **_OF_ALL_ROUTES,
    )
    app.state.settings = settings or Settings.from_environment()
    app.state.definitions = Definitions()
    app.state.stopping = asyncio.Event()
    app.state.dry_runs = asyncio.Semaphore(dry_runs.AT_ONCE)
    app.state.metrics = metrics.Metrics()
    _add_middleware(app, app.state.settings)
    add_error_handlers(app)
    describe(app)
    add_docs(app)
    return app


@cache
def _routes() -> Sequence[BaseRoute]:
    """Built once for all gateways of a process: they hold nothing of any, and their first use takes a third of a second."""
    together = APIRouter(**_OF_ALL_ROUTES)
    for router in ROUTERS:
        together.include_router(router)
    return together.routes


def _add_middleware(app: FastAPI, settings: Settings) -> None:
    """The last one stands before all others: a request meets them from the bottom up."""
    app.add_middleware(Idempotency)
    app.add_middleware(BodyGuard, limits=_limits(settings))
    app.add_middleware(RateLimit, per_minute=settings.requests_per_minute)
    app.add_middleware(Authentication)
    app.add_middleware(AccessLog)
    add_cors(app, settings)
    app.add_middleware(CodecCors, web_ui_url=settings.web_ui_url)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(RequestIds)


def _limits(settings: Settings) -> dict[str, int]:
    return {
        "/automations": settings.document_bytes,
        WEBHOOKS: settings.webhook_bytes,
        FILES: settings.file_bytes,
        "": settings.webhook_bytes,
    }


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    app.state.connections = Connections(app.state.settings)
    app.state.temporal_watch = TemporalWatch()
    app.state.streams = Streams(app.state.settings.max_streams)
    yield
    await app.state.connections.close()
