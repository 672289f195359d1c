"""Steps that make, change, archive and find records beside the execution's own."""

import asyncio
from datetime import UTC, datetime
from uuid import UUID

import pytest

from activities import modifying
from store.crm_activities import log_activity
from tests.builders import Json, archive, create, modify_related, search, stop, variable
from tests.steps.house import House, Where
from tests.steps.showing import shows

RECORD = [variable("made", {"static": ""}, type="record")]
RECORDS = [variable("made", {"static": ""}, type="record", list=True)]


@shows("create_record", "object", "name", "values.field", "values.value", "values.from", "into", "into_how=overwrite", "stage")
async def test_a_record_is_created_with_values_texts_and_a_stage(house: House, where: Where) -> None:
    values = [
        {"field": "seats", "from": {"variable": "seats"}},
        {"field": "status", "value": "of {{ automation.name }}"},
        {"field": "labels", "value": ["new", "{{ variables.seats }}"]},
    ]
    name = house.name("Deal")
    steps = [create("make", "deal", f"{name} for {{{{ variables.seats }}}}", values=values, stage="{{ 'Demo' }}", into="made")]
    run = await house.run(where, *steps, variables=[variable("seats", {"static": 7}), *RECORD])
    made = await house.record(run.variables["made"])
    assert (made["name"], made["object"], made["stage"], made["owner_id"]) == (f"{name} for 7", "deal", "Demo", None)
    held = made["field_values"]
    assert (held["seats"], held["labels"], held["status"][:3]) == (7, ["new", "7"], "of ")
    assert run.output("make") == {"record_id": str(made["id"]), "name": made["name"], "made": "created"}
    [event] = await house.events(made["id"], "record_created")
    assert (event["root_id"], event["depth"]) == (run.id, 0)


@shows("create_record", "link.field", "link.how=add", "link.how=overwrite", "link.how=only_if_blank", where=["record"])
async def test_the_record_leads_to_the_new_one(house: House, where: Where) -> None:
    steps = [
        create("a", "person", house.name(), link={"field": "people", "how": "add"}),
        create("b", "person", house.name(), link={"field": "people", "how": "add"}),
        create("c", "account", house.name(), link={"field": "parent", "how": "only_if_blank"}),
        create("d", "account", house.name(), link={"field": "parent", "how": "only_if_blank"}),
    ]
    run = await house.run(where, *steps)
    ids = {id: run.output(id)["record_id"] for id in "abcd"}
    assert (run.fields["people"], run.fields["parent"]) == ([ids["a"], ids["b"]], [ids["c"]])
    over = await house.run(
        where, create("e", "account", house.name(), link={"field": "parent"}), record=str(run.row["record_id"])
    )
    assert over.fields["parent"] == [over.output("e")["record_id"]]


@shows("create_record", "into_how=add", "into_how=only_if_blank", "into_how=overwrite")
async def test_new_records_are_kept_in_variables(house: House, where: Where) -> None:
    steps = [
        create("a", "account", house.name(), into="made", into_how="add"),
        create("b", "account", house.name(), into="made", into_how="add"),
        create("c", "account", house.name(), into="one", into_how="only_if_blank"),
        create("d", "account", house.name(), into="one", into_how="only_if_blank"),
    ]
    run = await house.run(where, *steps, variables=[*RECORDS, variable("one", {"static": ""}, type="record")])
    ids = {id: run.output(id)["record_id"] for id in "abcd"}
    assert (run.variables["made"], run.variables["one"]) == ([ids["a"], ids["b"]], ids["c"])
    refused = await house.failure(where, create("x", "account", house.name(), into="made", into_how="add"), variables=RECORD)
    assert refused == ("not_a_list", "Variable made holds one value: add is for lists.")


@shows("create_record", "owner.how=employee", "owner.employee", "owner.how=round_robin_role", "owner.role", "owner.how=variable",
       "owner.variable", "owner.how=round_robin_employees", "owner.employees", "owner.how=round_robin_all")  # fmt: skip
