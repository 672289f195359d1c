"""Changes of many records by one step: page by page, each record once, whatever becomes of the worker."""

from collections.abc import Sequence
from typing import Any, Self
from uuid import UUID

from pydantic import BaseModel

from activities.changing import Changed, Given, OtherRecord, changed_values, given_for
from activities.creating import origin_of
from activities.failures import SupersededError
from activities.named_records import MAX_RECORDS, named_records
from activities.registry import runs
from activities.results import Result
from activities.services import Services
from activities.situation import Situation
from automations.errors import EverstepError
from automations.failures import ExpectedFailure
from automations.fields import NAME
from automations.steps.related import ModifyRelatedRecords
from store.database import Connection
from store.many_records import lock_records
from store.records import Attributes, change_record
from store.step_runs import lock_progress, write_progress

PAGE = 100
"""Records that one transaction changes."""

_SHOWN = 20
"""Of the changes that could not be made."""
_SAID = 3
"""Different reasons of these in one sentence."""


class NotChanged(BaseModel):
    """One change that could not be made, or with no `field` a record that could not be changed."""

    record: str
    field: str | None = None
    code: str
    sentence: str


class Progress(BaseModel):
    """What the history shows of the step while it runs and afterwards.

    Those changed and unchanged could take all changes, but for `partly` of them, which could take some. Those `passed_over` were
    archived or gone. `after` is the last record that is done.
    """

    changed: int = 0
    unchanged: int = 0
    partly: int = 0
    failed: int = 0
    passed_over: int = 0
    not_changed: list[NotChanged] = []
    after: UUID | None = None

    @classmethod
    def of(cls, output: dict[str, Any]) -> Self:
        return cls.model_validate({name: output[name] for name in cls.model_fields if name in output})

    def as_json(self) -> dict[str, Any]:
        return self.model_dump(mode="json")

    def left_of(self, ids: Sequence[UUID]) -> list[UUID]:
        """In the order in which they are worked on."""
        return sorted(id for id in ids if self.after is None or id > self.after)

    def note(self, *problems: NotChanged) -> None:
        self.not_changed += problems[: _SHOWN - len(self.not_changed)]

    def says(self) -> str:
        """Why changes could not be made."""
        reasons = list(dict.fromkeys(problem.sentence for problem in self.not_changed))
        return " ".join(reasons[:_SAID]) + (" And more." if len(reasons) > _SAID else "")


@runs("modify_related_records")
async def modify_related_records(step: ModifyRelatedRecords, situation: Situation, services: Services) -> Result:
    """What the changes are given is read once; what becomes of it is asked of each record as it is in its turn."""
    async with services.database.connection() as connection:
        ids = await named_records(connection, step.records, situation, most=MAX_RECORDS)
    given = given_for(step.changes, situation)
    while True:
        async with services.database.transaction() as connection:
            progress = await _next_page(connection, ids, given, situation, services)
        if not progress.left_of(ids):
            return _result(step, progress)


async def _next_page(
    connection: Connection, ids: Sequence[UUID], given: Sequence[Given], situation: Situation, services: Services
) -> Progress:
    """From where the attempts before this one have come to. A worker that was given up for lost may still be at it: it stops."""
    key = situation.key
    output = await lock_progress(connection, key.execution_id, key.sequence, situation.attempt)
    if output is None:
        raise SupersededError
    progress = Progress.of(output)
    page = progress.left_of(ids)[:PAGE]
    rows = await lock_records(connection, page)
    progress.passed_over += len(page) - len(rows)
    for row in rows:
        await _change(connection, row, given, situation, services, progress)
    progress.after = page[-1] if page else progress.after
    await write_progress(connection, key.execution_id, key.sequence, progress.as_json())
    return progress


async def _change(
    connection: Connection, row: Any, given: Sequence[Given], situation: Situation, services: Services, progress: Progress
) -> None:
    if row["archived_at"] is not None:
        progress.passed_over += 1
        return
    definition = await services.definitions.object(connection, row["object_id"], row["object_revision"])
    changed = changed_values(given, OtherRecord(definition, row["name"], row["field_values"]))
    progress.note(*_problems(row, changed))
    if changed.failed:
        progress.failed += 1
        return
    values = {name: value for name, value in changed.values.items() if name != NAME.name}
    named = Attributes(name=changed.values[NAME.name]) if NAME.name in changed.values else Attributes()
    try:
        now = await change_record(connection, row["id"], values=values, now=situation.now, origin=origin_of(situation), **named)
    except EverstepError as failure:
        progress.failed += 1
        progress.note(NotChanged(record=str(row["id"]), code=failure.code, sentence=failure.sentence))
        return
    assert now, "it is locked"
    is_changed = now["revision"] != row["revision"]
    progress.changed += is_changed
    progress.unchanged += not is_changed
    progress.partly += bool(changed.failures)


def _problems(row: Any, changed: Changed) -> list[NotChanged]:
    return [NotChanged(record=str(row["id"]), **problem) for problem in changed.not_changed()]


def _result(step: ModifyRelatedRecords, progress: Progress) -> Result:
    """Failed only if there were records and none of them could be changed."""
    done = progress.changed + progress.unchanged
    if progress.failed and not done:
        codes = {problem.code for problem in progress.not_changed}
        code = codes.pop() if len(codes) == 1 else "all_changes_failed"
        raise ExpectedFailure(code, f"None of {progress.failed:,} records could be changed: {progress.says()}")
    if not progress.failed and not progress.partly:
        return Result(output=progress.as_json())
    tried, lacking = done + progress.failed, progress.failed + progress.partly
    sentence = f"{lacking:,} of {tried:,} records could not be changed as step {step.id} says: {progress.says()}"
    return Result(output=progress.as_json(), error={"code": "partial_failure", "sentence": sentence}, warning=sentence)
