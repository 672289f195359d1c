from uuid import uuid4

from automations.document import AutomationDocument
from store.automations import create_automation, read_automation
from store.database import Database
from store.events import insert_evaluation, insert_event, read_event
from tests.store.building import NOW


async def test_an_event_and_what_became_of_it_are_kept(database: Database) -> None:
    root = uuid4()
    async with database.connection() as connection:
        event_id = await insert_event(connection, "webhook", None, NOW, {"body": {"a": 1}}, root, 2)
        event = await read_event(connection, event_id)
        assert event is not None
        assert (event["kind"], event["payload"], event["root_id"], event["depth"]) == ("webhook", {"body": {"a": 1}}, root, 2)
        assert await read_event(connection, uuid4()) is None
        await create_automation(connection, AutomationDocument(api_name="some", name="Some"), None)
        automation = await read_automation(connection, "some")
        assert automation is not None
        await insert_evaluation(connection, event_id, automation["id"], "hook", "inactive", "It is off.", None, NOW)
        row = await connection.fetchrow("select * from evaluations")
        assert row is not None
        assert (row["event_id"], row["outcome"], row["reason"], row["evaluated_at"]) == (event_id, "inactive", "It is off.", NOW)
