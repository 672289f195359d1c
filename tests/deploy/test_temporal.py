from __future__ import annotations

import socket
from collections.abc import AsyncGenerator
from pathlib import Path

import httpx2
import psutil
import pytest
from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.client import Client

from deploy.errors import LocalServiceError
from deploy.ports import free_port
from deploy.temporal import TemporalDevServer
from tests.deploy.abandoning import all_gone, started_and_abandoned
from tests.deploy.long_wait import LongWait


@pytest.fixture
async def kept_server(tmp_path: Path) -> AsyncGenerator[TemporalDevServer]:
    server = TemporalDevServer(tmp_path, port=0, ui_port=0)
    await server.start()
    yield server
    await server.stop()


async def test_executions_are_kept_over_restart_and_crash_on_the_same_ports(kept_server: TemporalDevServer) -> None:
    address, ui_address = kept_server.address, kept_server.ui_address
    client = await Client.connect(address)
    await client.start_workflow(LongWait.run, id="kept", task_queue="nobody")
    await kept_server.restart()
    await kept_server.kill()
    assert not await kept_server.is_healthy()
    await kept_server.start()
    assert (kept_server.address, kept_server.ui_address) == (address, ui_address)
    description = await client.get_workflow_handle("kept").describe()
    assert description.workflow_type == "LongWait"


async def test_the_web_ui_answers(kept_server: TemporalDevServer) -> None:
    async with httpx2.AsyncClient() as http:
        page = await http.get(f"{kept_server.ui_address}/namespaces/default/workflows")
    assert page.status_code == 200
    assert "<html" in page.text


async def test_our_search_attributes_are_keywords(dev_server: TemporalDevServer) -> None:
    client = await Client.connect(dev_server.address)
    answer = await client.operator_service.list_search_attributes(ListSearchAttributesRequest(namespace="default"))
    ours = {name: kind for name, kind in answer.custom_attributes.items() if name in ("Automation", "Record")}
    assert set(ours.values()) == {2}
    assert {"Automation", "Record", "State", "Priority"} <= set(answer.custom_attributes)


async def test_taken_ports_are_replaced_and_said(tmp_path: Path) -> None:
    said = list[str]()
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        server = TemporalDevServer(None, port=taken, ui=False, log=tmp_path / "log", say=said.append)
        await server.start()
        await server.stop()
    assert server.address != f"127.0.0.1:{taken}"
    assert said == [f"Temporal: port {taken} is taken, using {server.address.rpartition(':')[2]} instead"]


async def test_it_ends_with_a_killed_parent(tmp_path: Path) -> None:
    assert await all_gone(await started_and_abandoned("temporal", tmp_path), seconds=2)


async def test_stop_leaves_no_process(tmp_path: Path) -> None:
    server = TemporalDevServer(None, port=0, ui=False, log=tmp_path / "log")
    await server.start()
    process = psutil.Process(server.pid)
    await server.stop()
    assert await all_gone([process], seconds=0.1)


async def test_a_binary_that_is_no_server_is_reported_with_its_last_words(tmp_path: Path) -> None:
    broken = tmp_path / "temporal"
    broken.write_text("#!/bin/sh\necho out of order\nexit 3\n")
    broken.chmod(0o755)
    with pytest.raises(LocalServiceError, match=r"ended with code 3[\s\S]*out of order"):
        await TemporalDevServer(None, port=0, ui=False, cli=broken, log=tmp_path / "log").start()


async def test_a_server_in_the_settings_is_used_and_not_stopped(dev_server: TemporalDevServer) -> None:
    external = TemporalDevServer(None, external_address=dev_server.address)
    await external.start()
    await external.stop()
    assert external.pid is None
    assert await dev_server.is_healthy()


async def test_nobody_at_an_address_is_not_healthy() -> None:
    assert not await TemporalDevServer(None, external_address=f"127.0.0.1:{free_port()}").is_healthy()
