"""Temporal goes away and comes back: what was refused left nothing, what was taken is done."""

from pathlib import Path
from uuid import UUID

import pytest
from temporalio.client import Client

from activities.settings import Settings
from deploy.temporal import TemporalDevServer
from store.database import Database
from tests.api.asking import refused
from tests.api.test_executions import WAITING
from tests.api.test_webhooks import GLOBAL
from tests.engine import Engine, until
from tests.fixtures.api import gateway
from tests.keys import CONVERTER


@pytest.mark.timeout(120)
async def test_outage_of_temporal_loses_nothing_and_leaves_nothing_half_done(
    tmp_path: Path, settings: Settings, database: Database
) -> None:
    temporal = TemporalDevServer(tmp_path, port=0, ui=False)
    await temporal.start()
    try:
        settings = settings.model_copy(update={"temporal_address": temporal.address})
        async with gateway(settings) as api:
            await api.put("/automations/waiting", json=WAITING)
            await api.put("/automations/hooked", json=GLOBAL)
            client = await Client.connect(temporal.address, data_converter=CONVERTER)
            engine = Engine(database, client, settings)
            async with engine.working(making_up=True):
                before = UUID((await api.post("/automations/waiting/executions", json={})).json()["id"])
                await engine.in_state(before, "paused", reason="delay")
                await temporal.stop()

                refused(await api.post("/automations/waiting/executions", json={}), 503, "temporal_unavailable")
                refused(await api.post(f"/executions/{before}/pause"), 503, "temporal_unavailable")
                taken = await api.post("/webhooks/hooked/form", json={"company": {"seats": 3}})
                assert taken.status_code == 200
                view = (await api.get(f"/executions/{before}")).json()
                assert (view["state"], view["requested"]) == ("paused", None)
                assert len((await api.get("/executions")).json()["items"]) == 2

                await temporal.start()
                await engine.ended(UUID(taken.json()["execution_id"]), seconds=60)

                async def canceled() -> bool:
                    return (await api.post(f"/executions/{before}/cancel")).status_code == 202

                await until(canceled, seconds=20)
                await engine.ended(before, "canceled")
    finally:
        await temporal.stop()
