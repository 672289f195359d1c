"""Low priority gives way to regular work, and is not starved by it."""

import asyncio
from typing import Any, cast

from temporalio.worker import SlotPermit, SlotReleaseContext

from activities.priorities import GivingWay, Traffic
from tests.builders import variable
from tests.engine import Engine, until


class _Reserving:
    """What the SDK says when it wants a slot."""

    def __init__(self, *, is_sticky: bool = False) -> None:
        self.is_sticky = is_sticky


def reserving(slots: GivingWay, *, is_sticky: bool = False) -> asyncio.Task[SlotPermit]:
    return asyncio.ensure_future(slots.reserve_slot(cast(Any, _Reserving(is_sticky=is_sticky))))


def released(slots: GivingWay, permit: SlotPermit) -> None:
    slots.release_slot(SlotReleaseContext(slot_info=None, permit=permit))


async def kept_busy(traffic: Traffic) -> None:
    while True:
        traffic.notice()
        await asyncio.sleep(0.01)


async def test_a_new_execution_waits_for_quiet_and_one_that_goes_on_does_not() -> None:
    traffic = Traffic()
    slots = GivingWay(2, before=traffic)
    traffic.notice()
    new = reserving(slots)
    await reserving(slots, is_sticky=True)
    assert not new.done()
    assert not traffic.is_quiet()
    await new


async def test_regular_work_without_end_does_not_starve_it() -> None:
    traffic = Traffic()
    busy = asyncio.create_task(kept_busy(traffic))
    async with asyncio.timeout(10):
        await reserving(GivingWay(1, before=traffic))
    assert not traffic.is_quiet()
    busy.cancel()


async def test_there_are_so_many_slots_and_no_more() -> None:
    slots = GivingWay(1, before=Traffic())
    first = await reserving(slots)
    second = reserving(slots)
    await reserving(slots, is_sticky=True)
    assert not second.done()
    released(slots, first)
    await second


async def test_a_reservation_given_up_leaves_its_slot() -> None:
    traffic = Traffic()
    slots = GivingWay(1, before=traffic)
    traffic.notice()
    given_up = reserving(slots)
    await asyncio.sleep(0)
    given_up.cancel()
    async with asyncio.timeout(10):
        await reserving(slots)


async def test_many_of_low_priority_all_end_beside_regular_ones(engine: Engine) -> None:
    await engine.save(api_name="low-one", priority="low", variables=[variable("n")])
    await engine.save(api_name="regular-one", variables=[variable("n")])
    low = [await engine.start("low-one") for _ in range(10)]
    regular = [await engine.start("regular-one") for _ in range(10)]
    for execution in [*regular, *low]:
        await engine.ended(execution)


async def test_a_flooded_low_queue_leaves_a_low_execution_in_progress_answering(engine: Engine) -> None:
    await engine.save(api_name="waits", priority="low", steps=[{"id": "wait", "type": "delay", "days": 1}])
    await engine.save(api_name="low-one", priority="low", variables=[variable("n")])
    waits = await engine.start("waits")
    await engine.in_state(waits, "paused", reason="delay")
    flood = [await engine.start("low-one") for _ in range(40)]
    await engine.order(waits, "cancel")
    await engine.ended(waits, "canceled")
    await until(lambda: _all_over(engine, flood))


async def _all_over(engine: Engine, executions: list[Any]) -> bool:
    return all([(await engine.execution(execution))["finished_at"] for execution in executions])
