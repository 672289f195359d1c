"""What an execution's history in Temporal says."""

import json
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowHistory

from tests.engine import Engine


@dataclass(frozen=True)
class History:
    events: list[Any]

    @property
    def kinds(self) -> Counter[str]:
        """How many events of each type, such as MARKER_RECORDED."""
        return Counter(EventType.Name(event.event_type).removeprefix("EVENT_TYPE_") for event in self.events)

    @property
    def local_activities(self) -> list[tuple[str, str]]:
        """Activity type and summary of each, in order."""
        markers = [event for event in self.events if event.HasField("marker_recorded_event_attributes")]
        return [(_local_type(event), _text(event.user_metadata.summary)) for event in markers]

    @property
    def timers(self) -> list[tuple[timedelta, str]]:
        """Length and summary of each, in order."""
        return [
            (event.timer_started_event_attributes.start_to_fire_timeout.ToTimedelta(), _text(event.user_metadata.summary))
            for event in self.events
            if event.HasField("timer_started_event_attributes")
        ]


def _text(payload: Any) -> str:
    return json.loads(payload.data) if payload.data else ""


def _local_type(event: Any) -> str:
    data = event.marker_recorded_event_attributes.details["data"].payloads[0].data
    return json.loads(data)["activity_type"]


async def raw_history(engine: Engine, execution_id: UUID) -> WorkflowHistory:
    return await (await engine.handle(execution_id)).fetch_history()


async def history_of(engine: Engine, execution_id: UUID) -> History:
    return History(list((await raw_history(engine, execution_id)).events))
