"""Steps that start other automations, and that pause, resume and cancel what is under way of them."""

from typing import Any
from uuid import UUID

from tests.builders import Json, branch, change, delay, modify, start, stop, variable
from tests.steps.house import House, Run, Where
from tests.steps.showing import shows

GREETING = variable("greeting", {"static": "hello"}, type="string")


def setting(field: str) -> Json:
    """Writes what the variable `greeting` holds."""
    return {"id": "set", "type": "change_field_value", "changes": [{"field": field, "from": {"variable": "greeting"}}]}


def holding(*records: str, name: str = "who") -> Json:
    return variable(name, {"static": list(records)}, type="record", list=True)


async def children(house: House, parent: UUID, state: str = "completed") -> list[Any]:
    """What it started, the oldest first, once all of it is in that state."""
    sql = "select * from executions where parent_id = $1 order by id"
    for row in await house.fetch(sql, parent):
        await house.come_to(row["id"], state)
    return await house.fetch(sql, parent)


async def waiting(house: House, api_name: str, record: str, reason: str = "delay") -> UUID:
    execution = await house.start("record", api_name, record)
    await house.engine.in_state(execution, "paused", reason=reason)
    return execution


@shows(
    "start_automation", "automations", "on.variable", "overrides.automation", "overrides.variable", "overrides.value"
)  # fmt: skip
async def test_several_automations_start_on_several_records_each_with_its_values(house: House, where: Where) -> None:
    one, two = await house.put("account"), await house.put("account")
    first = await house.save("record", setting("status"), variables=[GREETING])
    second = await house.save(
        "record", setting("notes"), variables=[GREETING, variable("wanted", {"static": "x"}, type="string")]
    )
    third = await house.save("record", setting("email"), variables=[GREETING])
    overrides = [
        {"automation": second, "variable": "greeting", "value": {"variable": "said"}},
        {"automation": third, "variable": "greeting", "value": {"static": None}},
        {"variable": "greeting", "value": {"static": "servus from {{ automation.api_name }}"}},
        {"variable": "wanted", "value": {"variable": "nothing"}},
    ]
    said = [variable("said", {"static": "moin"}, type="string"), variable("nothing", {"static": None}, type="string")]
    go = start("go", first, second, third, on={"variable": "who"}, overrides=overrides)
    run = await house.run(where, go, variables=[holding(one, two), *said])
    started = await children(house, run.id)
    assert run.output("go") == {"started": [name for name in (first, second, third) for _ in range(2)]}
    assert [row["start_request"]["automation"] for row in started] == run.output("go")["started"]
    for record in (one, two):
        values = (await house.record(record))["field_values"]
        assert (values["status"], values["notes"]) == (f"servus from {run.row['api_name']}", "moin")
        assert "email" not in values or values["email"] is None
    assert [row["variables"].get("wanted") for row in started[2:4]] == ["x", "x"]


@shows("start_automation", "on=global")
async def test_a_global_automation_starts_on_no_record_and_once(house: House, where: Where) -> None:
    everywhere = await house.save("global")
    records = [await house.put("account"), await house.put("account")]
    steps = [start("go", everywhere), start("on", everywhere, on={"variable": "who"})]
    run = await house.run(where, *steps, variables=[holding(*records)])
    assert [row["record_id"] for row in await children(house, run.id)] == [None, None]


@shows(
    "start_automation", "on=this_record", "on.field", "on.through", "on.through.object", "on.through.field", where=["record"]
)  # fmt: skip
async def test_an_automation_starts_on_this_record_and_on_related_ones(house: House, where: Where) -> None:
    grandparent = await house.put("account")
    parent = await house.put("account", parent=grandparent)
    record = await house.put("account", parent=parent)
    deals = [await house.put("deal", company=parent) for _ in range(2)]
    on_account, on_deal = await house.save("record"), await house.save("pipeline")
    run = await house.run(
        where,
        start("own", on_account, on="this_record"),
        start("up", on_account, on={"field": "parent"}),
        start("far", on_account, on={"through": ["parent", "parent"]}),
        start("back", on_deal, on={"through": ["parent", {"object": "deal", "field": "company"}]}),
        start("nobody", on_deal, on={"through": ["parent", "parent", {"object": "deal", "field": "company"}]}),
        record=record,
    )
    started = [str(row["record_id"]) for row in await children(house, run.id)]
    assert started[:3] == [record, parent, grandparent]
    assert sorted(started[3:]) == sorted(deals)
    assert run.output("nobody") == {"started": []}


