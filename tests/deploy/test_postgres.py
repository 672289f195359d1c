from __future__ import annotations

import os
from collections.abc import AsyncGenerator
from pathlib import Path

import asyncpg
import psutil
import pytest

from deploy.errors import ServiceStartError
from deploy.postgres import LocalPostgres
from tests.deploy.abandoning import all_gone, started_and_abandoned


@pytest.fixture
async def postgres(tmp_path: Path) -> AsyncGenerator[LocalPostgres]:
    server = LocalPostgres(tmp_path / "postgres", durable=False)
    await server.start()
    yield server
    await server.stop()


async def query(server: LocalPostgres, sql: str) -> object:
    connection = await asyncpg.connect(server.dsn)
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


def processes_of(server: LocalPostgres) -> list[psutil.Process]:
    postmaster = psutil.Process(server.pid)
    return [postmaster, *postmaster.children(recursive=True)]


async def test_data_is_kept_over_restart_and_stop_leaves_no_process(postgres: LocalPostgres) -> None:
    await query(postgres, "create table kept as select 7 as number")
    await postgres.restart()
    assert await query(postgres, "select number from kept") == 7
    processes = processes_of(postgres)
    await postgres.stop()
    assert await all_gone(processes, seconds=0.1)
    assert not await postgres.is_healthy()
    await postgres.stop()


async def test_data_is_kept_when_it_is_killed(postgres: LocalPostgres) -> None:
    await query(postgres, "create table kept as select 7 as number")
    processes = processes_of(postgres)
    await postgres.kill()
    assert await all_gone(processes, seconds=0.1)
    await postgres.start()
    assert await query(postgres, "select number from kept") == 7


async def test_an_open_connection_does_not_hold_up_stop(postgres: LocalPostgres) -> None:
    connection = await asyncpg.connect(postgres.dsn)
    await postgres.stop()
    assert postgres.pid is None
    connection.terminate()


async def test_it_ends_with_a_killed_parent_and_starts_again_at_once(tmp_path: Path) -> None:
    left = await started_and_abandoned("postgres", tmp_path)
    again = LocalPostgres(tmp_path, durable=False)
    await again.start()
    assert await all_gone(left, seconds=0.1)
    await again.stop()


async def test_a_pid_file_with_the_number_of_a_stranger_is_no_obstacle(postgres: LocalPostgres, tmp_path: Path) -> None:
    pid_file = tmp_path / "postgres" / "cluster" / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    await postgres.kill()
    pid_file.write_text("\n".join([str(os.getpid()), *lines[1:]]))
    await postgres.start()
    assert await postgres.is_healthy()


async def test_a_folder_with_a_long_and_odd_name_will_do(tmp_path: Path) -> None:
    server = LocalPostgres(tmp_path / f"it's {'long' * 25}, ü", durable=False)
    await server.start()
    assert await query(server, "select lower('Ä')") == "ä"
    await server.stop()


async def test_data_of_another_version_is_refused_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "cluster").mkdir()
    (tmp_path / "cluster" / "PG_VERSION").write_text("12\n")
    with pytest.raises(ServiceStartError, match="is of Postgres 12, and this is 18"):
        await LocalPostgres(tmp_path).start()


async def test_a_server_in_the_settings_is_used_and_not_stopped(postgres: LocalPostgres, tmp_path: Path) -> None:
    external = LocalPostgres(tmp_path / "unused", external_url=postgres.dsn)
    await external.start()
    assert external.pid is None
    await external.stop()
    assert await postgres.is_healthy()
    assert not (tmp_path / "unused").exists()
