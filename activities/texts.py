"""Steps that send text messages."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from activities.after_calls import written
from activities.control import wait_end
from activities.goals import begin_wait, result_of_wait
from activities.members import members_of
from activities.message_texts import filled, template_of
from activities.named_records import definition_of_contact, named_records
from activities.registry import goes_on, runs
from activities.results import Down, HoldOn, Result, failed
from activities.sending import Sent, deliver
from activities.services import Services
from activities.situation import Situation
from activities.situations import seeing, situation_of
from activities.text_providers import provider_of
from activities.texting import StoppedError, Text
from activities.variables import set_variable
from activities.writing import Attempt
from automations.errors import EverstepError
from automations.event_triggers import TextAnswered
from automations.event_triggers.answers import is_answer
from automations.failures import ExpectedFailure
from automations.field_values import field_value
from automations.fields import ObjectDefinition
from automations.steps.records import MAX_CONTACTS
from automations.steps.texts import (
    AnswerPlaces,
    NotifyMemberViaText,
    RequestInfoViaText,
    SendRelatedContactText,
    SendText,
    TextStepBase,
)
from store.database import Connection
from store.events import read_event
from store.goals import GoalMeeting, settle_goals
from store.messages import NewMessage, places_taken
from store.records import list_records_by_ids
from store.suppressions import Suppression, suppress, suppressed_among
from store.texts import list_answers


@dataclass(frozen=True)
class _Receiver:
    """Somebody to write to. `record_id` is the record that the text is for, or about."""

    name: str
    number: str
    record_id: UUID | None


@dataclass(frozen=True)
class _Missed:
    """Somebody who was not written to, and why."""

    name: str
    failure: EverstepError


@runs("send_text")
async def send_text(step: SendText, situation: Situation, services: Services) -> Result:
    async with services.database.connection() as connection:
        receiver, body = await _own(connection, step, step.to, situation, services)
    return Result(output=_told(await _send(step, receiver, body, situation, services)))


@runs("send_related_contact_text")
async def send_related_contact_text(step: SendRelatedContactText, situation: Situation, services: Services) -> Result:
    async with services.database.connection() as connection:
        body = await _body(connection, step, situation, services)
        ids = await named_records(connection, step.contact, situation, most=MAX_CONTACTS)
        rows = await list_records_by_ids(connection, ids)
        found = [await _contact(connection, row, step.to, services) for row in rows]
        found = await _unless_stopped(connection, found)
    return await _send_all(step, found, body, situation, services)


@runs("notify_member_via_text")
async def notify_member_via_text(step: NotifyMemberViaText, situation: Situation, services: Services) -> Result:
    async with services.database.connection() as connection:
        body = await _body(connection, step, situation, services)
        members = await members_of(connection, step.to, situation)
    found = [_member(row, situation) for row in sorted(members, key=lambda row: row["id"])]
    return await _send_all(step, found, body, situation, services)


@runs("request_info_via_text")
async def request_info_via_text(step: RequestInfoViaText, situation: Situation, services: Services) -> Result:
    """What came in since the question was written counts: an answer may be faster than we are."""
    _require_places(step.into, situation)
    end = wait_end(step.limit, situation) if step.limit else None
    if end and end.is_past(situation.now):
        return Result(then=Down("not_met"), output={**end.output, "path": "not_met"}, used=end.used)
    async with services.database.connection() as connection:
        receiver, body = await _own(connection, step, step.to, situation, services)
    asked = await _send(step, receiver, body, situation, services)
    awaited = TextAnswered(type="text_answered", number=receiver.number)

    async def heed_early_answer(connection: Connection) -> None:
        early = [row["event_id"] for row in await list_answers(connection, asked["id"]) if is_answer(row["body"])]
        meetings = [GoalMeeting(situation.key.execution_id, situation.key.sequence, id, awaited.as_json()) for id in early[:1]]
        await settle_goals(connection, meetings, datetime.now(UTC))

    result = begin_wait(step, [awaited], situation, also=heed_early_answer)
    return replace(result, output={**result.output, **_told(asked)})


@goes_on("request_info_via_text")
async def heed_answer(connection: Connection, attempt: Attempt, services: Services) -> Result:
    """An answer that does not fit where it is to go is an expected failure."""
    result = await result_of_wait(connection, attempt, services)
    met_by, step = result.output.get("met_by"), attempt.step
    event = await read_event(connection, UUID(met_by["event"])) if met_by else None
    if event is None or not isinstance(step, RequestInfoViaText):
        return result
    answer: str = event["payload"].get("body", "").strip()
    result = replace(result, output={**result.output, "answer": answer})
    try:
        return _placed(result, step.into, answer, await situation_of(connection, attempt, services))
    except EverstepError as failure:
        return _unfit(step, result, failure)


def _placed(result: Result, into: AnswerPlaces | None, answer: str, situation: Situation) -> Result:
    _require_places(into, situation)
    if into and into.field:
        result = replace(result, fields={into.field: field_value(situation.field_definition(into.field), answer)})
    if into and into.variable:
        result = replace(result, variables=set_variable(situation, into.variable, answer).variables)
    return result


def _require_places(into: AnswerPlaces | None, situation: Situation) -> None:
    """Raises ExpectedFailure for what is not there (any more)."""
    if into and into.field:
        situation.field_definition(into.field)
    if into and into.variable:
        situation.variable(into.variable)


def _unfit(step: RequestInfoViaText, result: Result, failure: EverstepError) -> Result:
    """Resumed, the step asks again; one that goes on over its failures was not answered."""
    said = ExpectedFailure(failure.code, f"The answer does not fit: {failure.sentence}")
    found = failed(step, said)
    then = found.then if isinstance(found.then, HoldOn) else Down("not_met")
    return replace(found, then=then, output={**result.output, "path": "not_met"}, also=result.also)


async def _own(
    connection: Connection, step: TextStepBase, field: str | None, situation: Situation, services: Services
) -> tuple[_Receiver, str]:
    """The person of the record, and what to say. Raises ExpectedFailure where there is nothing to say, or nobody to say it to."""
    body = await _body(connection, step, situation, services)
    if situation.definition is None:
        raise ExpectedFailure("no_record", "The execution has no record whose person could be written to.")
    row = situation.row
    number = _number(row["record_name"], row["field_values"], situation.definition, field)
    receiver = _Receiver(row["record_name"], number, row["record_id"])
    [found] = await _unless_stopped(connection, [receiver])
    if isinstance(found, _Missed):
        raise found.failure
    return found, body


async def _body(connection: Connection, step: TextStepBase, situation: Situation, services: Services) -> str:
    if step.template is None:
        return filled(situation, step.body or "")
    text: str = (await template_of(connection, step.template, "text"))["body"]
    return filled(await seeing(connection, [text], situation, services), text)


def _number(name: str, values: dict[str, Any], definition: ObjectDefinition, field: str | None) -> str:
    """Of the field, or of the first one that holds one. Raises ExpectedFailure."""
    phones = [each.name for each in definition.fields if each.type == "phone"]
    if field is not None and field not in phones:
        raise ExpectedFailure("unknown_field", f"{definition.name} has no phone field {field} (any more).")
    found = next((values[each] for each in ([field] if field else phones) if values.get(each)), None)
    if found is None:
        raise ExpectedFailure("no_number", f"{name} has no number{f' in {field}' if field else ''}.")
    return found


async def _contact(connection: Connection, row: Any, field: str | None, services: Services) -> _Receiver | _Missed:
    try:
        if row["archived_at"] is not None:
            raise ExpectedFailure("record_archived", f"{row['name']} is archived.")
        definition = await definition_of_contact(connection, row, services.definitions)
        return _Receiver(row["name"], _number(row["name"], row["field_values"], definition, field), row["id"])
    except EverstepError as failure:
        return _Missed(row["name"], failure)


def _member(row: Any, situation: Situation) -> _Receiver | _Missed:
    if row["phone"] is None:
        return _Missed(row["name"], ExpectedFailure("no_number", f"The employee {row['email']} has no phone."))
    return _Receiver(row["name"], row["phone"], situation.row["record_id"])


async def _unless_stopped(connection: Connection, found: Sequence[_Receiver | _Missed]) -> list[_Receiver | _Missed]:
    """Those whose numbers are on the suppression list are not to be written to."""
    numbers = [each.number for each in found if isinstance(each, _Receiver)]
    stopped = await suppressed_among(connection, "text", numbers)
    return [
        _Missed(each.name, _suppressed(each.number)) if isinstance(each, _Receiver) and each.number in stopped else each
        for each in found
    ]


def _suppressed(number: str) -> ExpectedFailure:
    return ExpectedFailure("suppressed", f"{number} gets no texts: it is on the suppression list.")


async def _send_all(
    step: TextStepBase, found: Sequence[_Receiver | _Missed], body: str, situation: Situation, services: Services
) -> Result:
    """A text to each number. It fails if none went out; who was left out is told."""
    if not found:
        raise ExpectedFailure("no_recipient", f"There is nobody to write to: {step.summary()}.")
    receivers = {each.number: each for each in found if isinstance(each, _Receiver)}
    missed, sent = [each for each in found if isinstance(each, _Missed)], list[dict[str, Any]]()
    async with services.database.connection() as connection:
        places = await _places(connection, situation, list(receivers.values()))
    for receiver in receivers.values():
        try:
            sent.append(_told(await _send(step, receiver, body, situation, services, places[receiver.number])))
        except EverstepError as failure:
            missed.append(_Missed(receiver.name, failure))
    if not sent:
        raise _nobody_left(missed)
    return _sent_to_some(sent, missed) if missed else Result(output={"sent": sent})


async def _places(connection: Connection, situation: Situation, receivers: Sequence[_Receiver]) -> dict[str, int]:
    """By number. Whoever has a place keeps it, under another number too: on a second attempt others may have come or gone."""
    rows = await places_taken(connection, situation.key.execution_id, situation.key.sequence)
    of_numbers = {row["recipients"][0]: row["place"] for row in rows}
    of_records = {row["record_id"]: row["place"] for row in rows}
    places = {each.number: of_numbers[each.number] for each in receivers if each.number in of_numbers}
    for each in receivers:
        place = of_records.get(each.record_id) if each.record_id != situation.row["record_id"] else None
        if each.number not in places and place is not None and place not in places.values():
            places[each.number] = place
    free = itertools.count(max(of_numbers.values(), default=-1) + 1)
    return {each.number: places[each.number] if each.number in places else next(free) for each in receivers}


def _nobody_left(missed: Sequence[_Missed]) -> EverstepError:
    if len(missed) == 1:
        return missed[0].failure
    return ExpectedFailure("no_text_sent", " ".join(each.failure.sentence for each in missed))


def _sent_to_some(sent: list[dict[str, Any]], missed: Sequence[_Missed]) -> Result:
    not_sent = [{"name": each.name, "code": each.failure.code, "sentence": each.failure.sentence} for each in missed]
    warning = f"{len(missed)} of {len(sent) + len(missed)} got no text: {' '.join(each.failure.sentence for each in missed)}"
    return Result(output={"sent": sent, "not_sent": not_sent}, warning=warning)


async def _send(
    step: TextStepBase, receiver: _Receiver, body: str, situation: Situation, services: Services, place: int = 0
) -> Any:
    """The row of the message, which the provider has taken."""
    new = NewMessage(
        situation.key.execution_id, situation.key.sequence, "text", provider_of(services.settings).sender, [receiver.number],
        place=place, record_id=receiver.record_id, body=body, template=step.template,
    )  # fmt: skip
    key = f"{situation.key}:{place}" if place else str(situation.key)

    async def send(row: Any) -> Sent:
        text = Text(row["recipients"][0], row["body"], key)
        try:
            sent = await services.send_text(text, services.settings)
        except StoppedError:
            await written(lambda: _stop(services, text.to, row["id"], situation.now))
            raise
        return Sent(sent.provider_id, sent.delivery)

    return await deliver(services, new, send, attempt=situation.attempt, now=situation.now)


async def _stop(services: Services, number: str, message_id: UUID, now: datetime) -> None:
    async with services.database.connection() as connection:
        await suppress(connection, Suppression("text", number, "unsubscribed", message_id), now)


def _told(row: Any) -> dict[str, Any]:
    return {"message": str(row["id"]), "to": row["recipients"][0], "body": row["body"]}
