"""The frame of a step in a dry run: the true one, but for what would leave the house or hold the execution up."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from activities.definitions import Definitions, Plan
from activities.dry_outside import Outside
from activities.frame import StepFrame
from activities.results import Down, HoldOn, Result, Stop
from activities.services import Services
from activities.situation import Situation
from activities.switching import checked, checked_hosts
from activities.writing import Attempt
from automations.dry_runs import Script
from automations.messages import StepRequest
from automations.outcomes import Outcome, StepRef
from automations.steps.base import StepBase
from automations.steps.control import Condition
from store.database import Connection


class TriedDefinitions(Definitions):
    """Everybody's, with the document that is tried in the place of the saved one."""

    def __init__(self, known: Definitions, automation_id: Any, plan: Plan) -> None:
        super().__init__()
        self._known, self._automation_id, self._plan = known, automation_id, plan

    async def plan(self, connection: Connection, automation_id: Any, revision: int) -> Plan:
        if automation_id == self._automation_id:
            return self._plan
        return await self._known.plan(connection, automation_id, revision)

    async def object(self, connection: Connection, object_id: Any, revision: int) -> Any:
        return await self._known.object(connection, object_id, revision)


@dataclass
class Notes:
    """What is to be told about the dry run beside its history. `warnings` are told once each."""

    script: Script
    outside: Outside
    _warnings: dict[str, None] = field(default_factory=dict[str, None])

    def warn(self, sentence: str) -> None:
        self._warnings[sentence] = None

    @property
    def warnings(self) -> list[str]:
        return list(self._warnings)


class DryFrame(StepFrame):
    """Launches nothing (`starts` says that it would), goes past kill switches, and takes the path that was chosen."""

    def __init__(self, step: StepRef, services: Services, notes: Notes) -> None:
        super().__init__(step.type, services)
        self._step = step
        self._notes = notes
        self._switches: Any = None
        self.starts = False

    def _is_local(self) -> bool:
        return self._step.local

    def _heartbeats(self) -> AbstractAsyncContextManager[None]:
        return nullcontext()

    def _patience(self, attempt: Attempt) -> timedelta:
        return timedelta(0)

    async def _load(self, connection: Any, request: StepRequest) -> Any:
        row = await super()._load(connection, request)
        self._switches = row["switches"]
        return {**row, "switches": None}

    def _stopped(self, row: Any, step: StepBase) -> Result | None:
        self._warn_of_switch(checked(self._switched(row), step, row["api_name"]))
        return None

    def _switched(self, row: Mapping[str, Any]) -> dict[str, Any]:
        return {**row, "switches": self._switches}

    def _warn_of_switch(self, stopped: Result | None) -> None:
        match stopped.then if stopped else None:
            case HoldOn(says=why) | Stop(reason=why):
                self._notes.warn(f"A true execution does not get past step {self._step.id}: {why}.")
            case _:
                pass

    async def _handled(self, attempt: Attempt, situation: Situation, connection: Any = None) -> tuple[Result, float]:
        with self._notes.outside.reached_by(attempt.step.id, situation.secrets.redactor) as hosts:
            result, seconds = await super()._handled(attempt, situation, connection)
        for host in hosts:
            self._warn_of_switch(checked_hosts(self._switched(attempt.row), host))
        return self._chosen(attempt.step, result), seconds

    def _chosen(self, step: StepBase, result: Result) -> Result:
        """A condition is answered all the same: the history shows what it found."""
        path = self._notes.script.choices.get(step.id)
        if path is None or not isinstance(step, Condition):
            return result
        found = result.then.path if isinstance(result.then, Down) else result.error
        return Result(then=Down(path), output={"path": path, "chosen": True, "found": found}, used=result.used)

    async def _done(self, result: Result, outcome: Outcome | None) -> Outcome | None:
        self.starts = outcome is not None and result.afterwards is not None
        return outcome
