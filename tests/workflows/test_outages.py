"""Postgres or Temporal away for a while: the worker waits and goes on; nothing is lost or doubled."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import pytest
from temporalio.client import Client
from temporalio.service import RPCError

from activities.settings import Settings
from deploy.postgres import LocalPostgres
from deploy.temporal import TemporalDevServer
from store.database import UNAVAILABLE, Database
from tests.engine import Engine, until
from tests.keys import CONVERTER
from tests.workflows.counting import COUNT, counting
from tests.workflows.history import history_of


@pytest.fixture
async def own_postgres(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LocalPostgres]:
    server = LocalPostgres(tmp_path_factory.mktemp("own"), durable=False)
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def own_engine(own_postgres: LocalPostgres, temporal_client: Client, settings: Settings) -> AsyncIterator[Engine]:
    database = await Database.connect(own_postgres.dsn)
    await database.migrate()
    settings = settings.model_copy(update={"database_url": own_postgres.dsn})
    async with Engine(database, temporal_client, settings).working() as engine:
        yield engine
    await database.close()


async def test_postgres_away_in_the_middle_of_a_chain_loses_and_doubles_nothing(
    own_engine: Engine, own_postgres: LocalPostgres
) -> None:
    engine = own_engine
    lead = await engine.lead(seats=0)
    await engine.save(object="lead", steps=[counting(f"s{number}") for number in range(200)])
    execution = await engine.start(record=lead)
    await until(lambda: _ran(engine, execution, 20))
    await own_postgres.stop()
    await until(lambda: _failed_to_write(engine, execution))
    await own_postgres.start()
    row = await engine.in_state(execution, "retrying")
    assert 20 <= row["steps_run"] < 200
    await engine.ask(execution, "retry")
    row = await engine.ended(execution)
    assert (await engine.record(lead))["field_values"]["seats"] == row["steps_run"] == 200
    steps = await engine.steps(execution)
    assert [step["sequence"] for step in steps] == list(range(1, 201))
    assert sum(len(step["failures"]) for step in steps) == 1


async def _ran(engine: Engine, execution: UUID, count: int) -> bool:
    return (await engine.execution(execution))["steps_run"] >= count


async def _failed_to_write(engine: Engine, execution: UUID) -> bool:
    """Postgres is away for this process too."""
    try:
        await engine.execution(execution)
    except UNAVAILABLE:
        return True
    return False


async def test_temporal_restarted_in_the_middle_of_a_delay_goes_on(
    database: Database, settings: Settings, tmp_path: Path
) -> None:
    server = TemporalDevServer(tmp_path / "temporal", port=0, ui=False)
    await server.start()
    try:
        client = await Client.connect(server.address, data_converter=CONVERTER)
        async with Engine(database, client, settings).working() as engine:
            lead = await engine.lead(seats=0)
            await engine.save(object="lead", steps=[{"id": "wait", "type": "delay", "days": 1}, COUNT])
            execution = await engine.start(record=lead)
            await engine.in_state(execution, "paused", reason="delay")
            await server.restart()
            await until(lambda: _answers(engine, execution), seconds=30)
            await engine.ask(execution, "skip")
            await engine.ended(execution, seconds=30)
            assert await engine.visits(execution) == [("wait", "skipped"), ("count", "completed")]
    finally:
        await server.stop()


async def _answers(engine: Engine, execution: UUID) -> bool:
    try:
        return bool((await history_of(engine, execution)).events)
    except RPCError:
        return False
