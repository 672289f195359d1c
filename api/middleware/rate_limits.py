"""How many requests an API key may make in a minute: as many as stand on it, or as the settings say.

Each gateway process counts for itself, so that nobody waits for a count: behind n of them a key has up to n times as many.
"""

import math
import time
from dataclasses import dataclass

from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.middleware.authentication import Caller
from api.problems import answer, problem


@dataclass(frozen=True)
class Standing:
    """Where a key stands after a request. `resets_in` seconds."""

    allowed: bool
    limit: int
    remaining: int
    resets_in: int

    @property
    def headers(self) -> dict[str, str]:
        return {
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(self.remaining),
            "RateLimit-Reset": str(self.resets_in),
        }


class RateLimit:
    """Counts the requests of the last minute by key. Requests without a key are not counted."""

    def __init__(self, app: ASGIApp, per_minute: int) -> None:
        self._app = app
        self._per_minute = per_minute
        self._limiter: SlidingWindowCounterRateLimiter | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        caller: Caller | None = scope.get("state", {}).get("caller")
        if caller is None:
            await self._app(scope, receive, send)
            return
        standing = await self._count(caller)

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(standing.headers)
            await send(message)

        await (self._app if standing.allowed else _refusal(caller, standing))(scope, receive, told)

    async def _count(self, caller: Caller) -> Standing:
        # The storage wants a loop that runs.
        self._limiter = self._limiter or SlidingWindowCounterRateLimiter(MemoryStorage())
        limit = caller.requests_per_minute or self._per_minute
        item, key = RateLimitItemPerMinute(limit), str(caller.key_id)
        allowed = await self._limiter.hit(item, key)
        stats = await self._limiter.get_window_stats(item, key)
        return Standing(allowed, limit, max(stats.remaining, 0), max(math.ceil(stats.reset_time - time.time()), 1))


def _refusal(caller: Caller, standing: Standing) -> ASGIApp:
    sentence = f"The API key {caller.name} may make {standing.limit:,} requests a minute: try again in {standing.resets_in} s."
    return answer(problem(429, "too_many_requests", sentence), {"Retry-After": str(standing.resets_in)})
