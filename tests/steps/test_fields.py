"""Steps that change the record of their execution: where values come from, how they meet what is there, what is refused."""

from uuid import uuid4

from automations.fields import ObjectDefinition
from store.objects import put_object
from tests.builders import Json, changes, stop, tags, variable
from tests.steps.house import House, Where
from tests.steps.showing import also_shows, shows

NOBODY = str(uuid4())


@shows("change_field_value", "changes.field", "changes.value", "changes.from", "changes.how=overwrite")
async def test_fields_take_their_values_from_anywhere_in_one_event(house: House, where: Where) -> None:
    parent = await house.put("account", "Holding", status="gold", seats=70)
    other = await house.put("account", "Other", country="AT", labels=["x", "y"])
    record = await house.put("account", "Acme", parent=[parent], seats=5)
    run = await house.run(
        where,
        changes(
            "all",
            {"field": "status", "value": "{{ record.name }} of {{ record.parent.name }}"},
            {"field": "notes", "from": {"field": "status", "through": "parent"}},
            {"field": "score", "from": {"field": "seats"}},
            {"field": "budget", "from": {"variable": "price"}},
            {"field": "country", "from": {"variable": "other", "field": "country"}},
            {"field": "labels", "from": {"variable": "other", "field": "labels"}},
            {"field": "seats", "from": {"webhook": "form", "value": "seats"}},
            {"field": "seen", "from": {"trigger": "time"}},
            {"field": "vip", "from": {"static": "no"}},
            {"field": "channels", "value": ["{{ 'mail' if record.parent.seats > 50 else 'post' }}"]},
            {"field": "name", "value": "  {{ record.name }} Inc "},
        ),
        record=record,
        variables=[variable("price", {"static": 12.5}), variable("other", {"static": other}, type="record")],
        cause={
            "trigger": {"type": "webhook", "webhook": "form", "values": {"seats": "7"}, "event_at": "2026-03-01T09:00:00+01:00"}
        },
    )
    assert run.fields == {
        "parent": [parent], "status": "Acme of Holding", "notes": "gold", "score": "5.00", "budget": "12.50", "country": "AT",
        "labels": ["x", "y"], "seats": 7, "vip": False, "channels": ["mail"], "seen": "2026-03-01T08:00:00Z",
    }  # fmt: skip
    assert run.record
    assert run.record["name"] == "Acme Inc"
    [event] = await house.events(record, "field_updated")
    before, after = event["payload"]["old"], event["payload"]["new"]
    assert after == {name: value for name, value in run.fields.items() if name != "parent"} | {"name": "Acme Inc"}
    assert before == dict.fromkeys(after) | {"name": "Acme", "seats": 5}
    assert event["root_id"] == run.id


@shows(
    "change_field_value",
    *(f"changes.how={how}" for how in ("only_if_blank", "overwrite_unless_blank", "add", "remove", "clear")),
)
async def test_a_value_meets_what_is_there_as_the_change_says(house: House, where: Where) -> None:
    ada, bob = await house.put("person", "Ada"), await house.put("person", "Bob")
    held = {"status": "old", "seats": 5, "labels": ["a", "b"], "channels": ["mail"], "people": [ada]}
    run = await house.run(
        where,
        changes(
            "all",
            {"field": "status", "value": "new", "how": "only_if_blank"},
            {"field": "email", "value": "a@example.com", "how": "only_if_blank"},
            {"field": "status", "from": {"field": "notes"}, "how": "overwrite_unless_blank"},
            {"field": "country", "value": "DE", "how": "overwrite_unless_blank"},
            {"field": "labels", "value": ["b", "c"], "how": "add"},
            {"field": "labels", "value": "a", "how": "remove"},
            {"field": "channels", "value": ["mail", "post"], "how": "remove"},
            {"field": "people", "value": bob, "how": "add"},
            {"field": "people", "value": [ada, NOBODY], "how": "remove"},
            {"field": "seats", "how": "clear"},
        ),
        record=await house.put("account", **held),
    )
    assert run.fields == {
        "status": "old", "email": "a@example.com", "country": "DE", "labels": ["b", "c"], "people": [bob],
    }  # fmt: skip