async def test_a_new_record_gets_an_owner(house: House, where: Where) -> None:
    role = house.name("role")
    ada, bob = [await house.employ(None, role) for _ in range(2)]
    owners = {
        "person": {"how": "employee", "employee": ada["email"]},
        "turn": {"how": "round_robin_role", "role": role},
        "named": {"how": "variable", "variable": "who"},
        "chosen": {"how": "round_robin_employees", "employees": [bob["email"]]},
        "all": {"how": "round_robin_all"},
    }
    steps = [create(id, "account", house.name(), owner=owner) for id, owner in owners.items()]
    run = await house.run(where, *steps, variables=[variable("who", {"static": str(bob["id"])}, type="employee")])
    found = {id: (await house.record(run.output(id)["record_id"]))["owner_id"] for id in owners}
    assert (found["person"], found["named"], found["chosen"]) == (ada["id"], bob["id"], bob["id"])
    assert found["turn"] in (ada["id"], bob["id"])
    assert found["all"] is not None
    gone = create("x", "account", house.name(), owner={"how": "employee", "employee": "nobody@example.com"})
    assert await house.failure(where, gone) == ("unknown_employee", "There is no employee nobody@example.com (any more).")


@shows("create_record", "owner.how=owner", "owner.how=field", "owner.field", "owner.through", "owner.how=last_active",
       "owner.how=last_active_role", where=["record"])  # fmt: skip
async def test_a_new_record_gets_an_owner_by_the_record_it_is_made_for(house: House, where: Where) -> None:
    role = house.name("role")
    ada, bob, cleo = [await house.employ(None, role) for _ in range(3)]
    parent = await house.put("account", manager=[str(cleo["id"])])
    record = await house.put("account", owner=ada["id"], manager=[str(bob["id"])], parent=[parent])
    async with house.database.connection() as connection:
        await log_activity(connection, UUID(record), type="call", assigned_to=cleo["id"], by="", now=datetime.now(UTC))
    owners = {
        "own": {"how": "owner"},
        "field": {"how": "field", "field": "manager"},
        "through": {"how": "field", "field": "manager", "through": "parent"},
        "last": {"how": "last_active"},
        "last_role": {"how": "last_active_role", "role": role},
    }
    steps = [create(id, "account", house.name(), owner=owner) for id, owner in owners.items()]
    run = await house.run(where, *steps, record=record)
    found = [(await house.record(run.output(id)["record_id"]))["owner_id"] for id in owners]
    assert found == [ada["id"], bob["id"], cleo["id"], cleo["id"], cleo["id"]]


@shows("create_record", "existing=append_suffix", "existing=refuse", "existing=use", "archived=append_suffix")
async def test_what_becomes_of_a_name_that_is_there(house: House, where: Where) -> None:
    name = house.name("Twin")
    there = await house.put("account", name, status="old")
    values = [{"field": "status", "value": "new"}]
    run = await house.run(
        where,
        create("second", "account", name.upper(), values=values),
        create("third", "account", name),
        create("same", "account", name, existing="use", values=values, into="made"),
        variables=RECORD,
    )
    assert [run.output(id)["name"] for id in ("second", "third", "same")] == [f"{name.upper()} (2)", f"{name} (3)", name]
    assert (run.output("same")["made"], run.variables["made"]) == ("used", there)
    assert (await house.record(there))["field_values"] == {"status": "old"}
    code, sentence = await house.failure(where, create("no", "account", name, existing="refuse"))
    assert (code, sentence) == ("name_taken", f"There is a Account named {name} already: {there}.")
    await house.archive(there)
    run = await house.run(where, create("beside", "account", name))
    assert run.output("beside")["name"] == f"{name} (4)"


