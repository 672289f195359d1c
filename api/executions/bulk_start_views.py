"""Bulk starts as the gateway shows them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from automations.bulk_starts import BulkState, Outcome, Selection
from automations.model import Priority


class BulkStartView(BaseModel):
    """How far it is. `total` grows while it is `collecting`; `left` are the records that have not had their turn.

    `per_second`: its turns so far, over the time they took. `reason` says why it was canceled.
    """

    id: UUID
    automation: str
    state: BulkState
    selection: Selection
    total: int
    started: int
    resumed: int
    skipped: int
    failed: int
    left: int
    per_second: float | None
    reason: str | None
    variables: dict[str, Any]
    priority: Priority | None
    resume_paused: bool
    by: str
    created_at: datetime
    updated_at: datetime
    finished_at: datetime | None


class BulkStartRecordView(BaseModel):
    """What became of a record. `reason` is a code where it was skipped, a sentence where it failed.

    `execution_id`: what was started, or the newest of those that were resumed.
    """

    record_id: UUID
    outcome: Outcome | None
    reason: str | None
    execution_id: UUID | None


def bulk_start_view(row: Any) -> BulkStartView:
    done = row["started"] + row["resumed"] + row["skipped"] + row["failed"]
    seconds = (row["updated_at"] - row["created_at"]).total_seconds()
    known = {name: row[name] for name in BulkStartView.model_fields if name in row}
    return BulkStartView(
        **known,
        automation=row["api_name"],
        left=row["total"] - done,
        per_second=round(done / seconds, 1) if done and seconds > 0 else None,
    )
