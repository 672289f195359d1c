"""Mails of steps as those who get them see them, with the row that each leaves in the list of messages."""

from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any
from uuid import UUID

import pytest

from deploy.mail import MailSink
from store.crm_activities import log_activity
from store.files import NewFile, insert_file
from store.ids import new_id
from store.message_templates import TemplateTexts, put_template
from store.records import change_record
from store.suppressions import Suppression, suppress
from tests.builders import Json, mail, send_email, send_related, variable
from tests.steps.house import House, Where
from tests.steps.showing import shows

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
CC = ("cc=owner", "cc.employee", "cc.employees", "cc.role", "cc.field", "cc.through", "cc.variable", "cc.last_active")


def found(sink: MailSink, subject: str) -> list[EmailMessage]:
    return [message for message in sink.messages() if message["Subject"] == subject]


def one(sink: MailSink, subject: str) -> EmailMessage:
    [message] = found(sink, subject)
    return message


def said(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert part
    return part.get_content().strip()


def addresses(message: EmailMessage, header: str) -> list[str]:
    return [address.addr_spec for address in message[header].addresses]


async def messages_of(house: House, run: Any) -> list[Any]:
    return await house.fetch("select * from messages where execution_id = $1 order by sequence, place", run.id)


async def keep_template(house: House, subject: str, **texts: Any) -> str:
    name = house.name("template")
    async with house.database.transaction() as connection:
        await put_template(connection, name, TemplateTexts(texts.pop("channel", "email"), name, subject, **texts), NOW)
    return name


async def keep_file(house: House, name: str, content: bytes) -> str:
    async with house.database.connection() as connection:
        new = NewFile(new_id(), name, "text/plain", content, "the tests")
        return str((await insert_file(connection, new, NOW))["id"])


async def put_on_the_list(house: House, address: str) -> None:
    async with house.database.connection() as connection:
        await suppress(connection, Suppression("email", address, "by_hand"), NOW)


async def everybody(house: House, record: str, owner: Any, through: str) -> tuple[list[Any], list[Json], list[str]]:
    """Every way to say who of the team, with the variables that this takes, and the addresses in that order."""
    members = [await house.employ() for _ in range(6)]
    role = house.name("role")
    by_role = await house.employ(None, role)
    async with house.database.connection() as connection:
        manager = {"manager": [str(members[3]["id"])]}
        await change_record(connection, UUID(record), values=manager, now=NOW)
        await log_activity(connection, UUID(record), type="call", by=members[5]["email"], now=NOW)
    named = [member["email"] for member in members]
    ways: list[Any] = [
        "owner", {"employee": named[0]}, {"employees": named[1:3]}, {"role": role}, {"field": "manager"},
        {"field": "manager", "through": through}, {"variable": "who"}, {"last_active": "any"},
    ]  # fmt: skip
    told = [owner["email"], *named[:3], by_role["email"], named[3], named[4], named[5]]
    variables = [variable("who", {"static": str(members[4]["id"])}, type="employee")]
    return ways, variables, told


@shows("send_email", "to", "subject", "body", "html", "from_name", "reply_to", "attachments.field", "unsubscribe")
async def test_a_person_gets_a_mail_with_all_its_parts(house: House, house_mail: MailSink, where: Where) -> None:
    first, second = house.name("mail"), house.name("mail")
    papers = [await keep_file(house, "plan ü.txt", b"a plan"), await keep_file(house, "more.txt", b"more")]
    ada = await house.put(
        "person",
        "Ada <b>",
        email="ada@example.com",
        private_email=f"{first}@example.com",
        papers=papers,
        status="boss@example.com",
    )
    whole = send_email(
        "whole", to="private_email", subject=first, body="Hello {{ record.name }}", html="<p>Hello {{ record.name }}</p>",
        from_name="{{ business.name }}, sales\n", reply_to="{{ record.status }}", attachments=[{"field": "papers"}],
    )  # fmt: skip
    run = await house.run(where, whole, send_email("plain", subject=second, html="<h1>Hi</h1>", unsubscribe=False), record=ada)
    message = one(house_mail, first)
    assert (said(message, "plain"), said(message, "html")) == ("Hello Ada <b>", "<p>Hello Ada &lt;b&gt;</p>")
    assert (message["X-Rcpt-To"], message["Reply-To"]) == (f"{first}@example.com", "boss@example.com")
    assert (message["X-Mail-From"], addresses(message, "From")) == ("automations@example.com", ["automations@example.com"])
    assert message["From"].addresses[0].display_name.endswith(", sales")
    attached = {part.get_filename(): part.get_content() for part in message.iter_attachments()}
    assert attached == {"plan ü.txt": "a plan", "more.txt": "more"}
    row, other = await messages_of(house, run)
    assert message["List-Unsubscribe"].strip() == f"<http://gateway/unsubscribe/{row['unsubscribe_token']}>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert message["Message-ID"] == f"<{run.id}.{row['sequence']}@everstep>"
    assert (row["state"], row["in_doubt"], row["record_id"], row["subject"]) == ("sent", 0, UUID(ada), first)
    assert run.output("whole") == {"to": [f"{first}@example.com"], "subject": first, "message": str(row["id"])}
    plain = one(house_mail, second)
    assert (plain["X-Rcpt-To"], plain["List-Unsubscribe"], said(plain, "plain")) == ("ada@example.com", None, "Hi")
    assert other["unsubscribe_token"] is None


@shows("send_email", "template", "from_owner", "reply_to=owner", *CC)
async def test_a_template_comes_from_the_owner_and_is_copied_to_the_team(
    house: House, house_mail: MailSink, where: Where
) -> None:
    owner, manager = await house.employ("Joan Clarke"), await house.employ()
    account = await house.put("account", "Analytical", manager=[str(manager["id"])])
    ada = await house.put("person", owner=str(owner["id"]), email="ada@example.com", company=[account])
    subject = house.name("mail")
    template = await keep_template(
        house, subject, body="{{ record.company.name }}, by {{ record.owner.name }}", html="<i>{{ record.company.name }}</i>"
    )
    cc, variables, told = await everybody(house, ada, owner, "company")
    step = send_email("tell", template=template, from_owner=True, reply_to="owner", cc=cc)
    run = await house.run(where, step, record=ada, variables=variables)
    message = one(house_mail, subject)
    assert (said(message, "plain"), said(message, "html")) == ("Analytical, by Joan Clarke", "<i>Analytical</i>")
    assert message["From"] == message["Reply-To"] == f"Joan Clarke <{owner['email']}>"
    assert addresses(message, "Sender") == ["automations@example.com"]
    expected = [*told[:6], manager["email"], *told[6:]]
    assert addresses(message, "Cc") == expected
    assert message["X-Rcpt-To"].split(", ") == ["ada@example.com", *expected]
    [row] = await messages_of(house, run)
    assert (row["template"], run.output("tell")["template"], run.output("tell")["cc"]) == (template, template, expected)


@shows(
    "send_related_contact_email", "contact.field", "which=first", "which=all", "to", "subject", "body", "html", "from_name",
    "reply_to", "attachments.field", "unsubscribe", where=["record"],
)  # fmt: skip
async def test_the_people_behind_a_record_get_a_mail_each(house: House, house_mail: MailSink, where: Where) -> None:
    first, everyone = house.name("mail"), house.name("mail")
    ada, bob, eve, off = [
        await house.put("person", name, **values)
        for name, values in (
            ("Ada", {"email": "a@example.com", "private_email": "ada@home.example"}),
            ("Bob", {"private_email": "bob@home.example"}),
            ("Eve", {"email": "e@example.com"}), ("Off", {"private_email": f"{first}@home.example"}),
        )
    ]  # fmt: skip
    await put_on_the_list(house, f"{first.upper()}@home.example")
    record = await house.put("account", people=[ada, bob, eve, off], papers=[await keep_file(house, "a.txt", b"a")])
    run = await house.run(
        where,
        send_related(
            "first", which="first", subject=first, body="Hello", from_name="Us", reply_to="us@example.com", unsubscribe=False
        ),
        send_related("all", to="private_email", subject=everyone, html="<p>Hi</p>", attachments=[{"field": "papers"}]),
        record=record,
    )
    message = one(house_mail, first)
    assert (message["X-Rcpt-To"], message["Reply-To"], message["List-Unsubscribe"]) == ("a@example.com", "us@example.com", None)
    assert message["From"] == "Us <automations@example.com>"
    mails = found(house_mail, everyone)
    assert [each["X-Rcpt-To"] for each in mails] == ["ada@home.example", "bob@home.example"]
    assert [each["Message-ID"].count(".") for each in mails] == [1, 2]
    assert len({each["List-Unsubscribe"] for each in mails}) == len({each["Message-ID"] for each in mails}) == 2
    assert [[part.get_filename() for part in each.iter_attachments()] for each in mails] == [["a.txt"]] * 2
    left_out = {each["record"]: each["code"] for each in run.output("all")["left_out"]}
    assert left_out == {eve: "no_recipient", off: "suppressed"}
    rows = await messages_of(house, run)
    assert [(str(row["record_id"]), row["state"]) for row in rows] == [(ada, "sent"), (ada, "sent"), (bob, "sent")]


@shows("send_related_contact_email", "contact.through", "contact.through.object", "contact.through.field", where=["record"])
async def test_people_over_several_hops_get_a_mail_each(house: House, house_mail: MailSink, where: Where) -> None:
    account, subject, other = await house.put("account"), house.name("mail"), house.name("mail")
    friend = await house.put("person", "Friend", email="friend@example.com")
    await house.put("person", "Ada", email="ada@example.com", company=[account], friend=[friend])
    back = {"object": "person", "field": "company"}
    steps = [
        send_related("back", {"through": [back]}, subject=subject),
        send_related("on", {"through": [back, "friend"]}, subject=other),
    ]
    await house.run(where, *steps, record=account)
    assert one(house_mail, subject)["X-Rcpt-To"] == "ada@example.com"
    assert one(house_mail, other)["X-Rcpt-To"] == "friend@example.com"


@shows("send_related_contact_email", "contact.variable")
async def test_people_in_a_variable_get_a_mail_each(house: House, house_mail: MailSink, where: Where) -> None:
    subject = house.name("mail")
    ada, account = await house.put("person", "Ada", email="ada@example.com"), await house.put("account", "No person")
    people = [variable("people", {"static": [ada, account]}, type="record", list=True)]
    step = send_related("tell", {"variable": "people"}, subject=subject)
    run = await house.run(where, step, variables=people)
    assert one(house_mail, subject)["X-Rcpt-To"] == "ada@example.com"
    assert [(each["record"], each["code"]) for each in run.output("tell")["left_out"]] == [(account, "no_contact")]


@shows("send_related_contact_email", "template", "from_owner", "reply_to=owner", *CC, where=["record"])
async def test_a_template_goes_to_people_behind_a_record(house: House, house_mail: MailSink, where: Where) -> None:
    owner, manager = await house.employ(), await house.employ()
    parent = await house.put("account", manager=[str(manager["id"])])
    ada = await house.put("person", "Ada", email="ada@example.com")
    record = await house.put("account", "Analytical", owner=str(owner["id"]), people=[ada], parent=[parent])
    subject = house.name("mail")
    template = await keep_template(house, subject, body="{{ record.name }} and {{ record.people.name }}")
    cc, variables, told = await everybody(house, record, owner, "parent")
    step = send_related("tell", template=template, from_owner=True, reply_to="owner", cc=cc)
    await house.run(where, step, record=record, variables=variables)
    message = one(house_mail, subject)
    assert said(message, "plain") == "Analytical and Ada"
    assert addresses(message, "From") == addresses(message, "Reply-To") == [owner["email"]]
    assert addresses(message, "Cc") == [*told[:6], manager["email"], *told[6:]]


TO = ("to=owner", "to.employee", "to.employees", "to.role", "to.field", "to.through", "to.variable", "to.last_active")


@shows("notify_member_via_email", *TO, *CC, "subject", "body", "html", "template", where=["record"])
async def test_each_way_to_choose_who_of_the_team_is_told(house: House, house_mail: MailSink, where: Where) -> None:
    owner, manager = await house.employ(), await house.employ()
    parent = await house.put("account", manager=[str(manager["id"])])
    record = await house.put("account", "Analytical", owner=str(owner["id"]), parent=[parent])
    ways, variables, told = await everybody(house, record, owner, "parent")
    subject, kept = house.name("mail"), house.name("mail")
    template = await keep_template(house, kept, html="<p>{{ record.name }}</p>")
    steps = [mail(f"s{number}", way, subject, body="Look", html="<b>Look</b>") for number, way in enumerate(ways)]
    copied = {"id": "copy", "type": "notify_member_via_email", "to": "owner", "template": template, "cc": ways}
    run = await house.run(where, *steps, copied, record=record, variables=variables)
    expected = [*told[:6], manager["email"], *told[6:]]
    mails = found(house_mail, subject)
    assert [address for each in mails for address in addresses(each, "To")] == expected
    assert {(said(each, "plain"), said(each, "html"), each["List-Unsubscribe"]) for each in mails} == {
        ("Look", "<b>Look</b>", None)
    }
    message = one(house_mail, kept)
    assert (said(message, "plain"), said(message, "html")) == ("Analytical", "<p>Analytical</p>")
    assert (addresses(message, "To"), addresses(message, "Cc")) == ([owner["email"]], expected)
    rows = await messages_of(house, run)
    assert {(row["state"], str(row["record_id"])) for row in rows} == {("sent", record)}


@shows("notify_member_via_email", "to.employee", "subject", where=["global"])
async def test_the_team_is_told_without_a_record_and_whatever_stands_on_the_list(
    house: House, house_mail: MailSink, where: Where
) -> None:
    member, subject = await house.employ(), house.name("mail")
    await put_on_the_list(house, member["email"])
    run = await house.run(where, mail("tell", {"employee": member["email"]}, subject))
    assert one(house_mail, subject)["X-Rcpt-To"] == member["email"]
    [row] = await messages_of(house, run)
    assert row["record_id"] is None


@pytest.mark.parametrize(
    ("parts", "code", "names"),
    [
        ({"to": "fax"}, "unknown_field", "fax"),
        ({"to": "status"}, "unknown_field", "status"),
        ({"to": "private_email"}, "no_recipient", "private_email"),
        ({"template": "gone"}, "unknown_template", "gone"),
        ({"attachments": [{"field": "scans"}]}, "unknown_field", "scans"),
        ({"attachments": [{"field": "papers"}]}, "unknown_file", "no-file"),
        ({"reply_to": "{{ record.name }}"}, "invalid_address", "Ada"),
        ({"cc": [{"employee": "gone@example.com"}]}, "unknown_employee", "gone@example.com"),
        ({"body": "{{ record.fax }}"}, "template_error", "fax"),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
async def test_what_is_not_there_any_more_is_named(house: House, parts: Json, code: str, names: str) -> None:
    ada = await house.put("person", "Ada", email="ada@example.com", papers=["no-file"])
    found_code, sentence = await house.failure("contact", send_email("tell", **parts), record=ada)
    assert (found_code, names in sentence) == (code, True), sentence


async def test_who_is_on_the_list_gets_nothing_and_a_text_is_no_mail(house: House) -> None:
    address = f"{house.name('person')}@example.com"
    await put_on_the_list(house, address)
    ada = await house.put("person", email=address)
    code, sentence = await house.failure("contact", send_email("tell"), record=ada)
    assert (code, address in sentence) == ("suppressed", True)
    text = await keep_template(house, "", channel="text", body="Hello")
    assert (await house.failure("contact", send_email("tell", template=text), record=ada))[0] == "unknown_template"


@pytest.mark.parametrize(("step", "code"), [
    (send_related("tell", "friends"), "unknown_field"),
    (send_related("tell"), "no_recipient"),
    (send_related("tell", to="fax"), "no_recipient"),
], ids=["no relationship", "nobody", "no field"])  # fmt: skip
async def test_nobody_behind_a_record_is_an_expected_failure(house: House, step: Json, code: str) -> None:
    assert (await house.failure("record", step))[0] == code
