import asyncio
from tests.activities.test_switching import *
async def test_it(skipping_engine):
    e=skipping_engine
    await e.save(steps=[delay("rest"), SOON | {"id": "after"}])
    x = await e.start()
    await e.in_state(x, "paused", reason="delay")
    standing = await switch(e)
    async with jumping(e):
        await held(e, x)
    await lift(e, standing)
    try:
        await swept(e, x)
    except AssertionError:
        h = await e.handle(x)
        async for ev in h.fetch_history_events():
            print(ev.event_id, ev.event_type, ev.event_time.ToDatetime(), ev.workflow_execution_signaled_event_attributes.signal_name if ev.event_type==9 or True else "")
        print(await e.visits(x)); print(dict(await e.execution(x)))
        raise
