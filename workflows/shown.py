"""What the Temporal Web UI shows of an execution beside its events."""

from datetime import datetime

from temporalio import workflow
from temporalio.common import SearchAttributeKey

from automations.executions import State

AUTOMATION = SearchAttributeKey.for_keyword("Automation")
RECORD = SearchAttributeKey.for_keyword("Record")
STATE = SearchAttributeKey.for_keyword("State")
PRIORITY = SearchAttributeKey.for_keyword("Priority")


def show_state(state: State, says: str = "", until: datetime | None = None) -> None:
    """Upserts the state if it changed, and sets the details line."""
    if workflow.info().typed_search_attributes.get(STATE) != state:
        workflow.upsert_search_attributes([STATE.value_set(state)])  # pyright: ignore[reportUnknownMemberType]
    moment = f" until {until:%Y-%m-%d %H:%M:%S} UTC" if until else ""
    workflow.set_current_details(f"**{state}**{f': {says}' if says else ''}{moment}")