@shows("create_record", "archived=refuse", "archived=unarchive", "archived=overwrite")
async def test_what_becomes_of_a_name_that_only_archived_records_have(house: House, where: Where) -> None:
    old, older = house.name("Old"), house.name("Older")
    ids = {name: await house.put("account", name, status="kept", seats=1) for name in (old, older)}
    for id in ids.values():
        await house.archive(id)
    code, sentence = await house.failure(where, create("no", "account", old, archived="refuse"))
    assert (code, sentence) == ("name_taken", f"There is an archived Account named {old} already: {ids[old]}.")
    values = [{"field": "status", "value": "new"}]
    run = await house.run(
        where,
        create("back", "account", old.lower(), archived="unarchive", values=values),
        create("anew", "account", older, archived="overwrite", values=values),
    )
    assert (run.output("back")["record_id"], run.output("back")["made"]) == (ids[old], "unarchived")
    assert (run.output("anew")["record_id"], run.output("anew")["made"]) == (ids[older], "overwritten")
    back, anew = [await house.record(id) for id in ids.values()]
    assert (back["archived_at"], back["field_values"], anew["archived_at"]) == (None, {"status": "kept", "seats": 1}, None)
    assert anew["field_values"] == {"status": "new", "seats": 1}
    [event] = await house.events(ids[old], "record_unarchived")
    assert event["root_id"] == run.id


async def test_two_executions_at_once_make_a_record_and_a_second_one(house: House) -> None:
    name = house.name("Race")
    api_name = await house.save("global", create("make", "account", name))
    runs = [await house.start("global", api_name) for _ in range(6)]
    await asyncio.gather(*(house.come_to(run, "completed") for run in runs))
    rows = await house.fetch("select name from records where name like $1 || '%' order by length(name), name", name)
    assert [row["name"] for row in rows] == [name, *(f"{name} ({number})" for number in range(2, 7))]


@shows("create_record", "start")
async def test_automations_start_on_the_new_record(house: House, where: Where) -> None:
    child = await house.save("record", stop("end"))
    run = await house.run(where, create("make", "account", house.name(), start=[child]), priority="low")
    assert run.output("make")["started"] == [child]
    [row] = await house.until(
        "select * from executions where parent_id = $1 and state = 'completed'", run.id
    )  # fmt: skip
    assert (str(row["record_id"]), row["root_id"], row["depth"]) == (run.output("make")["record_id"], run.id, 1)
    assert row["priority"] == "low"


async def test_what_is_gone_leaves_no_record_behind(house: House) -> None:
    name, idle = house.name("Never"), await house.save("record", stop("end"), active=False)
    other = await house.save("contact", stop("end"))
    wrong: list[tuple[Json, str, str]] = [
        ({"object": "ghost"}, "unknown_object", "ghost"),
        ({"stage": "Nowhere", "object": "deal"}, "unknown_stage", "Nowhere"),
        ({"values": [{"field": "ghost", "value": 1}]}, "unknown_field", "ghost"),
        (
            {"values": [{"field": "seats", "value": "{{ 'many' }}"}]},
            "invalid_field_value",
            "seats must be a number",
        ),
        ({"values": [{"field": "seats", "value": "many"}, {"field": "vip", "value": "maybe"}]}, "invalid_record_values", "vip"),
        ({"link": {"field": "ghost"}}, "unknown_field", "ghost"),
        ({"link": {"field": "people"}}, "wrong_object", "people leads to records of person"),
        ({"link": {"field": "status"}}, "wrong_object", "status is no relationship"),
        ({"link": {"field": "parent", "how": "add"}}, "invalid_field_value", "parent must be one id"),
        ({"into": "ghost"}, "unknown_variable", "ghost"),
        ({"start": ["ghost"]}, "unknown_automation", "ghost"),
        ({"start": [idle]}, "automation_inactive", idle),
        ({"start": [other]}, "wrong_object", other),
        ({"name": "{{ variables.nothing }}"}, "required_field", "name of the new Account is blank"),
        ({"name": "{{ variables.ghost }}"}, "template_error", "ghost"),
        ({"name": "x" * 300}, "invalid_field_value", "name must be at most 255 characters"),
    ]
    record = await house.put("account", parent=[await house.put("account")])
    steps = [
        create(f"s{place}", **{"object": "account", "name": name, "on_error": "continue", **parts})
        for place, (parts, _, _) in enumerate(wrong)
    ]
    nothing = [variable("nothing", {"static": ""}, type="string")]
    run = await house.run("record", *steps, record=record, variables=nothing)
    for place, (_, code, said) in enumerate(wrong):
        error = run.step(f"s{place}")["error"]
        assert (error["code"], said in error["sentence"]) == (code, True), error
    assert not await house.fetch("select from records where name like $1 || '%'", name)
    assert run.fields == (await house.record(record))["field_values"]


