"""Texts to contacts and to the team, and questions that wait for their answers."""

import itertools
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from deploy.text_sink import NUMBER, KeptText, TextSink
from store.message_templates import TemplateTexts, lock_template, put_template
from store.suppressions import Suppression, suppress
from tests.builders import ask, text, update, variable
from tests.fixtures.api import gateway
from tests.steps.house import House, Run, Where
from tests.steps.showing import shows

INVALID, STOPPED = "+15005550001", "+15005550004"
"""What the provider takes these numbers for."""
INCOMING = "http://gateway/texts/twilio/incoming"
_NUMBERS = itertools.count(4915100000000)


def number() -> str:
    """One that nobody else has."""
    return f"+{next(_NUMBERS)}"


@dataclass(frozen=True)
class Phones:
    """Those of everybody outside."""

    sink: TextSink

    def got(self, number: str) -> list[KeptText]:
        return [text for text in self.sink.texts() if text.to == number]

    def read(self, number: str) -> list[str]:
        return [text.body for text in self.got(number)]

    async def say(self, number: str, body: str) -> None:
        assert (await self.sink.receive(INCOMING, number, body)).status_code == 200


@pytest.fixture
async def phones(house: House, house_texts: TextSink) -> AsyncIterator[Phones]:
    async with gateway(house.engine.settings) as client:
        client.headers.pop("authorization")
        house_texts.client = client
        yield Phones(house_texts)


async def template(house: House, body: str, channel: Any = "text") -> str:
    name = house.name("template")
    async with house.database.transaction() as connection:
        await lock_template(connection, name)
        await put_template(connection, name, TemplateTexts(channel, name, body=body), datetime.now(UTC))
    return name


async def messages(house: House, run: Run) -> list[Any]:
    return await house.fetch("select * from messages where execution_id = $1 order by id", run.id)


@shows("send_text", "body", "template", "to")
async def test_a_text_goes_to_the_record_s_person(house: House, where: Where, phones: Phones) -> None:
    home, mobile = number(), number()
    owner = await house.employ("Ida", phone=number())
    named = await template(house, "{{ record.owner.name }} ({{ record.owner.phone }}) writes to {{ record.name }}")
    person = await house.put("person", "Ada", phone=home, mobile=mobile, owner=owner["email"])
    run = await house.run(
        where, text("first", "Hello {{ record.name }} ☀"), text("named", template=named, to="mobile"), record=person
    )  # fmt: skip
    assert phones.read(home) == ["Hello Ada ☀"]
    assert phones.read(mobile) == [f"Ida ({owner['phone']}) writes to Ada"]
    first, second = await messages(house, run)
    assert (first["state"], first["delivery"], first["sender"], str(first["record_id"])) == ("sent", "queued", NUMBER, person)
    assert (second["template"], second["provider_id"]) == (named, phones.got(mobile)[0].sid)
    assert run.output("first") == {"message": str(first["id"]), "to": home, "body": "Hello Ada ☀"}
    assert [each.idempotency_key for each in phones.sink.texts() if each.to == home] == [f"{run.id}:1"]


async def test_what_stands_in_the_way_of_a_text_is_named(house: House, phones: Phones) -> None:
    stopped, gone = number(), await template(house, "Hello", channel="email")
    async with house.database.connection() as connection:
        await suppress(connection, Suppression("text", stopped, "unsubscribed"), datetime.now(UTC))
    with_number = await house.put("person", "Ada", phone=number())
    cases: list[tuple[dict[str, Any], dict[str, Any], tuple[str, str]]] = [
        ({}, {}, ("no_number", "Ada has no number.")),
        ({"to": "mobile"}, {"phone": number()}, ("no_number", "Ada has no number in mobile.")),
        ({"to": "fax"}, {"phone": number()}, ("unknown_field", "Person has no phone field fax (any more).")),
        ({}, {"phone": stopped}, ("suppressed", f"{stopped} gets no texts: it is on the suppression list.")),
        ({}, {"phone": INVALID},
            ("text_refused", f"Twilio refuses the text to {INVALID}: The 'To' number is not a valid phone number (21211).")),
        ({}, {"phone": STOPPED}, ("suppressed", f"{STOPPED} gets no texts: its owner has stopped them.")),
        ({"template": gone}, {"phone": number()}, ("unknown_template", f"There is no template {gone} for texts (any more).")),
        ({"body": "{{ record.status }} "}, {"phone": number()},
            ("blank_message", "There is nothing to send: the text is blank.")),
        ({"body": "{{ record.fax }}"}, {"phone": number()}, ("template_error", "")),
    ]  # fmt: skip
    for options, values, (code, sentence) in cases:
        record = await house.put("person", "Ada", **values)
        found = await house.failure("contact", text("t", **options), record=record)
        assert found[0] == code, (options, found)
        assert found[1] == sentence or not sentence
    listed = await house.fetch("select reason, message_id from suppressions where address = $1", STOPPED)
    assert [(row["reason"], row["message_id"] is not None) for row in listed] == [("unsubscribed", True)]
    [refused] = await house.fetch("select * from messages where recipients = array[$1]", INVALID)
    assert (refused["state"], refused["error"]["code"]) == ("failed", "text_refused")
    assert (await house.record(with_number))["archived_at"] is None