MAPPED: list[Json] = [
    {"field": "status", "from": {"field": "country"}, "map": [
        {"from": ["DE", "AT"], "to": "Europe, {{ record.name }}"}, {"from": ["DE"], "to": "never"}]},
    {"field": "channels", "from": {"field": "labels"}, "map": [
        {"from": ["letter", "parcel"], "to": "post"}, {"from": ["call"], "to": ["phone", "mail"]}]},
    {"field": "country", "from": {"variable": "word"}, "map": [{"from": ["Österreich"], "to": "AT"}]},
    {"field": "vip", "from": {"field": "score", "through": "parent"}, "map": [{"from": [1.5], "to": True}]},
    {"field": "budget", "from": {"webhook": "form", "value": "plan"}, "map": [{"from": ["2", "two"], "to": 99}]},
    {"field": "notes", "from": {"variable": "other", "field": "vip"}, "map": [{"from": ["yes"], "to": "important"}]},
    {"field": "seats", "from": {"field": "due"}, "map": [{"from": ["2026-01-01"], "to": 1}]},
    {"field": "email", "from": {"field": "labels"}, "map": [{"from": ["Letter"], "to": "b@example.com"}]},
    {"field": "seen", "from": {"field": "phone"}, "map": [{"from": ["+49 30 1"], "to": "2026-01-01T00:00:00Z"}]},
]  # fmt: skip


@shows("change_field_value", "changes.map.from", "changes.map.to")
async def test_a_map_turns_values_into_others_and_leaves_out_what_it_does_not_have(house: House, where: Where) -> None:
    """As filters compare: text without case, options and tags as they are, numbers and moments by what they are worth."""
    parent, other = await house.put("account", score="1.50"), await house.put("account", vip=True)
    record = await house.put(
        "account", "Acme", country="DE", labels=["call", "letter", "parcel", "other"], parent=[parent], seats=5, due="2026-01-02",
        email="a@example.com",
    )  # fmt: skip
    run = await house.run(
        where,
        changes("all", *MAPPED),
        record=record,
        variables=[
            variable("word", {"static": "ÖSTERREICH"}, type="string"),
            variable("other", {"static": other}, type="record"),
        ],
        cause={"trigger": {"type": "webhook", "webhook": "form", "values": {"plan": 2}, "event_at": "2026-03-01T09:00:00Z"}},
    )
    assert run.fields == {
        "labels": ["call", "letter", "parcel", "other"], "parent": [parent], "due": "2026-01-02", "email": "a@example.com",
        "status": "Europe, Acme", "channels": ["phone", "mail", "post"], "country": "AT", "vip": True, "budget": "99.00",
        "notes": "important", "seats": 5,
    }  # fmt: skip


WRONG: list[tuple[Json, str, str]] = [
    ({"field": "gone", "value": 1}, "unknown_field", "Account has no field gone (any more)."),
    ({"field": "country", "value": "FR"}, "invalid_field_value", "country must be one of DE, AT, CH, US, but is 'FR'."),
    ({"field": "seats", "value": "2.5"}, "invalid_field_value", "seats must be a whole number, but is '2.5'."),
    ({"field": "parent", "value": NOBODY}, "unknown_record", f"parent: there is no account with the id {NOBODY}."),
    ({"field": "people", "value": NOBODY, "how": "add"}, "unknown_record", f"people: there is no person with the id {NOBODY}."),
    ({"field": "manager", "value": NOBODY}, "unknown_employee", f"manager: there is no employee with the id {NOBODY}."),
    ({"field": "status", "from": {"field": "city"}}, "unknown_field", "Account has no field city (any more)."),
    ({"field": "status", "from": {"field": "x", "through": "boss"}}, "unknown_field", "Account has no field boss (any more)."),
    ({"field": "status", "from": {"variable": "sets"}}, "unknown_variable", "There is no variable sets (any more)."),
    ({"field": "status", "value": "x", "how": "add"}, "not_a_list", "Field status holds one value: add is for lists."),
    ({"field": "name", "from": {"field": "notes"}}, "required_field", "Field name is required and may not become blank."),
    ({"field": "name", "value": "x" * 256}, "invalid_field_value", "name must be at most 255 characters, but is "),
]


