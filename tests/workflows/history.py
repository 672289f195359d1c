"""What an execution's history in Temporal says."""

import json
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from google.protobuf.message import Message
from temporalio.api.common.v1 import Payload
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowHistory

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
    events = list((await raw_history(engine, execution_id)).events)
    for event in events:
        await _decode(event, engine.client)
    return History(events)


async def _decode(message: Message, client: Client) -> None:
    """Every payload in it, where it stands."""
    codec = client.data_converter.payload_codec
    for field, value in message.ListFields():
        is_map = field.message_type is not None and field.message_type.GetOptions().map_entry
        for part in value.values() if is_map else [value] if isinstance(value, Message) else value if field.message_type else ():
            if isinstance(part, Payload):
                part.CopyFrom((await codec.decode([part]))[0] if codec else part)
            elif isinstance(part, Message):
                await _decode(part, client)