@shows("send_related_contact_text", "body", "template", "contact.variable", "to")
async def test_contacts_of_a_variable_are_written_to(house: House, where: Where, phones: Phones) -> None:
    mobile, deal = number(), await house.put("deal", "Not a person")
    ada, none = await house.put("person", "Ada", phone=number(), mobile=mobile), await house.put("person", "Bea", phone=number())
    named = await template(house, "By a template")
    people = [variable("people", {"static": [ada, none, deal]}, type="record", list=True)]
    steps = [
        {"id": name, "type": "send_related_contact_text", "contact": {"variable": "people"}, "to": "mobile", **says}
        for name, says in (("text", {"body": "Hello"}), ("named", {"template": named}))
    ]
    run = await house.run(where, *steps, variables=people)
    assert phones.read(mobile) == ["Hello", "By a template"]
    assert [each["to"] for each in run.output("text")["sent"]] == [mobile]
    missed = {each["name"]: (each["code"], each["sentence"]) for each in run.output("text")["not_sent"]}
    assert missed == {
        "Bea": ("no_number", "Bea has no number in mobile."),
        "Not a person": ("no_contact", "Not a person is no contact: records of deal are no people."),
    }
    assert run.row["warning"].startswith("2 of 3 got no text: ")
    assert [str(row["record_id"]) for row in await messages(house, run)] == [ada, ada]


@shows(
    "send_related_contact_text", "contact.field", "contact.through", "contact.through.object", "contact.through.field",
    where=["record"],
)  # fmt: skip
async def test_related_contacts_are_written_to(house: House, where: Where, phones: Phones) -> None:
    one, two, three = number(), number(), number()
    people = [await house.put("person", phone=each) for each in (one, two)]
    account = await house.put("account", people=people)
    buyer = await house.put("person", "Cem", mobile=three)
    await house.put("deal", company=[account], buyer=[buyer])
    to_people = {"type": "send_related_contact_text", "contact": {"field": "people"}, "body": "Hello from {{ record.id }}"}
    hops = {"through": [{"object": "deal", "field": "company"}, "buyer"]}
    run = await house.run(where, {"id": "a", **to_people}, {"id": "b", **to_people, "contact": hops}, record=account)
    assert [phones.read(each) for each in (one, two, three)] == [[f"Hello from {account}"]] * 3
    assert {phones.got(each)[0].idempotency_key for each in (one, two)} == {f"{run.id}:1", f"{run.id}:1:1"}
    nobody = {"id": "a", **to_people}
    code, sentence = await house.failure(where, nobody)
    assert (code, sentence.startswith("There is nobody to write to: to people")) == ("no_recipient", True)
    gone = {"id": "a", **to_people, "contact": {"field": "friends"}}
    assert await house.failure(where, gone) == ("unknown_field", "Account has no relationship friends (any more).")
    stopped = await house.put("person", "Dan", phone=STOPPED)
    nobody_left = await house.put("account", people=[stopped, await house.put("person", "Eve")])
    code, sentence = await house.failure(where, nobody, record=nobody_left)
    assert code == "no_text_sent"
    assert f"{STOPPED} gets no texts" in sentence
    assert "Eve has no number" in sentence


MEMBER = {"type": "notify_member_via_text", "body": "Look at {{ record.name }}"}


