"""Lanes: the paths of a branch that run side by side, and where each of them stands.

A lane is named by the way to it: `fork:sales`, and `fork:sales/check:left` for a lane of a branch inside that lane. The main
lane, in which every execution begins, is the empty text.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from pydantic import BaseModel, ConfigDict

from automations.executions import OpenState, PauseReason

MAIN = ""


def lane_below(lane: str, branch: str, name: str) -> str:
    return f"{lane}/{branch}:{name}".removeprefix("/")


def branch_of(lane: str) -> str | None:
    """The branch step whose lane this is; None for the main lane."""
    return lane.rpartition("/")[2].partition(":")[0] or None


def parent_of(lane: str) -> str:
    return lane.rpartition("/")[0]


def is_below(lane: str, ancestor: str) -> bool:
    return lane != ancestor and (ancestor == MAIN or lane.startswith(f"{ancestor}/"))


class Standing(BaseModel):
    """Where one lane stands, and why. `revision` is that of the document in which the step was found.

    A `forked` lane stands on a branch and waits for the lanes below it. A manual pause, and one of an automation that is `over`
    its step, stand over whatever it does; `beneath` is what it waits for besides.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    state: OpenState
    step: str | None
    revision: int
    forked: bool = False
    pause_reason: PauseReason | None = None
    waiting_until: datetime | None = None
    retry_at: datetime | None = None
    attempt: int = 1
    reason: str | None = None
    over: bool = False
    beneath: PauseReason | None = None
    beneath_reason: str | None = None

    @property
    def is_over(self) -> bool:
        """Whether its pause stands over what it does, and a resume lets it go on where it stood."""
        return self.over or self.pause_reason == "manual"

    @property
    def asked_as(self) -> PauseReason | None:
        """Its pause to whoever asks something of it: for a resume or a skip it does not matter who put it there."""
        return "manual" if self.over else self.pause_reason


_STATES: tuple[OpenState, ...] = ("active", "retrying", "paused")
"""What an execution is, if any of its lanes is."""

_REASONS: tuple[PauseReason, ...] = (
    "manual", "condition_error", "error", "automation", "kill_switch", "goal", "delay",
)  # fmt: skip
"""The reason that is shown, if any of the paused lanes has it: first what waits for a person."""


@dataclass(frozen=True)
class Standings:
    """Where all lanes of an execution stand."""

    lanes: Mapping[str, Standing] = field(default_factory=dict[str, Standing])

    def moved(self, lane: str, standing: Standing) -> "Standings":
        return Standings({**self.lanes, lane: standing})

    def without(self, lanes: Iterable[str]) -> "Standings":
        """Those lanes have ended."""
        gone = frozenset(lanes)
        return Standings({lane: standing for lane, standing in self.lanes.items() if lane not in gone})

    def below(self, lane: str) -> list[str]:
        return [each for each in self.lanes if is_below(each, lane)]

    @property
    def walked(self) -> Mapping[str, Standing]:
        """The lanes in which something runs or waits: all but the forked ones."""
        return {lane: standing for lane, standing in self.lanes.items() if not standing.forked} or self.lanes

    def summed(self) -> Standing:
        """The execution as a whole: active if any lane is, else retrying if any is, else paused."""
        main = self.lanes[MAIN]
        first = min(self.walked.values(), key=_urgency)
        alike = [standing for standing in self.walked.values() if standing.state == first.state]
        return first.model_copy(
            update={
                "revision": main.revision,
                "forked": False,
                "waiting_until": min((each.waiting_until for each in alike if each.waiting_until), default=None),
                "retry_at": min((each.retry_at for each in alike if each.retry_at), default=None),
            }
        )


def _urgency(standing: Standing) -> tuple[int, int]:
    reason = _REASONS.index(standing.pause_reason) if standing.pause_reason else len(_REASONS)
    return _STATES.index(standing.state), reason
