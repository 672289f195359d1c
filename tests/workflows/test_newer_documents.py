"""A document that a newer release saved, on a worker of this one: it concludes nothing, and calls nobody again."""

from uuid import UUID

import pytest

from tests.builders import Json, condition, request, stop
from tests.engine import Engine
from tests.http_server import HttpServer

NEWER = [{"id": "sunrise", "type": "sunrise"}]


async def saved_by_a_newer_release(engine: Engine, steps: list[Json]) -> None:
    """The newest document has a step of a type that this release does not know."""
    await engine.save(object="lead", steps=steps)
    async with engine.database.connection() as connection:
        await connection.execute(
            "update automation_revisions v set document = jsonb_set(v.document, '{steps}', v.document -> 'steps' || $1::jsonb)"
            " from automations a where a.id = v.automation_id and a.revision = v.revision",
            NEWER,
        )


async def retrying(engine: Engine, execution: UUID) -> str:
    await engine.in_state(execution, "retrying")
    return (await engine.steps(execution))[-1]["failures"][-1]["code"]


BLANK = condition("blank", **{"if": {"field": "status", "op": "is_blank"}})


@pytest.mark.parametrize("step", [BLANK, stop("end")], ids=["condition", "step"])
async def test_a_step_of_a_document_that_cannot_be_read_waits_for_a_newer_worker(engine: Engine, step: Json) -> None:
    lead = await engine.lead()
    await engine.save(object="lead", steps=[step])
    execution = await engine.start(record=lead, launched=False)
    await saved_by_a_newer_release(engine, [step])
    await engine.due(execution)
    assert await retrying(engine, execution) == "document_unreadable"
    await engine.save(object="lead", steps=[step])
    await engine.ask(execution, "retry")
    await engine.ended(execution)


async def test_a_call_is_not_made_again_because_a_newer_document_was_saved_meanwhile(engine: Engine, http: HttpServer) -> None:
    lead, steps = await engine.lead(), [request("call", http.url), stop("end")]
    http.hold()
    await engine.save(object="lead", steps=steps)
    execution = await engine.start(record=lead)
    await http.was_asked(1)
    await saved_by_a_newer_release(engine, steps)
    http.let_go()
    assert await retrying(engine, execution) == "document_unreadable"
    assert await engine.visits(execution) == [("call", "completed"), ("end", "retrying")]
    assert len(http.asked) == 1