@shows("start_automation", "resume_paused")
async def test_what_is_paused_goes_on_and_where_nothing_is_a_new_execution_starts(house: House, where: Where) -> None:
    asking = await house.save("record", stop("ask", "pause"), change("then", status="went on"))
    one, two = await house.put("account"), await house.put("account")
    paused = [await waiting(house, asking, one, "automation") for _ in range(2)]
    go = start("go", asking, on={"variable": "who"}, resume_paused=True)
    run = await house.run(where, go, variables=[holding(one, two)])
    assert run.output("go") == {"started": [asking], "resumed": [asking, asking]}
    for execution in paused:
        await house.come_to(execution, "completed")
        [asked] = await house.fetch("select * from execution_requests where execution_id = $1", execution)
        assert (asked["kind"], asked["asked_by"]) == ("resume", f"automation {run.row['api_name']}")
        assert asked["why"] == f"step go of execution {run.id}"
    [child] = await children(house, run.id, "paused")
    assert str(child["record_id"]) == two


@shows("modify_automation", "automations", "records.variable", "action=pause", "action=resume", "action=cancel")
async def test_what_is_under_way_is_paused_resumed_and_canceled_in_the_name_of_the_automation(house: House, where: Where) -> None:
    target, other = await house.save("record", delay("wait", days=1)), await house.save("record", delay("wait", days=1))
    record = await house.put("account")
    executions, bystander = [await waiting(house, target, record) for _ in range(2)], await waiting(house, other, record)

    async def asked(action: str) -> Run:
        step = modify(action, action, target, records={"variable": "who"})
        return await house.run(where, step, variables=[holding(record)])

    run = await asked("pause")
    assert run.output("pause") == {"action": "pause", "found": 2, "asked": 2, "left": {}}
    by = f"automation {run.row['api_name']}: step pause of execution {run.id}"
    for execution in executions:
        row = await house.engine.in_state(execution, "paused", reason="automation")
        assert (row["reason"], row["request"]) == (f"paused by {by}", None)
        assert row["waiting_until"] is not None
    assert (await asked("pause")).output("pause")["left"] == {"paused (automation)": 2}
    run = await asked("resume")
    assert run.output("resume")["asked"] == 2
    for execution in executions:
        await house.engine.in_state(execution, "paused", reason="delay")
    assert (await asked("resume")).output("resume") == {"action": "resume", "found": 2, "asked": 0, "left": {"paused (delay)": 2}}
    run = await asked("cancel")
    for execution in executions:
        row = (await house.come_to(execution, "canceled")).row
        assert row["cancel_reason"] == "step"
        assert row["reason"] == f"canceled by automation {run.row['api_name']}: step cancel of execution {run.id}"
    assert (await asked("cancel")).output("cancel")["found"] == 0
    assert (await house.look(bystander)).row["pause_reason"] == "delay"
    kinds = await house.fetch("select kind from execution_requests where execution_id = $1 order by asked_at", executions[0])
    assert [row["kind"] for row in kinds] == ["pause", "resume", "cancel"]


@shows("modify_automation", "action=start")
async def test_named_automations_are_started_as_well(house: House, where: Where) -> None:
    target, record = await house.save("record"), await house.put("account")
    run = await house.run(where, modify("go", "start", target, records={"variable": "who"}), variables=[holding(record)])
    assert run.output("go") == {"action": "start", "started": [target]}
    assert [str(row["record_id"]) for row in await children(house, run.id)] == [record]


@shows(
    "modify_automation", "automations=all", "records=this_record", "records.field", "records.through", "records.through.object",
    "records.through.field", where=["record"],
)  # fmt: skip
async def test_whatever_is_under_way_on_this_and_on_related_records_ends_but_not_the_execution_itself(
    house: House, where: Where
) -> None:
    parent = await house.put("account")
    record = await house.put("account", parent=parent)
    deal = await house.put("deal", company=record)
    on_account, on_deal = await house.save("record", delay("wait", days=1)), await house.save("pipeline", delay("wait", days=1))
    begun = [
        await waiting(house, on_account, record),
        await waiting(house, on_account, parent),
        await waiting(house, on_deal, deal),
    ]
    run = await house.run(
        where,
        modify("own", "cancel"),
        modify("up", "cancel", records={"field": "parent"}),
        modify("back", "cancel", records={"through": [{"object": "deal", "field": "company"}]}),
        record=record,
    )
    assert [run.output(step)["asked"] for step in ("own", "up", "back")] == [1, 1, 1]
    for execution in begun:
        assert (await house.come_to(execution, "canceled")).row["cancel_reason"] == "step"


@shows("modify_automation", "include_self", where=["record"])
async def test_an_execution_may_pause_and_end_itself(house: House, where: Where) -> None:
    record = await house.put("account", seats=0)
    lanes = branch("fork", [modify("halt", "pause", include_self=True), change("one", status="x")], [change("two", notes="y")])
    run = await house.run(
        where, lanes, modify("end", "cancel", include_self=True), change("never", seats=1), record=record, ends="paused"
    )
    assert run.row["pause_reason"] == "automation"
    assert "one" not in [step["step_id"] for step in run.steps]
    await house.engine.order(run.id, "resume")
    run = await house.come_to(run.id, "canceled")
    assert (run.row["cancel_reason"], run.fields["seats"]) == ("step", 0)
    assert [step["step_id"] for step in run.steps][-1] == "end"