@shows("notify_member_via_text", "to=owner", "to.field", "to.through", "to.last_active", where=["record"])
async def test_members_that_a_record_names_are_texted(house: House, where: Where, phones: Phones) -> None:
    owner, manager, theirs = [await house.employ(phone=number()) for _ in range(3)]
    parent = await house.put("account", manager=[str(theirs["id"])])
    account = await house.put(
        "account", "Acme", owner=owner["email"], manager=[str(manager["id"])], parent=[parent], team=[str(owner["id"])]
    )
    async with house.database.connection() as connection:
        await connection.execute(
            "insert into crm_activities (id, record_id, type, status, by, completed_at, updated_at, created_at)"
            " values (gen_random_uuid(), $1, 'call', 'completed', $2, now(), now(), now())",
            (await house.record(account))["id"], manager["email"],
        )  # fmt: skip
    ways: list[Any] = ["owner", {"field": "manager"}, {"field": "manager", "through": "parent"}, {"last_active": "any"}]
    run = await house.run(where, *({"id": f"m{place}", **MEMBER, "to": to} for place, to in enumerate(ways)), record=account)
    told = [run.output(f"m{place}")["sent"][0]["to"] for place in range(4)]
    assert told == [owner["phone"], manager["phone"], theirs["phone"], manager["phone"]]
    assert phones.read(owner["phone"]) == ["Look at Acme"]
    await phones.say(owner["phone"], "I do")
    assert await house.events(account, "text_received") == []


@shows("notify_member_via_text", "body", "template", "to.employee", "to.employees", "to.role", "to.variable")
async def test_members_that_are_named_are_texted(house: House, where: Where, phones: Phones) -> None:
    role, named = house.name("role"), await template(house, "By a template")
    ada, bea = [await house.employ(None, role, phone=number()) for _ in range(2)]
    cem = await house.employ("Cem Without", role)
    member = {"type": "notify_member_via_text", "body": "Hello"}
    steps = [
        {"id": "one", **member, "to": {"employee": ada["email"]}},
        {"id": "both", **member, "to": {"employees": [ada["email"], bea["email"]]}},
        {"id": "role", "type": "notify_member_via_text", "template": named, "to": {"role": role}},
        {"id": "variable", **member, "to": {"variable": "who"}},
    ]
    who = [variable("who", {"static": str(bea["id"])}, type="employee")]
    run = await house.run(where, *steps, variables=who)
    assert phones.read(ada["phone"]) == ["Hello", "Hello", "By a template"]
    assert phones.read(bea["phone"]) == ["Hello", "By a template", "Hello"]
    assert run.output("role")["not_sent"] == [
        {"name": cem["name"], "code": "no_number", "sentence": f"The employee {cem['email']} has no phone."}
    ]
    alone = {"id": "one", **member, "to": {"employee": cem["email"]}}
    assert await house.failure(where, alone) == ("no_number", f"The employee {cem['email']} has no phone.")
    gone = f"{house.name('gone')}@example.com"
    step = {"id": "one", **member, "to": {"employee": gone}}
    assert await house.failure(where, step) == ("unknown_employee", f"There is no employee {gone} (any more).")
    nobody = {"id": "one", **member, "to": {"role": house.name("role")}}
    assert (await house.failure(where, nobody))[0] == "no_recipient"


SEATS = [variable("said", {"static": ""}, type="string")]
MET, LEFT = update("met", "said", {"static": "met"}), update("left", "said", {"static": "left"})


@shows("request_info_via_text", "body", "template", "to", "into.field", "into.variable", "timeout")
async def test_an_answer_goes_where_it_is_wanted(house: House, where: Where, phones: Phones) -> None:
    """A text from elsewhere, one that stops texts, and the answer's second edition change nothing."""
    mobile, named = number(), await template(house, "How many, {{ record.name }}?")
    person = await house.put("person", "Ada", phone=number(), mobile=mobile)
    question = ask("q", to="mobile", into={"field": "seats", "variable": "said"}, timeout={"days": 2}, not_answered=[LEFT])
    question.pop("body")
    api_name = await house.save(where, {**question, "template": named}, variables=SEATS)
    execution = await house.start(where, api_name, person)
    run = await house.come_to(execution, "paused")
    assert (run.row["pause_reason"], phones.read(mobile)) == ("goal", ["How many, Ada?"])
    assert run.row["waiting_until"] is not None
    assert run.row["reason"] == f"request_info_via_text q: ask mobile: template {named}, or after 2 days"
    await phones.say(number(), "7")
    await phones.say(mobile, "Stop")
    await phones.say(mobile, "Start")
    assert (await house.look(execution)).row["state"] == "paused"
    await phones.say(mobile, " 5 ")
    await phones.say(mobile, "6")
    run = await house.come_to(execution, "completed")
    assert (run.fields["seats"], run.variables["said"]) == (5, "5")
    output = run.output("q")
    assert (output["path"], output["answer"], output["met_by"]["kind"]) == ("met", "5", "text_received")


