"""One firing of a schedule: Temporal starts it at the planned time, and it tells the trigger when that has come.

What it tells becomes events, and the events start executions as any others do.
"""

from datetime import datetime, timedelta
from typing import Any

from temporalio import workflow
from temporalio.common import RetryPolicy, SearchAttributeKey

with workflow.unsafe.imports_passed_through():
    from automations.firings import FiredPage, Firing, FiringPage, FiringPlan, FiringReport, PlannedTime

_PLANNED = SearchAttributeKey.for_datetime("TemporalScheduledStartTime")
_UNTIL_IT_SUCCEEDS = RetryPolicy(
    initial_interval=timedelta(seconds=1), maximum_interval=timedelta(seconds=30), maximum_attempts=0
)


@workflow.defn(name="ScheduleFiring")
class ScheduleFiringWorkflow:
    """Waits where the business calendar moves the planned time, then fires page by page: a crash doubles and loses nothing."""

    @workflow.run
    async def run(self, firing: Firing) -> FiringReport:
        planned = firing.planned or _planned_time()
        due_at = firing.due_at
        if due_at is None:
            plan = await _due(firing, planned)
            if plan.due_at is None:
                return FiringReport(told=0, why=plan.why)
            due_at = plan.due_at
        return await _fire(firing.model_copy(update={"planned": planned, "due_at": due_at}), planned, due_at)


def _planned_time() -> datetime:
    """That of a start by hand is when it was started."""
    return workflow.info().typed_search_attributes.get(_PLANNED) or workflow.info().workflow_start_time


async def _due(firing: Firing, planned: datetime) -> FiringPlan:
    """Returns when the time has come, or is found not to come: what is planned is looked at again after each wait."""
    started, waited = workflow.info().workflow_start_time, False
    while True:
        asked = PlannedTime(
            automation_id=firing.automation_id, trigger_id=firing.trigger_id, planned=planned, started=started, waited=waited
        )
        plan: FiringPlan = await _do("plan_firing", asked, FiringPlan, f"planned for {planned:%Y-%m-%d %H:%M:%S} UTC")
        if plan.due_at is None or plan.due_at <= workflow.now():
            workflow.set_current_details(plan.why)
            return plan
        workflow.set_current_details(f"waits until {plan.due_at:%Y-%m-%d %H:%M:%S} UTC: {plan.why}")
        await workflow.sleep(plan.due_at - workflow.now())
        waited = True


async def _fire(firing: Firing, planned: datetime, due_at: datetime) -> FiringReport:
    told, after = firing.told, firing.after
    for _ in range(firing.pages_per_run):
        page = FiringPage(
            automation_id=firing.automation_id, trigger_id=firing.trigger_id, planned=planned, due_at=due_at, after=after
        )
        fired: FiredPage = await _do("fire_page", page, FiredPage, f"{told:,} told so far")
        told, after = told + fired.told, fired.last
        if after is None:
            workflow.set_current_details(f"{told:,} told")
            return FiringReport(told=told)
    return workflow.continue_as_new(firing.model_copy(update={"told": told, "after": after}))


async def _do(name: str, message: Any, result: Any, says: str) -> Any:
    return await workflow.execute_activity(
        name,
        message,
        result_type=result,
        start_to_close_timeout=timedelta(seconds=60),
        retry_policy=_UNTIL_IT_SUCCEEDS,
        summary=says,
    )
