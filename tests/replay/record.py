"""Records the histories anew: `python -m tests.replay.record`.

To be done when the workflow's code takes another way on purpose, for executions that started before it; the old histories stay
where such a change is guarded by `workflow.patched`.
"""

import asyncio
import json
import tempfile
from pathlib import Path
from typing import Any

from temporalio.client import Client, WorkflowHistory

from activities.settings import Settings
from deploy.exits import run
from deploy.postgres import LocalPostgres
from deploy.temporal import TemporalDevServer
from store.database import Database
from tests.engine import Engine
from tests.replay.scenarios import SCENARIOS
from workflows.converter import DATA_CONVERTER

HISTORIES = Path(__file__).parent / "histories"
_SAYS_WHERE = {"stackTrace"}


async def record(engine: Engine) -> None:
    HISTORIES.mkdir(exist_ok=True)
    for scenario in SCENARIOS:
        ran = await scenario(engine)
        workflow_id = ran if isinstance(ran, str) else (await engine.execution(ran))["workflow_id"]
        for number, history in enumerate(await _runs(engine.client, workflow_id), start=1):
            name = f"{scenario.__name__}.{number}.json"
            (HISTORIES / name).write_text(_as_text(history), encoding="utf-8")
            print(f"recorded {name}: {len(history.events)} events")


async def _runs(client: Client, workflow_id: str) -> list[WorkflowHistory]:
    """Of all runs, oldest first."""
    histories: list[WorkflowHistory] = []
    run_id: str | None = None
    while run_id != "":
        history = await client.get_workflow_handle(workflow_id, run_id=run_id).fetch_history()
        histories.insert(0, history)
        run_id = history.events[0].workflow_execution_started_event_attributes.continued_execution_run_id
    return histories


def _as_text(history: WorkflowHistory) -> str:
    return json.dumps(_without_places(json.loads(history.to_json())), indent=1, sort_keys=True) + "\n"


def _without_places(value: Any) -> Any:
    """Stack traces name files of this machine; a replay reads none."""
    match value:
        case dict():
            return {key: _without_places(item) for key, item in value.items() if key not in _SAYS_WHERE}
        case list():
            return [_without_places(item) for item in value]
        case _:
            return value


async def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        postgres = LocalPostgres(Path(folder) / "postgres", durable=False)
        temporal = TemporalDevServer(None, port=0, ui=False, log=Path(folder) / "temporal.log")
        try:
            await asyncio.gather(postgres.start(), temporal.start())
            database = await Database.connect(postgres.dsn)
            await database.migrate()
            client = await Client.connect(temporal.address, data_converter=DATA_CONVERTER, identity="recorder")
            settings = Settings(database_url=postgres.dsn, workflow_sandbox=True, http_allow=("127.0.0.1",))
            async with Engine(database, client, settings).working() as engine:
                await record(engine)
            await database.close()
        finally:
            await temporal.stop()
            await postgres.stop()
    return 0


if __name__ == "__main__":
    run(main)
