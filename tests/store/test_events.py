from uuid import uuid4

from automations.document import AutomationDocument
from store.automations import create_automation, read_automation
from store.database import Database
from store.events import Evaluation, insert_evaluations, insert_event, read_event
from tests.store.building import NOW


async def test_an_event_and_what_became_of_it_are_kept(database: Database) -> None:
    root = uuid4()
    async with database.connection() as connection:
        event_id = await insert_event(connection, "webhook", None, NOW, {"body": {"a": 1}}, root, 2)
        assert event_id is not None
        event = await read_event(connection, event_id)
        assert event is not None
        assert (event["kind"], event["payload"], event["root_id"], event["depth"]) == ("webhook", {"body": {"a": 1}}, root, 2)
        assert await read_event(connection, uuid4()) is None
        await create_automation(connection, AutomationDocument(api_name="some", name="Some"), None)
        automation = await read_automation(connection, "some")
        assert automation is not None
        seen = Evaluation(event_id, automation["id"], "hook", None, NOW, NOW, "inactive", "It is off.")
        await insert_evaluations(connection, [seen])
        await insert_evaluations(connection, [seen])
        [row] = await connection.fetch("select * from evaluations")
        assert (row["event_id"], row["outcome"], row["reason"]) == (event_id, "not_started", "inactive")
        assert (row["detail"], row["event_at"], row["evaluated_at"]) == ("It is off.", NOW, NOW)


async def test_an_event_is_written_once_for_its_idempotency_key(database: Database) -> None:
    async with database.connection() as connection:
        first = await insert_event(connection, "schedule", None, NOW, {}, idempotency_key="once")
        again = await insert_event(connection, "schedule", None, NOW, {}, idempotency_key="once")
        other = await insert_event(connection, "schedule", None, NOW, {}, idempotency_key="twice")
        assert (first is None, again, other is None) == (False, None, False)