async def test_an_answer_that_does_not_fit_says_why_and_is_asked_for_again(house: House, phones: Phones) -> None:
    home = number()
    person = await house.put("person", "Ada", phone=home)
    question = ask("q", into={"field": "seats"}, answered=[MET], not_answered=[LEFT])
    execution = await house.start("contact", await house.save("contact", question, variables=SEATS), person)
    await house.come_to(execution, "paused")
    await phones.say(home, "five or so")
    await house.engine.in_state(execution, "paused", reason="error")
    code, sentence = (await house.look(execution)).error
    assert (code, sentence.startswith("The answer does not fit: ")) == ("invalid_field_value", True)
    assert "seats" in sentence
    assert "'five or so'" in sentence
    await house.engine.order(execution, "resume")
    await house.engine.in_state(execution, "paused", reason="goal")
    await phones.say(home, "5")
    run = await house.come_to(execution, "completed")
    assert (run.fields["seats"], run.variables["said"], len(phones.read(home))) == (5, "met", 2)
    goes_on = {**question, "on_error": "continue"}
    execution = await house.start("contact", await house.save("contact", goes_on, variables=SEATS), person)
    await house.come_to(execution, "paused")
    await phones.say(home, "none")
    run = await house.come_to(execution, "completed")
    assert (run.variables["said"], run.step("q")["status"]) == ("left", "failed")


async def test_what_a_question_needs_is_looked_for_before_it_is_asked(house: House, phones: Phones) -> None:
    home = number()
    person = await house.put("person", "Ada", phone=home)
    for into, sentence in (
        ({"field": "shoes"}, "Person has no field shoes (any more)."),
        ({"variable": "gone"}, "There is no variable gone (any more)."),
    ):
        assert (await house.failure("contact", ask("q", into=into), record=person))[1] == sentence
    over = ask("q", timeout={"until": "2020-01-01T00:00:00Z"}, not_answered=[LEFT])
    run = await house.run("contact", over, variables=SEATS, record=person)
    assert (run.variables["said"], run.output("q")["path"]) == ("left", "not_met")
    skipped = ask("q", answered=[MET], skip=True, skip_to="met")
    run = await house.run("contact", skipped, variables=SEATS, record=person)
    assert (run.variables["said"], phones.read(home)) == ("met", [])


async def test_an_answer_that_is_faster_than_the_wait_counts(house: House, phones: Phones) -> None:
    """It comes while the provider has not even said that it took the question."""
    home = number()
    person = await house.put("person", "Ada", phone=home)
    phones.sink.hold()
    try:
        api_name = await house.save("contact", ask("q", into={"field": "seats"}, answered=[MET]), variables=SEATS)
        execution = await house.start("contact", api_name, person)
        await house.until("select true from messages where execution_id = $1", execution)
        await phones.say(home, "5")
    finally:
        phones.sink.let_go()
    run = await house.come_to(execution, "completed")
    assert (run.fields["seats"], run.variables["said"]) == (5, "met")


async def test_a_question_that_is_canceled_or_skipped_waits_for_nothing_any_more(house: House, phones: Phones) -> None:
    home = number()
    person = await house.put("person", "Ada", phone=home)
    question = ask("q", into={"field": "seats"}, answered=[MET], not_answered=[LEFT])
    api_name = await house.save("contact", question, variables=SEATS)
    canceled, skipped = [await house.start("contact", api_name, person) for _ in range(2)]
    for execution in (canceled, skipped):
        await house.engine.in_state(execution, "paused", reason="goal")
    await house.engine.order(canceled, "cancel")
    await house.engine.order(skipped, "skip", path="not_met")
    await house.come_to(canceled, "canceled")
    run = await house.come_to(skipped, "completed")
    await phones.say(home, "5")
    assert (run.variables["said"], "seats" in (await house.record(person))["field_values"]) == ("left", False)
    assert await house.fetch("select * from goal_waits where execution_id = any($1)", [canceled, skipped]) == []
