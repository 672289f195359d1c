"""What several modules here share."""

from collections.abc import AsyncIterator

import httpx2
import pytest
from temporalio.client import Client

from activities.definitions import Definitions
from activities.services import Services
from activities.settings import Settings
from store.database import Database
from tests.activities.dated import Leads
from tests.engine import Engine


@pytest.fixture
async def leads(database: Database, temporal_client: Client, settings: Settings) -> AsyncIterator[Leads]:
    """Without a worker: who relays, scans and sweeps is the test."""
    async with httpx2.AsyncClient() as http:
        services = Services(settings, database, temporal_client, http, Definitions())
        yield Leads(Engine(database, temporal_client, settings), services)