@shows("modify_related_records", "records.field", "records.through", "records.through.object", "records.through.field",
       "changes.field", "changes.value", "changes.from", "changes.how=overwrite", "changes.how=only_if_blank",
       "changes.how=overwrite_unless_blank", "changes.how=add", "changes.how=remove", "changes.how=clear",
       "changes.map.from", "changes.map.to",
       where=["record"])  # fmt: skip
async def test_related_records_are_changed_by_what_the_execution_reads(house: House, where: Where) -> None:
    people = [await house.put("person", labels=["old"], seats=seats, status="x", notes="y") for seats in (None, 5)]
    account = await house.put("account", status="from here", people=people)
    friend = await house.put("person", company=[account])
    deal = await house.put("deal", buyer=[friend])
    changes = [
        {"field": "status", "from": {"field": "status"}},
        {"field": "seats", "value": "{{ variables.seats }}", "how": "only_if_blank"},
        {"field": "labels", "value": ["new"], "how": "add"},
        {"field": "labels", "value": ["old"], "how": "remove"},
        {"field": "notes", "how": "clear"},
        {"field": "country", "from": {"variable": "nothing"}, "how": "overwrite_unless_blank"},
        {"field": "channels", "from": {"field": "status"}, "map": [{"from": ["From here"], "to": "mail"}]},
    ]
    back = [{"object": "person", "field": "company"}, {"object": "deal", "field": "buyer"}]
    steps = [
        modify_related("people", {"field": "people"}, *changes),
        modify_related("deals", {"through": back}, {"field": "seats", "value": 9}),
        modify_related("again", {"through": ["people", "friend"]}, {"field": "seats", "value": 9}),
    ]
    nothing = variable("nothing", {"static": ""}, type="string")
    run = await house.run(where, *steps, record=account, variables=[variable("seats", {"static": 3}), nothing])
    held = [(await house.record(id))["field_values"] for id in people]
    assert held == [{"labels": ["new"], "seats": seats, "status": "from here", "channels": ["mail"]} for seats in (3, 5)]
    assert (await house.record(deal))["field_values"]["seats"] == 9
    assert [run.output(id)["changed"] for id in ("people", "deals", "again")] == [2, 1, 0]
    [event] = await house.events(people[0], "field_updated")
    assert event["root_id"] == run.id
    assert run.step("again")["status"] == "completed"


@shows("modify_related_records", "records.variable", "changes.value")
async def test_records_in_a_variable_are_changed_and_those_archived_or_gone_passed_over(house: House, where: Where) -> None:
    live, archived = await house.put("account", seats=1), await house.put("person", seats=1)
    await house.archive(archived)
    ids = [variable("ids", {"static": [live, archived, str(UUID(int=7))]}, type="record", list=True)]
    run = await house.run(
        where,
        modify_related("all", {"variable": "ids"}, {"field": "seats", "value": 2}),
        modify_related("twice", {"variable": "ids"}, {"field": "seats", "value": 2}),
        variables=ids,
    )
    told = [(run.output(id)["changed"], run.output(id)["unchanged"], run.output(id)["passed_over"]) for id in ("all", "twice")]
    assert told == [(1, 0, 2), (0, 1, 2)]
    assert (await house.record(archived))["field_values"]["seats"] == 1
    assert len(await house.events(live, "field_updated")) == 1


