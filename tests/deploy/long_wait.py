from __future__ import annotations

from datetime import timedelta

from temporalio import workflow
from temporalio.common import SearchAttributeKey

STATE = SearchAttributeKey.for_keyword("State")


@workflow.defn
class LongWait:
    """Sets a search attribute and sleeps for 90 days; answers the days that went by."""

    @workflow.run
    async def run(self) -> int:
        began = workflow.now()
        workflow.upsert_search_attributes([STATE.value_set("waiting")])
        await workflow.sleep(timedelta(days=90))
        return (workflow.now() - began).days
