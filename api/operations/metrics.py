"""What a Prometheus asks for: the requests of this process, and how far the whole deployment is behind."""

import time
from datetime import UTC, datetime

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from api.access import needs
from api.deps import DatabaseDep
from store.backlog import COUNTED, measure_backlog
from store.database import Database
from store.missing_workflows import count_missing

router = APIRouter(tags=["health"])
_MEASURED_EVERY_SECONDS = 15
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Metrics:
    """Of one gateway. What is read from Postgres is at most 15 seconds old."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._measured_at = float("-inf")
        labels = ("method", "route", "status")
        self._requests = Counter("everstep_http_requests", "Requests answered", labels, registry=self._registry)
        self._seconds = Histogram(
            "everstep_http_request_seconds", "Until the end of the answer", labels[:2], buckets=_BOUNDS, registry=self._registry
        )
        up_to = f"counted up to {COUNTED:,}"
        self._open = Gauge("everstep_executions_open", f"Open executions, {up_to} of a state", ["state"], registry=self._registry)
        self._ended = Gauge("everstep_executions_ended", "Ended in the last minute", ["state"], registry=self._registry)
        self._to_launch = Gauge("everstep_executions_to_launch", f"Due to be launched, {up_to}", registry=self._registry)
        self._failing = Gauge(
            "everstep_executions_failing_tasks", "Open executions whose workflow task fails", registry=self._registry
        )
        self._events = Gauge("everstep_events_not_evaluated", f"Events that wait, {up_to}", registry=self._registry)
        self._set_aside = Gauge("everstep_events_set_aside", f"Events whose evaluation failed, {up_to}", registry=self._registry)
        self._waiting = Gauge(
            "everstep_evaluations_waiting", f"Evaluations for a worker of a newer release, {up_to}", registry=self._registry
        )
        self._oldest = Gauge("everstep_oldest_event_seconds", "How long the oldest of them waits", registry=self._registry)
        self._missing = Gauge(
            "everstep_workflows_missing", "Open executions without a workflow in Temporal", registry=self._registry
        )

    def count(self, method: str, route: str, status: int, seconds: float) -> None:
        known = method if method in _METHODS else "other"
        self._requests.labels(known, route, status).inc()
        self._seconds.labels(known, route).observe(seconds)

    async def text(self, database: Database) -> bytes:
        if time.monotonic() - self._measured_at >= _MEASURED_EVERY_SECONDS:
            await self._measure(database)
            self._measured_at = time.monotonic()
        return generate_latest(self._registry)

    async def _measure(self, database: Database) -> None:
        async with database.connection() as connection:
            backlog = await measure_backlog(connection, datetime.now(UTC))
            self._missing.set(await count_missing(connection))
        for state, count in backlog.open.items():
            self._open.labels(state).set(count)
        for state, count in backlog.ended.items():
            self._ended.labels(state).set(count)
        self._to_launch.set(backlog.to_launch)
        self._failing.set(backlog.failing)
        self._events.set(backlog.events)
        self._set_aside.set(backlog.events_set_aside)
        self._waiting.set(backlog.evaluations_waiting)
        self._oldest.set(backlog.oldest_event.total_seconds())


_TEXT = {200: {"content": {"text/plain": {"schema": {"type": "string"}}}, "description": "In the text format of Prometheus"}}


@router.get("/metrics", summary="Read the metrics", dependencies=[needs(None)], response_class=Response, responses={**_TEXT})
async def get_metrics(request: Request, database: DatabaseDep) -> Response:
    """Any key will do. Requests are those of this process; all else is of the whole deployment, and up to 15 seconds old."""
    metrics: Metrics = request.app.state.metrics
    return Response(await metrics.text(database), media_type=CONTENT_TYPE_LATEST)