async def test_changes_that_some_or_all_related_records_cannot_take(house: House) -> None:
    ids = [await house.put(object, seats=1) for object in ("account", "deal")]
    variables = [variable("ids", {"static": ids}, type="record", list=True)]
    people = {"field": "people", "value": [await house.put("person")]}
    some = await house.run("global", modify_related("some", {"variable": "ids"}, people), variables=variables)
    assert (some.output("some")["changed"], some.output("some")["failed"], some.error[0]) == (1, 1, "partial_failure")
    assert "Deal has no field people (any more)." in some.error[1]
    part = await house.run(
        "global",
        modify_related("part", {"variable": "ids"}, {"field": "seats", "value": 3}, {"field": "seats", "value": "many"}),
        variables=variables,
    )
    assert (part.output("part")["changed"], part.output("part")["partly"], part.error[0]) == (2, 2, "partial_failure")
    for field, value, code, said in (
        ("ghost", 1, "unknown_field", "has no field ghost (any more)"),
        ("seats", "many", "invalid_field_value", "seats must be a number"),
        ("seats", "{{ variables.ghost }}", "template_error", "ghost"),
    ):
        step = modify_related("none", {"variable": "ids"}, {"field": field, "value": value})
        found = await house.failure("global", step, variables=variables)
        assert (found[0], said in found[1], found[1][:17]) == (code, True, "None of 2 records"), found
    for records, code, said in (
        ({"variable": "ghost"}, "unknown_variable", "ghost"),
        ({"field": "ghost"}, "unknown_field", "ghost"),
        ({"through": [{"object": "ghost", "field": "x"}]}, "unknown_object", "ghost"),
    ):
        found = await house.failure("record", modify_related("none", records, {"field": "seats", "value": 1}))
        assert (found[0], said in found[1]) == (code, True), found


