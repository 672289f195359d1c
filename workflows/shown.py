"""What the Temporal Web UI shows of an execution beside its events."""

from datetime import datetime

from temporalio import workflow
from temporalio.common import SearchAttributeKey

from automations.executions import State
from automations.lanes import MAIN

AUTOMATION = SearchAttributeKey.for_keyword("Automation")
RECORD = SearchAttributeKey.for_keyword("Record")
STATE = SearchAttributeKey.for_keyword("State")
PRIORITY = SearchAttributeKey.for_keyword("Priority")

_FIRST: tuple[State, ...] = ("active", "retrying", "paused")


def show_state(state: State, says: str = "") -> None:
    """Upserts the state if it changed, and sets the details line."""
    _upsert(state)
    workflow.set_current_details(_line(state, says, None))


class ShownLanes:
    """The states of the open lanes, summed for the list and told one by one in the details."""

    def __init__(self) -> None:
        self._lanes: dict[str, tuple[State, str]] = {}

    def show(self, lane: str, state: State, says: str = "", until: datetime | None = None) -> None:
        self._lanes[lane] = state, _line(state, says, until)
        self._tell()

    def forget(self, lane: str) -> None:
        """It has ended, or waits for the lanes below it."""
        if self._lanes.pop(lane, None) and self._lanes:
            self._tell()

    def _tell(self) -> None:
        states = {state for state, _ in self._lanes.values()}
        _upsert(next(state for state in _FIRST if state in states))
        lines = (f"{f'{lane} · ' if lane != MAIN else ''}{line}" for lane, (_, line) in self._lanes.items())
        workflow.set_current_details("\n\n".join(lines))


def _line(state: State, says: str, until: datetime | None) -> str:
    moment = f" until {until:%Y-%m-%d %H:%M:%S} UTC" if until else ""
    return f"**{state}**{f': {says}' if says else ''}{moment}"


def _upsert(state: State) -> None:
    if workflow.info().typed_search_attributes.get(STATE) != state:
        workflow.upsert_search_attributes([STATE.value_set(state)])  # pyright: ignore[reportUnknownMemberType]
