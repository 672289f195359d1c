"""Texts to several people, tried again after the list of them has changed: each gets one."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from deploy.text_sink import TextSink
from store.records import change_record
from store.suppressions import Suppression, suppress
from tests.builders import Json
from tests.steps.house import House
from tests.steps.test_texts import number

BUSY = "+15005550503"
"""The provider takes nothing for this number."""


def got(sink: TextSink, *numbers: str) -> list[int]:
    return [[text.to for text in sink.texts()].count(number) for number in numbers]


async def change(house: House, record: str, **values: Any) -> None:
    async with house.database.connection() as connection:
        await change_record(connection, UUID(record), values=values, now=datetime.now(UTC))


async def stop(house: House, number: str) -> None:
    async with house.database.connection() as connection:
        await suppress(connection, Suppression("text", number, "unsubscribed"), datetime.now(UTC))


async def test_contacts_get_one_text_each_when_one_has_stopped_and_another_came_in_front(
    house: House, house_texts: TextSink
) -> None:
    numbers = [number() for _ in range(4)]
    new, ada, bob, cem = [await house.put("person", phone=each) for each in numbers]
    await change(house, cem, phone=BUSY)
    account = await house.put("account", people=[ada, bob, cem])
    step: Json = {"id": "text", "type": "send_related_contact_text", "contact": {"through": ["people"]}, "body": "Hello"}
    execution = await house.start("record", await house.save("record", step), account)
    await house.come_to(execution, "retrying")
    assert got(house_texts, *numbers) == [0, 1, 1, 0]
    await stop(house, numbers[1])
    await change(house, account, people=[new, ada, bob, cem])
    await change(house, cem, phone=numbers[3])
    await house.engine.ask(execution, "retry")
    await house.come_to(execution, "completed")
    assert got(house_texts, *numbers) == [1, 1, 1, 1]


async def test_somebody_whose_number_has_changed_gets_no_second_text(house: House, house_texts: TextSink) -> None:
    numbers = [number() for _ in range(3)]
    ada, bob = await house.put("person", phone=numbers[0]), await house.put("person", phone=BUSY)
    account = await house.put("account", people=[ada, bob])
    step: Json = {"id": "text", "type": "send_related_contact_text", "contact": {"through": ["people"]}, "body": "Hello"}
    execution = await house.start("record", await house.save("record", step), account)
    await house.come_to(execution, "retrying")
    await change(house, ada, phone=numbers[1])
    await change(house, bob, phone=numbers[2])
    await house.engine.ask(execution, "retry")
    await house.come_to(execution, "completed")
    assert got(house_texts, *numbers) == [1, 0, 1]


async def test_members_get_one_text_each_when_one_came_in_front(house: House, house_texts: TextSink) -> None:
    role, numbers = house.name("role"), [number() for _ in range(3)]
    await house.employ(None, role, phone=numbers[0])
    bob = await house.employ("Bob Busy", role, phone=BUSY)
    step: Json = {"id": "text", "type": "notify_member_via_text", "to": {"role": role}, "body": "Hello"}
    execution = await house.start("record", await house.save("record", step))
    await house.come_to(execution, "retrying")
    async with house.database.connection() as connection:
        front = "insert into employees (id, name, email, roles, phone) values ($1, 'Front', 'front@example.com', $2, $3)"
        await connection.execute(front, UUID(int=1), [role], numbers[1])
        await connection.execute("update employees set phone = $2 where id = $1", bob["id"], numbers[2])
    await house.engine.ask(execution, "retry")
    await house.come_to(execution, "completed")
    assert got(house_texts, *numbers) == [1, 1, 1]