async def test_many_related_records_are_changed_in_pages_and_too_many_not_at_all(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = await house.put("account")
    await house.fetch(
        "insert into records (id, object_id, name, field_values, created_at, updated_at) select gen_random_uuid(), o.id, 'many',"
        " jsonb_build_object('company', jsonb_build_array($1::text)), now(), now() from objects o, generate_series(1, 230)"
        " where o.api_name = 'person' returning id",
        account,
    )
    back = {"through": [{"object": "person", "field": "company"}]}
    step = modify_related("all", back, {"field": "seats", "value": 4})
    run = await house.run("record", step, record=account)
    assert run.output("all")["changed"] == 230
    sql = "select count(distinct record_id), count(*), count(distinct xmin::text) from events where root_id = $1"
    assert tuple((await house.fetch(sql, run.id))[0]) == (230, 230, 3)
    monkeypatch.setattr(modifying, "MAX_RECORDS", 200)
    code, sentence = await house.failure("record", step, record=account)
    assert (code, "leads to more than 200 records; this step takes no more." in sentence) == ("too_many_records", True)


@shows("archive_record", "records=this_record", where=["record"])
async def test_archiving_its_own_record_ends_the_execution_after_the_step(house: House, where: Where) -> None:
    record = await house.put("account")
    waiting = await house.start(where, await house.save(where, {"id": "w", "type": "delay", "days": 1}), record)
    await house.come_to(waiting, "paused")
    run = await house.run(where, archive("bye"), stop("never"), record=record, ends="canceled")
    assert [(step["step_id"], step["status"]) for step in run.steps] == [("bye", "completed")]
    assert (run.row["cancel_reason"], run.row["reason"]) == ("record_archived", "its record was archived")
    assert run.output("bye") == {"archived": 1, "were_archived": 0}
    other = await house.come_to(waiting, "canceled")
    assert other.row["cancel_reason"] == "record_archived"
    [event] = await house.events(record, "record_archived")
    assert event["root_id"] == run.id
    assert (await house.record(record))["archived_at"]


@shows("archive_record", "records.field", "records.through", "records.through.object", "records.through.field", where=["record"])
async def test_related_records_are_archived(house: House, where: Where) -> None:
    people = [await house.put("person") for _ in range(2)]
    account = await house.put("account", people=people)
    deal, other = await house.put("deal", company=[account]), await house.put("deal", buyer=[people[0]])
    steps = [
        archive("other", {"through": ["people", {"object": "deal", "field": "buyer"}]}),
        archive("people", {"field": "people"}),
        archive("deals", {"through": [{"object": "deal", "field": "company"}]}),
        archive("none", {"field": "parent"}),
    ]
    run = await house.run(where, *steps, record=account)
    assert [run.output(step["id"])["archived"] for step in steps] == [1, 2, 1, 0]
    assert all([(await house.record(id))["archived_at"] for id in (*people, deal, other)])


@shows("archive_record", "records.variable")
async def test_records_in_a_variable_are_archived_once_and_their_executions_canceled(house: House, where: Where) -> None:
    record, before = await house.put("account"), await house.put("account")
    await house.archive(before)
    waiting = await house.start("record", await house.save("record", {"id": "w", "type": "delay", "days": 1}), record)
    await house.come_to(waiting, "paused")
    variables = [variable("ids", {"static": [record, before, str(UUID(int=7))]}, type="record", list=True)]
    run = await house.run(where, archive("all", {"variable": "ids"}), archive("again", {"variable": "ids"}), variables=variables)
    assert run.output("all") == {"archived": 1, "were_archived": 1, "gone": 1}
    assert run.output("again") == {"archived": 0, "were_archived": 2, "gone": 1}
    assert (await house.come_to(waiting, "canceled")).row["cancel_reason"] == "record_archived"
    gone = [variable("ids", {"static": str(UUID(int=8))}, type="record")]
    code, sentence = await house.failure(where, archive("none", {"variable": "ids"}), variables=gone)
    assert (code, sentence) == ("unknown_record", f"There is no record {UUID(int=8)} (any more).")


async def test_two_executions_that_archive_their_record_at_once_both_end(house: House) -> None:
    record = await house.put("account")
    names = [await house.save("record", archive("bye")) for _ in range(2)]
    runs = [await house.start("record", name, record) for name in names]
    ended = await asyncio.gather(*(house.come_to(run, "canceled") for run in runs))
    assert {run.row["cancel_reason"] for run in ended} == {"record_archived"}
    assert len(await house.events(record, "record_archived")) == 1


@shows("search_records", "object", "filter", "sort.by", "sort.direction=asc", "sort.direction=desc", "limit", "archived", "into",
       "how=overwrite")  # fmt: skip
async def test_a_search_finds_sorts_and_limits(house: House, where: Where) -> None:
    mark = house.name("mark")
    ids = [await house.put("deal", f"D{seats}", status=mark, seats=seats, stage="Won") for seats in (3, 1, 2)]
    old = await house.put("deal", "D9", status=mark, seats=9)
    await house.archive(old)
    marked = {"field": "status", "op": "=", "value": "{{ variables.mark }}"}
    several = {"all": [marked, {"field": "seats", "op": ">=", "value": "{{ 1 + 1 }}"}]}
    steps = [
        search("asc", "deal", filter=marked, sort=[{"by": "seats"}], into="found"),
        search("desc", "deal", filter=marked, sort=[{"by": "stage"}, {"by": "seats", "direction": "desc"}], limit=2, into="two"),
        search("all", "deal", filter=marked, sort=[{"by": "name"}], archived=True, into="all"),
        search("first", "deal", filter=several, sort=[{"by": "seats"}], into="first"),
        search("none", "deal", filter={"field": "status", "op": "=", "value": f"{mark}-not"}, into="none"),
    ]
    names = ("found", "two", "all", "first", "none")
    lists = [variable(name, {"static": ids[:1]}, type="record", list=name != "first") for name in names]
    run = await house.run(where, *steps, variables=[variable("mark", {"static": mark}, type="string"), *lists])
    three, one, two = ids
    assert (run.variables["found"], run.variables["two"], run.variables["all"]) == (
        [one, two, three],
        [three, two],
        [one, two, three, old],
    )
    assert (run.variables["first"], run.variables["none"]) == (two, None)
    assert [run.output(step["id"]) for step in steps] == [
        {"found": 3, "more": False}, {"found": 2, "more": True}, {"found": 4, "more": False}, {"found": 2, "more": False},
        {"found": 0, "more": False},
    ]  # fmt: skip
    assert run.step("asc")["used"] == [{"ref": "filter", "found": f"status = {mark}"}]


@shows("search_records", "how=add", "how=remove", "how=only_if_blank", "how=overwrite_unless_blank")
async def test_what_a_search_finds_meets_what_is_in_the_variable(house: House, where: Where) -> None:
    mark = house.name("mark")
    first, second = await house.put("account", status=mark, seats=1), await house.put("account", status=mark, seats=2)

    def found(id: str, how: str, into: str, *seats: int) -> Json:
        any_of = [{"field": "seats", "op": "=", "value": each} for each in seats]
        return search(
            id, "account", filter={"all": [{"field": "status", "op": "=", "value": mark}, {"any": any_of}]}, how=how, into=into
        )

    steps = [
        found("a", "add", "grown", 2, 1),
        found("b", "remove", "shrunk", 1),
        found("c", "only_if_blank", "kept", 2),
        found("d", "overwrite_unless_blank", "kept", 7),
        found("e", "only_if_blank", "blank", 2),
    ]
    held = {"grown": [first], "shrunk": [first, second], "kept": [first], "blank": ""}
    variables = [variable(name, {"static": ids}, type="record", list=True) for name, ids in held.items()]
    run = await house.run(where, *steps, variables=variables)
    assert run.variables == {"grown": [first, second], "shrunk": [second], "kept": [first], "blank": [second]}


async def test_a_search_that_cannot_be_made_says_why(house: House) -> None:
    wrong: list[tuple[Json, str, str]] = [
        ({"object": "ghost"}, "unknown_object", "ghost"),
        ({"filter": {"field": "ghost", "op": "=", "value": 1}}, "unknown_field", "Account has no field ghost (any more)."),
        ({"filter": {"related": "ghost.name", "op": "=", "value": 1}}, "unknown_field", "ghost"),
        ({"filter": {"field": "seats", "op": ">", "value": "{{ 'many' }}"}}, "invalid_filter_value", "many"),
        ({"filter": {"field": "status", "op": "=", "value": "{{ variables.ghost }}"}}, "template_error", "ghost"),
        ({"sort": [{"by": "ghost"}]}, "invalid_sort", "Account has no field ghost (any more)."),
        ({"sort": [{"by": "labels"}]}, "invalid_sort", "labels"),
        ({"into": "ghost"}, "unknown_variable", "ghost"),
        ({"into": "number"}, "invalid_field_value", "number"),
        ({"into": "one", "how": "remove"}, "not_a_list", "one"),
    ]
    await house.put("account")
    steps = [
        search(f"s{place}", **{"object": "account", "into": "one", "on_error": "continue", **parts})
        for place, (parts, _, _) in enumerate(wrong)
    ]
    variables = [variable("one", {"static": ""}, type="record"), variable("number", {"static": ""})]
    run = await house.run("global", *steps, variables=variables)
    for place, (_, code, said) in enumerate(wrong):
        error = run.step(f"s{place}")["error"]
        assert (error["code"], said in error["sentence"]) == (code, True), error
