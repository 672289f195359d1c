"""Executions from the command line: started, waited for, looked at, asked for things, one and many."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from activities import chores
from automations.writing import write_yaml
from tests.cli.shell import Shell
from tests.engine import LEAD, Engine
from tests.http_server import HttpServer

STEPS = {
    "done": [{"id": "note", "type": "change_field_value", "changes": [{"field": "status", "value": "Done"}]}],
    "fails": [{"id": "end", "type": "stop_execution", "action": "fail", "reason": "No."}],
    "waits": [{"id": "rest", "type": "delay", "days": 3}],
}


async def saved(everstep: Shell, steps: Any, name: str = "subject", **parts: Any) -> None:
    document = {"api_name": name, "name": "Subject", "object": "lead", "active": True, "steps": steps, **parts}
    file = everstep.folder / f"{name}.yaml"
    file.write_text(write_yaml([LEAD, document]))
    await everstep.ok("apply", "-f", str(file), "--yes")


async def started(everstep: Shell, engine: Engine, *words: str) -> str:
    record = await engine.lead()
    return (await everstep.ok("start", "subject", "--record", str(record), "--json", *words)).json["id"]


@asynccontextmanager
async def bulk_starting(engine: Engine) -> AsyncIterator[None]:
    """A worker that works on bulk starts until the end of the block."""
    tasks = [asyncio.create_task(chore) for chore in chores.bulk_starting(engine.services)]
    yield
    for task in tasks:
        task.cancel()


async def test_the_end_that_was_waited_for_is_the_exit_code(everstep: Shell, engine: Engine) -> None:
    record = str(await engine.lead())
    codes = {}
    for name, steps in STEPS.items():
        await saved(everstep, steps)
        timeout = "0.2" if name == "waits" else "20"
        ended = await everstep("start", "subject", "--record", record, "--wait", "--timeout", timeout, "--json")
        codes[name] = (ended.code, ended.json["state"])
    assert codes == {"done": (0, "completed"), "fails": (1, "failed"), "waits": (3, "paused")}


async def test_a_script_sees_the_end_as_the_exit_code_of_the_command(everstep: Shell, engine: Engine) -> None:
    await saved(everstep, STEPS["fails"])
    id = await started(everstep, engine)
    ended = await everstep.process("executions", "wait", id, "--json")
    assert (ended.code, ended.json["state"], ended.err) == (1, "failed", "")


async def test_a_paused_execution_is_found_explained_mended_and_resumed(
    everstep: Shell, engine: Engine, http: HttpServer
) -> None:
    http.answers = [404]
    await saved(everstep, [{"id": "ask", "type": "http_request", "url": http.url}])
    id = await started(everstep, engine)
    assert (await everstep("executions", "wait", id, "--timeout", "20")).code == 3
    [found] = (await everstep.ok("executions", "list", "--automation", "subject", "--pause-reason", "error", "--json")).json
    assert found["id"] == id
    assert "404" in (await everstep.ok("executions", "explain", id)).out
    history = await everstep.ok("executions", "history", id)
    assert "✗ ask" in history.out
    http.answers = [200]
    await everstep.ok("executions", "resume", id)
    assert (await everstep("executions", "wait", id, "--timeout", "20")).code == 0
    followed = (await everstep.ok("executions", "logs", id, "--follow")).out
    assert "✓ ask" in followed
    assert "completed" in followed


async def test_all_that_fit_are_canceled_and_each_is_told_of(everstep: Shell, engine: Engine) -> None:
    await saved(everstep, STEPS["waits"])
    ids = {await started(everstep, engine) for _ in range(3)}
    unasked = await everstep("executions", "cancel", "--automation", "subject", "--open", "--all")
    assert (unasked.code, "Cancel 3 executions?" in unasked.err) == (2, True)
    async with engine.bulk_requesting():
        ended = await everstep.ok(
            "executions", "cancel", "--automation", "subject", "--open", "--all", "--yes", "--json", "--why", "test"
        )
        assert {(item["id"], item["outcome"]) for item in ended.json} == {(id, "asked") for id in ids}
        for id in ids:
            assert (await everstep("executions", "wait", id, "--timeout", "20")).code == 1
        again = await everstep("executions", "cancel", *ids, "--json")
    assert (again.code, {item["outcome"] for item in again.json}) == (4, {"refused"})


async def test_no_execution_is_asked_by_a_slip(everstep: Shell) -> None:
    for words in ((), ("--all",), ("--automation", "subject"), ("--all", "some-id")):
        ended = await everstep("executions", "cancel", *words)
        assert ended.code == 2, (words, ended)


async def test_a_record_is_named_by_a_field(everstep: Shell, engine: Engine) -> None:
    await engine.lead(email="ada@analytical.example")
    await saved(everstep, STEPS["done"])
    ended = await everstep("start", "subject", "--record", "email=ada@analytical.example", "--wait")
    assert ended.code == 0, ended
    missing = await everstep("start", "subject", "--record", "email=nobody@example.com", "--json")
    assert (missing.code, missing.problem["code"]) == (4, "record_not_found")


async def test_variables_are_read_as_yaml_and_refused_by_name(everstep: Shell, engine: Engine) -> None:
    await saved(everstep, STEPS["done"], variables=[{"id": "v", "name": "seats", "type": "number", "sources": [{"static": 1}]}])
    id = await started(everstep, engine, "--variable", "seats=7")
    assert (await everstep("executions", "wait", id)).code == 0
    [variable] = (await everstep.ok("executions", "variables", id, "--json")).json
    assert variable["value"] in (7, "7")
    wrong = await everstep("start", "subject", "--record", str(await engine.lead()), "-v", "chairs=1", "--json")
    assert wrong.problem["errors"][0]["path"] == "variables.chairs"


async def test_a_bulk_start_is_followed_to_its_end(everstep: Shell, engine: Engine) -> None:
    await saved(everstep, STEPS["done"])
    ids = [str(await engine.lead()) for _ in range(5)]
    (everstep.folder / "ids.txt").write_text("\n".join(ids))
    async with bulk_starting(engine):
        ended = await everstep.ok("bulk", "start", "subject", "--ids", str(everstep.folder / "ids.txt"), "--follow", "--json")
    last = ended.out.splitlines()[-1]
    assert '"state":"completed"' in last
    assert '"started":5' in last
    assert len((await everstep.ok("executions", "list", "--automation", "subject", "--json")).json) == 5


async def test_the_web_ui_address_is_printed_alone(everstep: Shell, engine: Engine) -> None:
    await saved(everstep, STEPS["done"])
    id = await started(everstep, engine)
    assert (await everstep.ok("open", id)).out.startswith("http://ui.example/")
