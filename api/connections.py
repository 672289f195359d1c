"""Postgres and Temporal, connected when they are first needed: the gateway starts without them and goes on when they are back."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Generic, TypeVar

import structlog
from temporalio.client import Client
from temporalio.service import RetryConfig

from activities.codec import data_converter
from activities.resealing import reseal_webhook_secrets
from activities.settings import Settings
from automations.errors import EverstepError
from store.database import Database

_TRY_AGAIN_AFTER = timedelta(seconds=1)
_PATIENCE = timedelta(seconds=5)
_QUICK = RetryConfig(max_elapsed_time_millis=2_000, max_retries=3)  # a caller waits for the answer
_LOG = structlog.get_logger("everstep.api")
T = TypeVar("T")


class UnavailableError(EverstepError):
    """A service is away; `code` says which."""

    def __init__(self, service: str) -> None:
        super().__init__(f"{service.capitalize()} cannot be reached at the moment: try again shortly.")
        self.code = f"{service}_unavailable"


class Lazy(Generic[T]):
    """One connection for all, made by the first who asks, and asked for at most once a second while that fails."""

    def __init__(self, service: str, connect: Callable[[], Awaitable[T]]) -> None:
        self._service, self._connect = service, connect
        self._connected: T | None = None
        self._failed_at: float | None = None
        self._lock = asyncio.Lock()

    @property
    def connected(self) -> T | None:
        return self._connected

    async def get(self) -> T:
        """Raises UnavailableError, and whatever EverstepError stands in the way for good."""
        if self._connected is None:
            async with self._lock:
                self._connected = self._connected or await self._try()
        return self._connected

    async def _try(self) -> T:
        if self._failed_at is not None and time.monotonic() - self._failed_at < _TRY_AGAIN_AFTER.total_seconds():
            raise UnavailableError(self._service)
        try:
            return await self._connect()
        except EverstepError:
            raise
        except Exception as error:
            self._failed_at = time.monotonic()
            _LOG.warning("service_away", service=self._service, why=str(error) or type(error).__name__)
            raise UnavailableError(self._service) from error


class Connections:
    """What the routers work with, for as long as the application runs."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.database = Lazy("database", self._connect_database)
        self.temporal = Lazy("temporal", self._connect_temporal)

    async def close(self) -> None:
        if self.database.connected is not None:
            await self.database.connected.close()

    async def _connect_database(self) -> Database:
        database = await Database.connect(self._settings.database_url, size=self._settings.database_pool)
        try:
            await database.migrate()
            if self._settings.keyring:
                await reseal_webhook_secrets(database, self._settings.keyring, unsealed_only=True)
        except BaseException:
            await database.close()
            raise
        return database

    async def _connect_temporal(self) -> Client:
        async with asyncio.timeout(_PATIENCE.total_seconds()):
            return await Client.connect(
                self._settings.temporal_address,
                namespace=self._settings.temporal_namespace,
                data_converter=data_converter(self._settings),
                retry_config=_QUICK,
            )
