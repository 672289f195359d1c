"""Taking a document: read as its author wrote it, checked as a whole, saved over the revision that its author saw."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from api.errors import RefusedError
from automations.checks.schedules import schedules_that_are_over
from automations.document import AutomationDocument
from automations.fields import ObjectDefinition
from automations.identity import with_kept_ids
from automations.lint import lint
from automations.parsing import parse_document
from automations.problems import Problem
from automations.reading import DocumentSyntaxError, read_yaml
from automations.secrets import named_secrets
from automations.shape import given_ids
from store.automations import (
    create_automation,
    list_existing_automations,
    lock_automation,
    read_automation,
    replace_automation,
)
from store.business import read_business
from store.database import Connection
from store.effects import find_circle
from store.objects import list_objects, read_object
from store.secrets import existing_secrets


@dataclass(frozen=True)
class Draft:
    """A document without mistakes. `given` are the ids that its author wrote; the others are made up."""

    document: AutomationDocument
    given: frozenset[str]
    warnings: list[Problem]
    hints: list[Problem]


@dataclass(frozen=True)
class Saved:
    """The automation's row after a save, and the document before it; None for a new automation.

    `unchanged`: the document says what it said before, and nothing was written.
    """

    row: Any
    before: AutomationDocument | None
    warnings: Sequence[Problem] = ()
    unchanged: bool = False


@dataclass(frozen=True)
class Checked:
    """What was sent, and all that is to be said of it; no document where too little of it could be read."""

    raw: Any
    document: AutomationDocument | None
    problems: list[Problem]

    @property
    def errors(self) -> list[Problem]:
        return self.of("error")

    def of(self, severity: str) -> list[Problem]:
        return [problem for problem in self.problems if problem.severity == severity]


async def check(connection: Connection, body: bytes, api_name: str | None) -> Checked:
    """JSON or YAML; without an `api_name` the document may have any. Raises RefusedError 400 for a text that is neither."""
    raw = _read(body)
    parsed = parse_document(raw, await all_objects(connection))
    problems = list(parsed.problems)
    document = parsed.document
    if document and api_name is not None and document.api_name != api_name:
        problems.append(Problem(path="api_name", code="other_api_name", sentence=f"The address says {api_name}."))
    checked = Checked(raw, document, problems)
    if document and not checked.errors:
        problems += [*await _missing_targets(connection, document), *await _over(connection, document)]
        problems += await _missing_secrets(connection, document)
        problems += lint(document)
    return checked


async def read_draft(connection: Connection, body: bytes, api_name: str) -> Draft:
    """JSON or YAML. Raises RefusedError: 400 for a text that is neither, 422 with all mistakes at once."""
    return draft_of(await check(connection, body, api_name))


def draft_of(checked: Checked) -> Draft:
    """Raises RefusedError 422 with all mistakes at once."""
    errors = checked.errors
    if errors or checked.document is None:
        shown = [{"path": error.path, "code": error.code, "sentence": error.sentence} for error in errors]
        raise RefusedError(422, "invalid_document", f"The document has {len(errors)} mistake{'s' * (len(errors) != 1)}.", shown)
    given = frozenset(given_ids(checked.raw))
    return Draft(checked.document, given, warnings=checked.of("warning"), hints=checked.of("hint"))


def _read(body: bytes) -> Any:
    try:
        return read_yaml(body.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise RefusedError(400, "invalid_text", "The document is not UTF-8.") from error
    except DocumentSyntaxError as error:
        raise RefusedError(400, error.code, error.sentence) from error


async def all_objects(connection: Connection) -> dict[str, ObjectDefinition]:
    objects: dict[str, ObjectDefinition] = {}
    cursor: str | None = None
    while page := await list_objects(connection, cursor=cursor, size=200):
        objects.update({stored.definition.api_name: stored.definition for stored in page})
        cursor = page[-1].definition.api_name
    return objects


async def _missing_targets(connection: Connection, document: AutomationDocument) -> list[Problem]:
    """An automation that is named and not there yet is no mistake: the two may be saved in any order."""
    wanted = document.named_automations()
    there = {*await list_existing_automations(connection, sorted(set(wanted.values()))), document.api_name}
    return [
        Problem(path=path, code="unknown_automation", sentence=f"There is no automation {name} yet.", severity="warning")
        for path, name in wanted.items()
        if name not in there
    ]


async def _missing_secrets(connection: Connection, document: AutomationDocument) -> list[Problem]:
    """It may be set after the save."""
    named = named_secrets(document)
    missing = named.keys() - await existing_secrets(connection, named)
    return [
        Problem(path=path, code="unknown_secret", sentence=f"There is no secret {name} yet.", severity="warning")
        for name in sorted(missing)
        for path in named[name]
    ]


async def _over(connection: Connection, document: AutomationDocument) -> list[Problem]:
    business = await read_business(connection)
    return list(schedules_that_are_over(document, business.timezone, datetime.now(UTC)))


async def save(connection: Connection, draft: Draft, expected: int | None) -> Saved:
    """Creates the automation or replaces its document, in the transaction of the caller.

    Raises RefusedError: 412 if it is not at the `expected` revision, 409 if it works on another object.
    """
    object_id = await _object_id(connection, draft)
    api_name = draft.document.api_name
    row = await lock_automation(connection, api_name)
    if row is None and expected is None and await create_automation(connection, draft.document, object_id):
        return await _saved(connection, api_name, None)
    row = row or await lock_automation(connection, api_name)
    found = row["revision"] if row else None
    if row is None or (expected is not None and found != expected):
        said = f"The automation is at revision {found}, not {expected}: read it again."
        said = said if row else "There is no such automation yet."
        raise RefusedError(412, "revision_changed", said)
    before, after = replacing(row, object_id, draft)
    if after == before:
        return replace(await _saved(connection, api_name, before), unchanged=True)
    await replace_automation(connection, row["id"], row["revision"], after, object_id)
    return await _saved(connection, api_name, before)


async def _saved(connection: Connection, api_name: str, before: AutomationDocument | None) -> Saved:
    row = await read_automation(connection, api_name)
    circle = await find_circle(connection, row["id"]) if row and row["active"] else None
    return Saved(row, before, [_circle_problem(circle)] if circle else [])


def _circle_problem(circle: Sequence[str]) -> Problem:
    sentence = f"Automations set each other off in a circle: {' → '.join([circle[-1], *circle])}. Only a limit ends that."
    return Problem(path="", code="automation_cycle", sentence=sentence, severity="warning")


async def compare(connection: Connection, row: Any, draft: Draft) -> tuple[AutomationDocument, AutomationDocument]:
    """The document as it is, and as a save would leave it. Raises RefusedError 409 as the save would."""
    return replacing(row, await _object_id(connection, draft), draft)


async def _object_id(connection: Connection, draft: Draft) -> Any:
    stored = await read_object(connection, draft.document.object) if draft.document.object else None
    return stored.id if stored else None


def replacing(row: Any, object_id: Any, draft: Draft) -> tuple[AutomationDocument, AutomationDocument]:
    """What a document does not say about listening stays as it is, and parts that say the same keep their ids."""
    if row["object_id"] != object_id:
        raise RefusedError(409, "object_changed", "An automation stays with its object: save this one under another api_name.")
    document = draft.document
    if "active" not in document.model_fields_set:
        document = document.model_copy(update={"active": row["active"]})
    before = AutomationDocument.model_validate(row["document"])
    return before, with_kept_ids(document, before, draft.given)
