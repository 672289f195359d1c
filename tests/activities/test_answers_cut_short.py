"""An answer that broke off is no answer: neither a step nor the client takes a part for the whole."""

import asyncio

import pytest

from client import Client, UnreachableError
from tests.builders import request, variable
from tests.engine import Engine
from tests.http_server import HttpServer

ULM = '{"city": "Ulm"}'
CUT = {"Content-Length": "1000"}
CHUNKED = {"Content-Length": "0", "Transfer-Encoding": "chunked"}


@pytest.mark.parametrize(("body", "headers"), [(ULM, CUT), (f"f\r\n{ULM}", CHUNKED)], ids=["length", "chunks"])
async def test_a_step_takes_nothing_from_an_answer_that_broke_off(
    body: str, headers: dict[str, str], engine: Engine, http: HttpServer
) -> None:
    http.answers = [(200, body, headers)]
    step = request("ask", http.url, into=[{"variable": "city", "value": "$.city"}])
    await engine.save(steps=[step], variables=[variable("city", {"static": ""}, type="string")])
    execution_id = await engine.start()
    row = await engine.in_state(execution_id, "paused", reason="error")
    assert not row["variables"]["city"]
    assert (await engine.steps(execution_id))[-1]["error"]["code"] == "answer_unreadable"


async def test_the_client_takes_no_answer_that_broke_off(http: HttpServer) -> None:
    http.answers = [(200, '{"items": []}', CUT)]
    with Client(http.url, "esk_any") as client, pytest.raises(UnreachableError):
        await asyncio.to_thread(client.list_automations)
