"""How many requests an API key may make in a minute: as many as stand on it, or as the settings say.

Who unsubscribes has no key: there the requests of an address are counted.

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
from api.middleware.bodies import UNSUBSCRIBING
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


@dataclass(frozen=True)
class _Counted:
    """Whose requests are counted together, and as whom to name them."""

    key: str
    name: str
    limit: int


class RateLimit:
    """Counts the requests of the last minute. Those without a key are not counted, but where people unsubscribe."""

    def __init__(self, app: ASGIApp, per_minute: int) -> None:
        self._app = app
        self._per_minute = per_minute
        self._limiter: SlidingWindowCounterRateLimiter | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        counted = self._counted(scope)
        if counted is None:
            await self._app(scope, receive, send)
            return
        standing = await self._count(counted)

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(standing.headers)
            await send(message)

        await (self._app if standing.allowed else _refusal(counted, standing))(scope, receive, told)

    def _counted(self, scope: Scope) -> _Counted | None:
        caller: Caller | None = scope.get("state", {}).get("caller")
        if caller is not None:
            return _Counted(str(caller.key_id), f"The API key {caller.name}", caller.requests_per_minute or self._per_minute)
        if scope["type"] == "http" and scope["path"].startswith(UNSUBSCRIBING):
            host = (scope.get("client") or ("",))[0]
            return _Counted(f"{UNSUBSCRIBING}{host}", "One address", self._per_minute)
        return None

    async def _count(self, counted: _Counted) -> Standing:
        # The storage wants a loop that runs.
        self._limiter = self._limiter or SlidingWindowCounterRateLimiter(MemoryStorage())
        item = RateLimitItemPerMinute(counted.limit)
        allowed = await self._limiter.hit(item, counted.key)
        stats = await self._limiter.get_window_stats(item, counted.key)
        return Standing(allowed, counted.limit, max(stats.remaining, 0), max(math.ceil(stats.reset_time - time.time()), 1))


def _refusal(counted: _Counted, standing: Standing) -> ASGIApp:
    sentence = f"{counted.name} may make {standing.limit:,} requests a minute: try again in {standing.resets_in} s."
    return answer(problem(429, "too_many_requests", sentence), {"Retry-After": str(standing.resets_in)})
