"""Message templates: texts that steps send, checked when they are saved."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.access import ActorDep, needs
from api.deps import DatabaseDep, PageDep
from api.errors import RefusedError
from api.etags import IfMatch, expected_revision, tag
from api.pages import Page
from api.problems import NotFoundError
from automations.model import ApiName
from automations.templates import MAX_RENDERED, InvalidTemplateError, references
from store import message_templates as stored
from store.audit import Deed, write_audit
from store.message_templates import TemplateTexts
from store.messages import Channel

router = APIRouter(prefix="/message-templates", tags=["messages"])
TemplateName = Annotated[ApiName, Path(description="What steps call it")]
Text = Annotated[str, StringConstraints(max_length=MAX_RENDERED)]


class MessageTemplateBody(BaseModel):
    """A mail has a subject, and a `body`, `html` or both; a text has a body alone."""

    model_config = ConfigDict(extra="forbid")

    channel: Channel
    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=255)]
    subject: Annotated[str, StringConstraints(max_length=1_000)] = ""
    body: Text = ""
    html: Annotated[Text | None, Field(description="Values in it are written so that they cannot be taken for HTML")] = None

    def texts(self) -> TemplateTexts:
        return TemplateTexts(self.channel, self.name, self.subject, self.body, self.html or None)

    def problems(self) -> list[dict[str, Any]]:
        return [*_parts(self), *_unreadable(self)]


class MessageTemplateView(BaseModel):
    """`revision` is the ETag."""

    api_name: str
    channel: Channel
    name: str
    subject: str
    body: str
    html: str | None
    revision: int
    created_at: datetime
    updated_at: datetime


def _parts(body: MessageTemplateBody) -> Iterator[dict[str, Any]]:
    """What has to be there, and what must not."""
    if body.channel == "text":
        for name in ("subject", "html"):
            if getattr(body, name):
                yield _problem(name, "invalid_value", "A text has a body alone.")
    elif not body.subject.strip():
        yield _problem("subject", "missing_key", "A mail has a subject.")
    if not (body.body.strip() or (body.html or "").strip()):
        yield _problem("body", "missing_key", "A message says something.")


def _unreadable(body: MessageTemplateBody) -> Iterator[dict[str, Any]]:
    for name in ("subject", "body", "html"):
        try:
            read = references(getattr(body, name) or "")
        except InvalidTemplateError as error:
            yield _problem(name, error.code, error.sentence)
        else:
            if any(chain[0] == "secrets" for chain in read):
                yield _problem(name, "invalid_template", "A message holds no secrets: whoever gets it would read them.")


def _problem(path: str, code: str, sentence: str) -> dict[str, Any]:
    return {"path": path, "code": code, "sentence": sentence}


def _view(row: Any) -> MessageTemplateView:
    return MessageTemplateView.model_validate(dict(row))


def _tagged(row: Any, response: Response) -> MessageTemplateView:
    tag(response, row["revision"])
    return _view(row)


@router.put(
    "/{template}",
    summary="Save a message template",
    responses={201: {"description": "Created", "model": MessageTemplateView}},
    dependencies=[needs("automations:edit")],
)
async def save_message_template(
    template: TemplateName,
    body: MessageTemplateBody,
    response: Response,
    database: DatabaseDep,
    actor: ActorDep,
    if_match: IfMatch = None,
) -> MessageTemplateView:
    """Creates it or replaces it whole; steps that run from now on send it as it is then. All mistakes are answered at once."""
    expected = expected_revision(if_match)
    if problems := body.problems():
        said = " ".join(f"{problem['path']}: {problem['sentence']}" for problem in problems)
        raise RefusedError(422, "invalid_message_template", said, problems)
    async with database.transaction() as connection:
        before = await stored.lock_template(connection, template)
        _refuse_changed(before, expected)
        row = await stored.put_template(connection, template, body.texts(), datetime.now(UTC))
        if before is None or row["revision"] != before["revision"]:
            await write_audit(connection, actor, _deed("message_template.saved", template, before, row))
    response.status_code = 201 if before is None else 200
    return _tagged(row, response)


def _refuse_changed(row: Any | None, expected: int | None) -> None:
    found = row["revision"] if row else None
    if expected is not None and found != expected:
        said = f"The template is at revision {found}, not {expected}: read it again." if row else "There is no such template yet."
        raise RefusedError(412, "revision_changed", said)


def _deed(action: str, template: str, before: Any | None, after: Any | None) -> Deed:
    return Deed(action, "message_template", template, _shown(before), _shown(after))


def _shown(row: Any | None) -> dict[str, Any] | None:
    return _view(row).model_dump(mode="json") if row else None


@router.get("", summary="List the message templates", dependencies=[needs("automations:view", narrows=True)])
async def list_message_templates(
    database: DatabaseDep, page: PageDep, channel: Channel | None = None
) -> Page[MessageTemplateView]:
    """By api_name, for whoever may view an automation that uses them."""
    list_name = f"message_templates:{channel or ''}"
    async with database.connection() as connection:
        cursor = page.after(list_name, str)
        rows = await stored.list_templates(connection, channel=channel, cursor=cursor, size=page.size_and_one)
    return page.page(list_name, rows, _view, lambda row: row["api_name"])


@router.get("/{template}", summary="Read a message template", dependencies=[needs("automations:view", narrows=True)])
async def get_message_template(template: TemplateName, response: Response, database: DatabaseDep) -> MessageTemplateView:
    async with database.connection() as connection:
        row = await stored.read_template(connection, template)
    if row is None:
        raise NotFoundError("message_template", template)
    return _tagged(row, response)


@router.delete("/{template}", status_code=204, summary="Delete a message template", dependencies=[needs("automations:remove")])
async def delete_message_template(
    template: TemplateName, database: DatabaseDep, actor: ActorDep, if_match: IfMatch = None
) -> None:
    """Steps that send it fail from now on, as expected failures that name it."""
    expected = expected_revision(if_match)
    async with database.transaction() as connection:
        before = await stored.lock_template(connection, template)
        if before is None:
            raise NotFoundError("message_template", template)
        _refuse_changed(before, expected)
        await stored.delete_template(connection, template)
        await write_audit(connection, actor, _deed("message_template.deleted", template, before, None))
