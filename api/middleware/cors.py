"""Which pages of other origins may call the gateway from a browser: those of the settings, and none by default."""

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

from activities.settings import Settings

_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_SENT = ("Authorization", "Content-Type", "Idempotency-Key", "If-Match", "If-None-Match", "Last-Event-ID", "X-Request-Id")
_READ = (
    "ETag", "Location", "Retry-After", "Idempotent-Replayed", "X-Request-Id", "RateLimit-Limit", "RateLimit-Remaining",
    "RateLimit-Reset", "Everstep-Delivery", "Everstep-Outcome",
)  # fmt: skip


def add_cors(app: FastAPI, settings: Settings) -> None:
    """A key is sent by the page itself: no cookies go with it."""
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware, allow_origins=settings.cors_origins, allow_methods=_METHODS, allow_headers=_SENT,
            expose_headers=_READ, max_age=600,
        )  # fmt: skip