@shows("modify_automation", "automations")
async def test_what_a_person_paused_is_left_alone_and_a_skip_waits_for_the_resume(house: House, where: Where) -> None:
    """A pause of an automation is no step that somebody could pass over."""
    target, record = await house.save("record", delay("wait", days=1)), await house.put("account")
    by_hand = await waiting(house, target, record)
    await house.engine.order(by_hand, "pause")
    await house.engine.in_state(by_hand, "paused", reason="manual")
    other = await waiting(house, target, record)
    halt = modify("halt", "pause", target, records={"variable": "who"})
    run = await house.run(where, halt, variables=[holding(record)])
    assert run.output("halt") == {"action": "pause", "found": 2, "asked": 1, "left": {"paused (manual)": 1}}
    row = await house.engine.in_state(other, "paused", reason="automation")
    assert row["lanes"][""]["beneath"] == "delay"
    resume = start("on", target, on={"variable": "who"}, resume_paused=True)
    assert (await house.run(where, resume, variables=[holding(record)])).output("on")["resumed"] == [target, target]
    await house.engine.in_state(by_hand, "paused", reason="delay")
    await house.engine.in_state(other, "paused", reason="delay")


@shows("start_automation", "automations", where=["record"])
async def test_what_is_named_and_is_not_there_is_an_expected_failure_with_its_name(house: House, where: Where) -> None:
    """They obey `on_error`; nothing was started by a step that failed."""
    target, asleep = await house.save("record", variables=[variable("n")]), await house.save("record", active=False)
    on_deal, everywhere = await house.save("pipeline"), await house.save("global")
    archived, gone = await house.put("account", "Old Ltd"), "01890000-0000-7000-8000-000000000000"
    await house.fetch("update records set archived_at = now() where id = $1", UUID(archived))

    def giving(id: str, name: str, value: Any) -> Json:
        return start(id, target, on="this_record", overrides=[{"variable": name, "value": {"static": value}}])

    broken: dict[str, tuple[Json, str, str]] = {
        "a": (start("a", target, "nobody", on="this_record"), "unknown_automation", "nobody"),
        "b": (start("b", asleep, on="this_record"), "automation_inactive", asleep),
        "c": (start("c", target), "record_required", target),
        "d": (start("d", target, on_deal, on="this_record"), "wrong_object", on_deal),
        "e": (start("e", target, on={"field": "nothing"}), "unknown_field", "nothing"),
        "f": (start("f", target, on={"through": [{"object": "ship", "field": "x"}]}), "unknown_object", "ship"),
        "g": (start("g", target, on={"variable": "lost"}), "unknown_variable", "lost"),
        "h": (start("h", target, on={"variable": "one"}), "record_archived", "Old Ltd"),
        "i": (start("i", target, on={"variable": "gone"}), "unknown_record", gone),
        "j": (giving("j", "m", 1), "unknown_variable", "m"),
        "k": (giving("k", "n", "many"), "invalid_field_value", "many"),
        "l": (modify("l", "pause", "nobody"), "unknown_automation", "nobody"),
        "m": (modify("m", "cancel", everywhere), "global_automation", everywhere),
        "n": (modify("n", "start", asleep), "automation_inactive", asleep),
        "o": (modify("o", "cancel", records={"variable": "many"}), "too_many_records", "many"),
        "p": (start("p", target, on={"variable": "many"}), "too_many_records", "many"),
    }  # fmt: skip
    many = [f"01890000-0000-7000-8000-{number:012}" for number in range(101)]
    run = await house.run(
        where,
        *({**step, "on_error": "continue_silently"} for step, _, _ in broken.values()),
        modify("empty", "pause", records={"variable": "gone"}),
        variables=[holding(archived, name="one"), holding(gone, name="gone"), holding(*many, name="many")],
    )
    found = {step["step_id"]: step["error"] for step in run.steps if step["error"]}
    assert {id: error["code"] for id, error in found.items()} == {id: code for id, (_, code, _) in broken.items()}
    for id, (_, _, name) in broken.items():
        assert name in found[id]["sentence"], found[id]["sentence"]
    assert run.output("empty")["found"] == 0
    assert await children(house, run.id) == []


@shows("modify_automation", "include_self", where=["record"])
async def test_an_execution_whose_last_step_cancels_it_is_canceled(house: House, where: Where) -> None:
    run = await house.run(where, modify("end", "cancel", include_self=True), ends="canceled")
    by = f"automation {run.row['api_name']}"
    assert (run.row["cancel_reason"], run.row["reason"]) == ("step", f"canceled by {by}: step end of execution {run.id}")
    [asked] = await house.fetch("select kind, asked_by from execution_requests where execution_id = $1", run.id)
    assert (asked["kind"], asked["asked_by"]) == ("cancel", by)
