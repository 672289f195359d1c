"""Bulk requests as the gateway shows them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from automations.bulk_requests import BulkRequestState, ItemOutcome
from automations.executions import RequestKind


class BulkRequestItem(BaseModel):
    """What came of it for one execution; `outcome` is null until its turn.

    `code` and `sentence` are those that a request of its own would be refused with.
    """

    id: UUID
    outcome: ItemOutcome | None = None
    code: str | None = None
    sentence: str | None = None


class BulkRequestProgress(BaseModel):
    """How far it is. `left` are the executions that have not had their turn.

    `per_second`: its turns so far, over the time they took. `reason` says why it was canceled.
    """

    id: UUID
    kind: RequestKind
    state: BulkRequestState
    total: int
    asked: int
    refused: int
    not_found: int
    left: int
    per_second: float | None
    reason: str | None
    by: str
    why: str
    path: str | None
    created_at: datetime
    updated_at: datetime
    finished_at: datetime | None


class BulkRequestView(BulkRequestProgress):
    """`more`: the filter finds more, behind `next_cursor`. `items` are for who waited until all were asked."""

    items: list[BulkRequestItem] | None = None
    more: bool = False
    next_cursor: str | None = None


def bulk_request_item(row: Any) -> BulkRequestItem:
    return BulkRequestItem(id=row["execution_id"], outcome=row["outcome"], code=row["code"], sentence=row["sentence"])


def bulk_request_progress(row: Any) -> BulkRequestProgress:
    return BulkRequestProgress(**_shown(row))


def bulk_request_view(row: Any, **more: Any) -> BulkRequestView:
    return BulkRequestView(**_shown(row), **more)


def _shown(row: Any) -> dict[str, Any]:
    done = row["asked"] + row["refused"] + row["not_found"]
    seconds = (row["updated_at"] - row["created_at"]).total_seconds()
    known = {name: row[name] for name in BulkRequestProgress.model_fields if name in row}
    per_second = round(done / seconds, 1) if done and seconds > 0 else None
    return {**known, "left": row["total"] - done, "per_second": per_second}