@shows("change_field_value")
async def test_what_cannot_be_changed_is_said_by_its_name_and_nothing_is_written(house: House, where: Where) -> None:
    record = await house.put("account", "Acme")
    steps = [{**changes(f"s{index}", wrong), "on_error": "continue"} for index, (wrong, *_) in enumerate(WRONG)]
    run = await house.run(where, *steps, record=record)
    for index, (_, code, sentence) in enumerate(WRONG):
        error = run.step(f"s{index}")["error"]
        assert (error["code"], error["sentence"][: len(sentence)]) == (code, sentence)
    assert (run.fields, await house.events(record, "field_updated")) == ({}, [])


@shows("change_field_value")
async def test_a_change_that_fails_keeps_no_other_from_being_made(house: House, where: Where) -> None:
    wrong = [{"field": "parent", "value": NOBODY}, {"field": "seats", "value": "many"}]
    run = await house.run(where, changes("some", *wrong, {"field": "status", "value": "made"}))
    assert run.fields == {"status": "made"}
    assert [(each["field"], each["code"]) for each in run.output("some")["not_changed"]] == [
        ("parent", "unknown_record"),
        ("seats", "invalid_field_value"),
    ]
    code, sentence = await house.failure(where, changes("none", *wrong))
    assert code == "all_changes_failed"
    assert all(value in sentence for value in (NOBODY, "many"))


@shows("change_tags", "add", "remove", "field")
async def test_tags_come_and_go_and_start_what_listens_to_them(house: House, where: Where) -> None:
    listening: dict[str, str] = {}
    for type, tag in (("tag_added", "won"), ("tag_removed", "lead"), ("tag_added", "kept"), ("tag_removed", "never")):
        trigger = {"id": "t", "type": type, "field": "labels", "tag": tag}
        listening[tag] = await house.save(where, stop("end"), triggers=[trigger])
    record = await house.put("account", labels=["lead", "kept"], status="won")
    run = await house.run(
        where,
        tags("both", add=["{{ record.status }}", "kept", "{{ record.notes }}"], remove=["lead", "never"]),
        tags("nothing", add=["won"], remove=["lead"], field="labels"),
        record=record,
    )
    assert run.fields["labels"] == ["kept", "won"]
    assert run.output("both") == {"field": "labels", "added": ["won"], "removed": ["lead"]}
    assert (run.step("nothing")["status"], run.output("nothing")) == (
        "completed",
        {"field": "labels", "added": [], "removed": []},
    )
    assert len(await house.events(record, "field_updated")) == 1
    for tag in ("won", "lead"):
        assert (await house.engine.latest(listening[tag]))["record_id"] == run.row["record_id"]
    sql = "select from executions e join automations a on a.id = e.automation_id where a.api_name = any($1)"
    assert not await house.fetch(sql, [listening["kept"], listening["never"]])


async def crate(house: House, *fields: Json) -> str:
    """The name of a new object with these fields of tags."""
    api_name = house.name("crate").replace("-", "_")
    definition = {"api_name": api_name, "name": "Crate", "fields": [{"type": "tags", **field} for field in fields]}
    async with house.database.transaction() as connection:
        await put_object(connection, ObjectDefinition.model_validate(definition))
    return api_name


@also_shows("change_tags", where=["record"])
async def test_tags_that_cannot_be_changed_are_said_by_the_name_of_their_field(house: House) -> None:
    none = await crate(house)
    two = await crate(house, {"name": "a"}, {"name": "b"})
    required = await crate(house, {"name": "a", "required": True})
    wrong = [
        (none, tags("t", add=["x"]), "no_tags_field", "Crate has no field of tags (any more)."),
        (two, tags("t", add=["x"]), "several_tag_fields", "Crate has several fields of tags: a, b. field says which is meant."),
        (two, tags("t", add=["x"], field="gone"), "unknown_field", "Crate has no field gone (any more)."),
        (required, tags("t", remove=["x"]), "required_field", "Field a is required and may not become blank."),
        (required, tags("t", add=["x" * 256]), "invalid_field_value", "a must be at most 255 characters, but is "),
    ]
    for object, step, code, sentence in wrong:
        values: Json = {"a": ["x"]} if object == required else {}
        record = await house.put(object, None, **values)
        found = await house.failure("global", step, object=object, record=record)
        assert (found[0], found[1][: len(sentence)]) == (code, sentence)
    named = await house.run("global", tags("t", add=["x"], field="b"), object=two, record=await house.put(two))
    assert named.fields == {"b": ["x"]}
    status = await house.failure("record", tags("t", add=["x"], field="status"))
    assert status == ("not_tags", "Field status is of type text; tags are needed here.")
