"""What a document means: every code with the smallest document that has it, and a like one that has not."""

import itertools
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from automations.checks import check_document
from automations.document import AutomationDocument
from automations.parsing import parse_document
from tests.builders import (
    Json,
    archive,
    branch,
    change,
    condition,
    create,
    delay,
    document,
    go_to,
    mail,
    manual,
    math,
    modify_related,
    request,
    search,
    start,
    stop,
    tags,
    update,
    variable,
    webhook,
)

from .objects import LEAD, OBJECTS

RECORD = {"email": "$.email"}
Found = set[tuple[str, str]]


def found(**parts: Any) -> Found:
    parsed = parse_document(document(**parts), OBJECTS)
    assert parsed.document is not None, parsed.problems
    assert check_document(parsed.document, OBJECTS) == parsed.problems
    return {(problem.path, problem.code) for problem in parsed.problems}


def of_lead(*steps: Json, **parts: Any) -> Found:
    return found(object="lead", steps=[*steps], **parts)


def of_none(*steps: Json, **parts: Any) -> Found:
    return found(steps=[*steps], **parts)


def ask(id: str = "ask", yes: list[Json] | None = None, no: list[Json] | None = None, **leaf: Any) -> Json:
    return condition(id, yes, no, **{"if": leaf or {"variable": "seats", "op": "is_blank"}})


SEATS = [variable("seats")]
ASKED = ask("maybe", [delay("wait"), go_to("go", "to")])
"""Goes to a step `to`, or on."""


def test_ids_are_unique_among_triggers_variables_and_steps() -> None:
    hook, seats = webhook("same"), variable("seats", id="same")
    steps = [ask("a", [delay("same")], [delay("a")])]
    assert found(triggers=[hook], variables=[seats], steps=steps) == {
        ("variables[0].id", "duplicate_id"),
        ("steps[0].if_yes[0].id", "duplicate_id"),
        ("steps[0].if_no[0].id", "duplicate_id"),
    }


def test_variables_have_names_of_their_own() -> None:
    variables = [variable("seats"), variable("seats", id="other")]
    assert of_none(delay("a"), variables=variables) == {("variables[1].name", "duplicate_variable")}


def test_two_triggers_of_one_sort_are_refused() -> None:
    triggers = [webhook("a"), webhook("b", method="GET"), webhook("c"), webhook("d", "other"), manual("e"), manual("f")]
    assert of_none(delay("z"), triggers=triggers) == {("triggers[2]", "duplicate_trigger"), ("triggers[5]", "duplicate_trigger")}


def test_an_unknown_object_is_the_one_problem_of_all_that_hangs_on_it() -> None:
    steps = [
        ask(field="x", op="="),
        mail("a", subject="{{ record.x.y.z }}"),
        change("b", x=1),
        math("c", {"field": "x"}, into={"field": "y"}),
    ]
    assert found(object="leed", steps=steps) == {("object", "unknown_object")}


def test_a_webhook_says_which_record_is_meant_if_there_is_one() -> None:
    assert of_lead(delay("a"), triggers=[webhook()]) == {("triggers[0].record", "webhook_needs_record")}
    assert of_lead(delay("a"), triggers=[webhook(record=RECORD), manual()]) == set()
    assert of_none(delay("a"), triggers=[webhook(record=RECORD)]) == {("triggers[0].record", "webhook_record_in_global")}
    assert of_none(delay("a"), triggers=[webhook(), manual()]) == set()


def test_an_automation_without_steps_is_warned_of() -> None:
    [problem] = parse_document(document(), OBJECTS).warnings
    assert (problem.path, problem.code) == ("steps", "empty_automation")


@pytest.mark.parametrize(
    ("step", "path"),
    [
        (change("a", status="x"), ""),
        (mail("a"), ".to"),
        (mail("a", to={"field": "team"}), ".to"),
        (start("a", "other", on="this_record"), ".on"),
        (start("a", "other", on={"field": "company"}), ".on"),
    ],
)
def test_what_needs_a_record_is_refused_in_a_global_automation(step: Json, path: str) -> None:
    assert of_none(step) == {(f"steps[0]{path}", "needs_record")}
    assert of_lead(step) == set()


def test_what_needs_no_record_is_at_home_in_a_global_automation() -> None:
    everyone = [mail("a", to={"role": "sales"}), mail("b", to={"employee": "ada@example.org"}), start("c", "other"), request("d")]
    assert of_none(*everyone) == set()


@pytest.mark.parametrize(
    ("leaf", "path", "code"),
    [
        ({"field": "citty", "op": "="}, ".field", "unknown_field"),
        ({"variable": "sets", "op": "is_blank"}, ".variable", "unknown_variable"),
        ({"related": "company.teer", "op": "is_blank"}, ".related", "unknown_field"),
        ({"field": "seats", "op": "contains", "value": 1}, ".op", "unknown_operator"),
        ({"field": "country", "op": "=", "value": "FR"}, ".value", "invalid_filter_value"),
        ({"variable": "seats", "op": ">", "value": "many"}, ".value", "invalid_filter_value"),
    ],
)
def test_conditions_are_checked_as_filters(leaf: Json, path: str, code: str) -> None:
    nested = {"all": [{"any": [{"field": "seats", "op": "is_blank"}, leaf]}]}
    assert of_lead(condition("a", **{"if": nested}), variables=SEATS) == {(f"steps[0].if.all[0].any[1]{path}", code)}


def test_groups_stand_five_deep() -> None:
    leaf: Json = {"field": "seats", "op": "is_blank"}
    for _ in range(6):
        leaf = {"all": [leaf]}
    assert of_lead(condition("a", **{"if": leaf})) == {("steps[0].if" + ".all[0]" * 5, "filter_too_deep")}
    assert of_lead(condition("a", **{"if": leaf["all"][0]})) == set()


HOOK = webhook(record=RECORD, extract={"rows": "$.rows"})


@pytest.mark.parametrize(
    ("source", "key", "code"),
    [
        ({"field": "sets"}, "field", "unknown_field"),
        ({"field": "tier", "through": "kompany"}, "through", "unknown_field"),
        ({"field": "tier", "through": "status"}, "through", "unknown_field"),
        ({"field": "teer", "through": "company"}, "field", "unknown_field"),
        ({"field": "fax", "through": "owner"}, "field", "unknown_field"),
        ({"variable": "sets"}, "variable", "unknown_variable"),
        ({"webhook": "from", "value": "rows"}, "webhook", "unknown_webhook"),
        ({"webhook": "from"}, "webhook", "unknown_webhook"),
        ({"webhook": "form", "value": "columns"}, "value", "unknown_webhook_value"),
        ({"webhook": "form", "raw": True}, "raw", "unknown_webhook_value"),
        ({"static": "many"}, "static", "invalid_variable_value"),
    ],
)
def test_sources_name_what_exists(source: Json, key: str, code: str) -> None:
    more = {"triggers": [HOOK], "variables": SEATS}
    assert of_lead(update("a", "seats", {"static": 1}, source), **more) == {(f"steps[0].sources[1].{key}", code)}


@pytest.mark.parametrize(
    "source",
    [
        {"field": "seats"},
        {"field": "created_at"},
        {"field": "tier", "through": "company"},
        {"field": "name", "through": "company"},
        {"field": "anything", "through": "parent"},
        {"field": "email", "through": "owner"},
        {"field": "email", "through": "team"},
        {"variable": "seats"},
        {"webhook": "form", "value": "rows"},
        {"webhook": "form", "body": True},
        {"webhook": "form", "query": True},
        {"trigger": "time"},
        {"static": "{{ variables.seats }}"},
        {"static": ""},
    ],
)
def test_sources_that_exist_are_no_problem(source: Json) -> None:
    assert of_lead(update("a", "seats", source), triggers=[HOOK], variables=SEATS) == set()


def test_sources_of_changes_and_overrides_are_checked_too() -> None:
    changes = {"id": "a", "type": "change_field_value", "changes": [{"field": "seats", "from": {"variable": "x"}}]}
    begin = start("b", "other", overrides=[{"variable": "theirs", "value": {"field": "x"}}])
    assert of_lead(changes, begin) == {
        ("steps[0].changes[0].from.variable", "unknown_variable"),
        ("steps[1].overrides[0].value.field", "unknown_field"),
    }


def test_a_global_automation_has_no_fields() -> None:
    steps = [
        update("a", "seats", {"field": "seats"}),
        delay("b", until={"field": "born"}),
        math("c", {"field": "seats"}, into={"field": "x"}),
    ]
    assert of_none(*steps, variables=SEATS) == {
        ("steps[0].sources[0].field", "unknown_field"),
        ("steps[1].until.field", "unknown_field"),
        ("steps[2].arguments[0].field", "unknown_field"),
        ("steps[2].into.field", "unknown_field"),
    }


@pytest.mark.parametrize(
    ("changes", "key", "code"),
    [
        ({"field": "citty", "value": 1}, "field", "unknown_field"),
        ({"field": "stage", "value": "Won"}, "field", "unknown_field"),
        ({"field": "country", "value": "FR"}, "value", "invalid_field_value"),
        ({"field": "seats", "value": "many"}, "value", "invalid_field_value"),
        ({"field": "name", "how": "clear"}, "how", "required_field"),
        ({"field": "name", "value": "x" * 256}, "value", "invalid_field_value"),
        ({"field": "topics", "value": ["a", "{{ record.x }}"]}, "value[1]", "unknown_reference"),
        (
            {"field": "country", "from": {"field": "seats"}, "map": [{"from": [1], "to": "FR"}]},
            "map[0].to",
            "invalid_field_value",
        ),
        (
            {"field": "country", "from": {"field": "seats"}, "map": [{"from": [1, "x"], "to": "AT"}]},
            "map[0].from[1]",
            "invalid_map_value",
        ),
        ({"field": "seats", "value": 1, "how": "add"}, "how", "not_a_list"),
        ({"field": "company", "from": {"static": "x"}, "how": "remove"}, "how", "not_a_list"),
        ({"field": "status", "how": "clear"}, "how", "required_field"),
        ({"field": "status", "value": " "}, "value", "required_field"),
    ],
)
def test_a_change_fits_its_field(changes: Json, key: str, code: str) -> None:
    step = {"id": "a", "type": "change_field_value", "changes": [{"field": "country", "value": "DE"}, changes]}
    assert of_lead(step) == {(f"steps[0].changes[1].{key}", code)}


@pytest.mark.parametrize(
    "changes",
    [
        {"field": "seats", "value": "{{ record.seats }}"},
        {"field": "topics", "value": ["crm"], "how": "add"},
        {"field": "topics", "value": "crm", "how": "remove"},
        {"field": "seats", "how": "clear"},
        {"field": "status", "value": "", "how": "overwrite_unless_blank"},
        {"field": "budget", "value": "12.5", "how": "only_if_blank"},
    ],
)
def test_a_change_that_fits_is_no_problem(changes: Json) -> None:
    assert of_lead({"id": "a", "type": "change_field_value", "changes": [changes]}) == set()


def test_tags_are_those_of_a_field_of_tags() -> None:
    assert of_lead(tags("a", add=["x"]), tags("b", remove=["{{ record.status }}"], field="topics")) == set()
    assert of_lead(tags("a", add=["x"], field="status"), tags("b", add=["{{ record.x }}"], field="gone")) == {
        ("steps[0].field", "not_tags"),
        ("steps[1].field", "unknown_field"),
        ("steps[1].add[0]", "unknown_reference"),
    }
    more = [field.model_copy(update={"name": "more"}) for field in LEAD.of_type("tags")]
    for fields, code in (([], "no_tags_field"), ([*LEAD.fields, *more], "several_tag_fields")):
        objects = OBJECTS | {"lead": LEAD.model_copy(update={"fields": fields})}
        parsed = parse_document(document(object="lead", steps=[tags("a", add=["x"])]), objects)
        assert [(problem.path, problem.code) for problem in parsed.problems] == [("steps[0].field", code)]


def test_stages_are_those_of_the_object() -> None:
    numbers = itertools.count()

    def stage(stage: str, **more: Any) -> Json:
        return {"id": f"s-{next(numbers)}", "type": "update_stage", "stage": stage, **more}

    assert of_lead(stage("Won", only_from=["New"]), stage("{{ record.status }}")) == set()
    assert of_lead(stage("Wonn", only_from=["New", "Old"]), stage("{{ record.x }}")) == {
        ("steps[0].stage", "unknown_stage"),
        ("steps[0].only_from[1]", "unknown_stage"),
        ("steps[1].stage", "unknown_reference"),
    }
    assert found(object="account", steps=[stage("Won")]) == {("steps[0]", "needs_stages")}
    assert of_none(stage("Won")) == {("steps[0]", "needs_record")}
    assert of_lead(branch("b", [stage("Won")], [stage("New")])) == {("steps[0].lanes[1].steps[0]", "lanes_write_same")}


def test_math_takes_numbers_only() -> None:
    texts = [variable("seats"), variable("word", type="string"), variable("all", list=True)]
    arguments = [
        {"field": "status"},
        {"field": "budget"},
        {"variable": "word"},
        {"variable": "seats"},
        {"variable": "x"},
        {"field": "stage"},
    ]
    assert of_lead(math("a", *arguments, into={"variable": "all"}), variables=texts) == {
        ("steps[0].arguments[0].field", "not_a_number"),
        ("steps[0].arguments[2].variable", "not_a_number"),
        ("steps[0].arguments[4].variable", "unknown_variable"),
        ("steps[0].arguments[5].field", "not_a_number"),
        ("steps[0].into.variable", "not_a_number"),
    }


def test_a_delay_waits_for_numbers_and_moments() -> None:
    variables = [variable("seats"), variable("due", {"static": "2026-03-01"}, type="date")]
    steps = [
        delay("a", **{"for": {"variable": "due", "unit": "days"}}),
        delay("b", until={"variable": "seats"}),
        delay("c", until={"field": "status"}),
        delay("d", until={"variable": "x"}),
        delay("e", **{"for": {"variable": "seats", "unit": "days"}}),
        delay("f", until={"variable": "due"}),
        delay("g", until={"field": "updated_at"}),
    ]
    assert of_lead(*steps, variables=variables) == {
        ("steps[0].for.variable", "not_a_number"),
        ("steps[1].until.variable", "not_a_moment"),
        ("steps[2].until.field", "not_a_moment"),
        ("steps[3].until.variable", "unknown_variable"),
    }


def test_answers_and_updates_go_into_variables_that_exist() -> None:
    steps = [request("a", into=[{"variable": "seats", "value": "status"}, {"variable": "x", "value": "$.x"}]), update("b", "y")]
    assert of_none(*steps, variables=SEATS) == {
        ("steps[0].into[1].variable", "unknown_variable"),
        ("steps[1].variable", "unknown_variable"),
    }


def test_mail_goes_to_fields_that_name_employees() -> None:
    steps = [mail("a", to={"field": "status"}), mail("b", to={"field": "x"}), mail("c", to={"field": "owner"})]
    assert of_lead(*steps) == {("steps[0].to.field", "not_a_team_selector"), ("steps[1].to.field", "unknown_field")}


def test_an_automation_that_starts_itself_is_warned_of() -> None:
    assert of_lead(start("a", "other", "demo"), start("b", "other", on={"field": "x"})) == {
        ("steps[0].automations[1]", "self_start"),
        ("steps[1].on.field", "unknown_field"),
    }


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{{ record.citty }}", "unknown_reference"),
        ("{{ record.status.length }}", "unknown_reference"),
        ("{{ record.company.teer }}", "unknown_reference"),
        ("{{ record.company[0] }}", "unknown_reference"),
        ("{{ record.owner.fax }}", "unknown_reference"),
        ("{{ record.company.group.name }}", "too_many_hops"),
        ("{{ record['company']['group'].tier }}", "too_many_hops"),
        ("{{ record.parent.what.ever }}", "too_many_hops"),
        ("{{ variables.sets }}", "unknown_reference"),
        ("{{ variables.seats.unit }}", "unknown_reference"),
        ("{{ trigger.values.columns }}", "unknown_reference"),
        ("{{ execution.name }}", "unknown_reference"),
        ("{{ automation.id }}", "unknown_reference"),
        ("{{ business.plan.name }}", "unknown_reference"),
        ("{{ records.name }}", "invalid_template"),
        ("{{ record.name", "invalid_template"),
        ("{% set x = 1 %}", "invalid_template"),
        ("{{ 'a' * 5 }}", "invalid_template"),
    ],
)
def test_texts_name_what_exists(text: str, code: str) -> None:
    more = {"triggers": [HOOK], "variables": SEATS}
    assert of_lead(mail("a", body=f"Dear {text}"), **more) == {("steps[0].body", code)}


GOOD = """{{ record.name }} {{ record.id }} {{ record.company.tier }} {{ record.company.name }} {{ record.owner.email }}
{{ record.topics[0] }} {{ record['status'] | upper }} {{ record.parent.anything }} {{ record[variables.seats] | default('') }}
{{ variables.seats + 1 }} {{ trigger.time }} {{ trigger.values.rows }} {{ trigger.body.any.thing[0] }} {{ execution.id }}
{{ automation.api_name }} {{ business.timezone }} {{ record.company.group }}"""


def test_texts_that_name_what_exists_are_no_problem() -> None:
    assert of_lead(mail("a", body=GOOD), triggers=[HOOK], variables=SEATS) == set()


def test_texts_are_checked_wherever_they_stand() -> None:
    bad = "{{ variables.x }}"
    steps = [
        request("a", bad, headers={"X-A": bad}, json={"a": [1, bad]}),
        change("b", status=bad),
        stop("c", reason=bad),
    ]
    assert of_lead(*steps, variables=[variable("y", {"static": bad})]) == {
        (path, "unknown_reference")
        for path in (
            "variables[0].sources[0].static",
            "steps[0].url",
            "steps[0].headers.X-A",
            "steps[0].json.a[1]",
            "steps[1].changes[0].value",
            "steps[2].reason",
        )
    }


def test_a_global_automation_has_no_record_in_its_texts() -> None:
    assert of_none(request("a", "http://x/{{ record.id }}")) == {("steps[0].url", "unknown_reference")}


def test_variables_use_earlier_ones_only() -> None:
    variables = [
        variable("a", {"variable": "b"}, {"variable": "a"}),
        variable("b", {"variable": "a"}, {"static": "{{ variables.c }}"}),
        variable("c", {"variable": "b"}),
    ]
    assert of_none(delay("z"), variables=variables) == {
        ("variables[0].sources[0].variable", "variable_used_before_set"),
        ("variables[0].sources[1].variable", "variable_used_before_set"),
        ("variables[1].sources[1].static", "variable_used_before_set"),
    }


def test_go_to_leads_to_steps() -> None:
    assert of_none(ask("a", [go_to("b", "nowhere")], [go_to("c", "v-seats")]), variables=SEATS) == {
        ("steps[0].if_yes[0].step", "unknown_step"),
        ("steps[0].if_no[0].step", "go_to_variable"),
    }


@pytest.mark.parametrize("ending", [stop("x"), stop("x", "cancel"), stop("x", "fail"), go_to("x", "z")])
def test_what_no_way_leads_to_is_unreachable(ending: Json) -> None:
    more = {"variables": SEATS}
    assert of_none(ending, delay("y"), delay("z"), **more) >= {("steps[1]", "unreachable_step")}
    assert of_none(ask("a", [ending], [ending | {"id": "x2"}]), delay("y"), delay("z"), **more) >= {
        ("steps[1]", "unreachable_step")
    }
    assert of_none(ask("a", [ending]), delay("y"), delay("z"), **more) == set()


@pytest.mark.parametrize("onward", [stop("x", "pause"), stop("x", "pause_with_error"), stop("x", skip=True), ask("x")])
def test_what_goes_on_leaves_the_rest_reachable(onward: Json) -> None:
    assert of_none(onward, delay("y"), variables=SEATS) == set()


def test_only_the_outermost_unreachable_step_is_told_of() -> None:
    steps = [stop("a"), ask("b", [delay("c"), ask("d", [delay("e")])]), delay("f")]
    assert of_none(*steps, variables=SEATS) == {("steps[1]", "unreachable_step"), ("steps[2]", "unreachable_step")}


def test_a_go_to_into_a_path_makes_what_follows_reachable() -> None:
    steps = [go_to("a", "d"), ask("b", [delay("c")], [delay("d")]), delay("e")]
    assert of_none(*steps, variables=SEATS) == {("steps[1]", "unreachable_step")}


def test_a_loop_without_a_delay_is_warned_of() -> None:
    def loop(*inside: Json) -> Found:
        return of_none(update("first", "seats"), *inside, ask("ask", [go_to("back", "first")]), variables=SEATS)

    warned = {("steps[1].if_yes[0].step", "loop_without_wait")}
    assert loop() == warned
    assert loop(delay("wait")) == set()
    assert loop(stop("wait", "pause")) == set()
    assert of_none(delay("first", skip=True), ask("ask", [go_to("back", "first")]), variables=SEATS) == warned
    assert of_none(go_to("self", "self")) == {("steps[0].step", "loop_without_wait")}


def test_a_loop_with_a_delay_on_one_of_its_ways_only_is_warned_of() -> None:
    steps = [ask("first", [delay("wait")], [update("set", "seats")]), ask("again", [go_to("back", "first")])]
    assert of_none(*steps, variables=SEATS) == {("steps[1].if_yes[0].step", "loop_without_wait")}


def test_a_go_to_forward_is_no_loop() -> None:
    assert of_none(ask("a", [go_to("b", "end")]), update("c", "seats"), delay("end"), variables=SEATS) == set()


@pytest.mark.parametrize(
    "steps",
    [
        [ASKED, branch("b", [delay("c"), delay("to")])],
        [ASKED, branch("b", [delay("c"), ask("d", [delay("to")])])],
        [ASKED, ask("b", [branch("c", [branch("d", [delay("to")])])])],
        [branch("b", [branch("c", [delay("to")]), ASKED])],
    ],
)
def test_a_go_to_leads_into_no_lane(steps: list[Json]) -> None:
    assert {code for _, code in of_none(*steps, variables=SEATS)} == {"go_to_into_lane"}


@pytest.mark.parametrize(
    "steps",
    [
        [branch("b", [ASKED]), delay("to")],
        [ask("a", [delay("to")]), branch("b", [delay("c"), ASKED])],
        [branch("b", [delay("to")], [ASKED])],
        [branch("b", [delay("to")], [branch("c", [ASKED])])],
        [branch("b", [branch("c", [ASKED]), delay("to")])],
        [branch("b", [delay("c"), ask("to", [go_to("x", "b")])])],
        [branch("b", [delay("to")]), branch("c", [ASKED])],
    ],
)
def test_a_go_to_leads_out_of_no_lane(steps: list[Json]) -> None:
    assert {code for _, code in of_none(*steps, variables=SEATS)} == {"go_to_out_of_lane"}


@pytest.mark.parametrize(
    "steps",
    [
        [branch("b", [delay("to"), ASKED])],
        [branch("b", [delay("c")], [ask("d", [delay("to")]), ask("e", [], [ASKED])])],
        [branch("b", [delay("c"), branch("to", [delay("d")]), ASKED])],
        [branch("to", [delay("c")]), ASKED],
        [ASKED, delay("c"), branch("to", [delay("d")])],
    ],
)
def test_a_go_to_leads_anywhere_in_its_own_lane(steps: list[Json]) -> None:
    assert of_none(*steps, variables=SEATS) == set()


def test_a_go_to_across_lanes_names_the_lane_at_its_own_place() -> None:
    parsed = parse_document(document(steps=[branch("b", [delay("c")], right=[delay("d"), go_to("e", "c")]), delay("f")]), OBJECTS)
    [problem] = parsed.problems
    assert (problem.path, problem.code) == ("steps[0].lanes[1].steps[1].step", "go_to_out_of_lane")
    assert "the lane right of b" in problem.sentence


@pytest.mark.parametrize(
    ("one", "other", "name"),
    [
        (change("a", status="x"), change("b", budget=1, status="y"), "field status"),
        (change("a", topics="x"), tags("b", add=["y"]), "field topics"),
        (change("a", seats=1), math("b", {"field": "seats"}, into={"field": "seats"}), "field seats"),
        (update("a", "seats"), math("b", {"constant": 1}, into={"variable": "seats"}), "variable seats"),
        (update("a", "seats"), request("b", into=[{"variable": "seats", "value": "status"}]), "variable seats"),
    ],
)
def test_two_lanes_that_set_the_same_are_warned_of(one: Json, other: Json, name: str) -> None:
    deep = branch("inner", [ask("c", [other])], [delay("d")])
    lanes = branch("fork", [one], [delay("e"), deep], sales=[delay("f")])
    parsed = parse_document(document(object="lead", variables=SEATS, steps=[lanes]), OBJECTS)
    [problem] = parsed.warnings
    place = "steps[0].lanes[1].steps[1].lanes[0].steps[0].if_yes[0]"
    assert parsed.problems == [problem]
    assert (problem.path, problem.code) == (place, "lanes_write_same")
    assert problem.sentence.startswith(f"The lanes 1 and 2 both set the {name}:")


def test_each_further_lane_that_sets_the_same_is_told_of_once() -> None:
    lanes = branch("fork", *([update(f"a{index}", "seats"), update(f"b{index}", "seats")] for index in range(3)))
    assert of_none(lanes, variables=SEATS) == {(f"steps[0].lanes[{index}].steps[0]", "lanes_write_same") for index in (1, 2)}


def test_lanes_that_set_different_things_are_no_problem() -> None:
    skipped = update("e", "seats", skip=True)
    lanes = branch("fork", [change("a", seats=1)], [update("b", "seats"), update("c", "seats")], [skipped, delay("f")])
    assert of_lead(lanes, update("d", "seats"), branch("again", [update("g", "seats")]), variables=SEATS) == set()


@pytest.mark.parametrize("endless", [[stop("x")], [ask("y", [stop("x")], [stop("z")])], [delay("y"), go_to("x", "y")]])
def test_what_follows_a_lane_that_never_ends_is_unreachable(endless: list[Json]) -> None:
    assert of_none(branch("a", [delay("b")], endless), delay("c"), variables=SEATS) == {("steps[1]", "unreachable_step")}
    outer = branch("o", [branch("a", [delay("b")], endless), delay("c")], [delay("d")])
    assert of_none(outer, variables=SEATS) == {("steps[0].lanes[0].steps[1]", "unreachable_step")}


def test_what_follows_a_stop_in_a_lane_is_unreachable_and_the_other_lanes_are_not() -> None:
    lanes = branch("a", [stop("b"), ask("c", [delay("d")])], [delay("e"), delay("f")])
    assert of_none(lanes, variables=SEATS) == {("steps[0].lanes[0].steps[1]", "unreachable_step")}


def test_a_lane_that_may_end_leaves_what_follows_reachable() -> None:
    assert of_none(branch("a", [ask("b", [stop("c")])], [stop("d", "pause")], []), delay("e"), variables=SEATS) == set()


def test_what_an_unread_branch_leads_to_is_not_known_to_be_unreachable() -> None:
    lanes = {"id": "fork", "type": "branch", "lanes": [{"nmae": "x", "steps": [stop("a")]}]}
    problems = parse_document(document(steps=[lanes, delay("b"), go_to("c", "a")]), OBJECTS).problems
    assert [(problem.path, problem.code) for problem in problems] == [("steps[0].lanes[0].nmae", "unknown_key")]


def test_a_loop_around_a_branch_waits_if_one_of_its_lanes_does() -> None:
    def loop(*lanes: list[Json]) -> Found:
        return of_none(branch("first", *lanes), ask("ask", [go_to("back", "first")]), variables=SEATS)

    warned = {("steps[1].if_yes[0].step", "loop_without_wait")}
    assert loop([update("a", "seats")], []) == warned
    assert loop([update("a", "seats")], [delay("b")]) == set()
    assert loop([update("a", "seats")], [ask("b", [delay("c")])]) == warned


def test_a_loop_within_a_lane_is_warned_of() -> None:
    lane = [update("first", "seats"), ask("ask", [go_to("back", "first")])]
    assert of_none(branch("fork", [delay("a")], lane), variables=SEATS) == {
        ("steps[0].lanes[1].steps[1].if_yes[0].step", "loop_without_wait")
    }


def test_steps_in_lanes_are_checked_as_any_other() -> None:
    lane = [
        update("a", "sets"),
        mail("b", subject="{{ record.citty }}"),
        ask("seats", field="citty", op="is_blank"),
        delay("v-seats"),
    ]
    assert of_lead(branch("fork", [delay("c")], lane), variables=SEATS) == {
        ("steps[0].lanes[1].steps[0].variable", "unknown_variable"),
        ("steps[0].lanes[1].steps[1].subject", "unknown_reference"),
        ("steps[0].lanes[1].steps[2].if.field", "unknown_field"),
        ("steps[0].lanes[1].steps[3].id", "duplicate_id"),
    }


def test_steps_on_other_records_are_checked_by_those_records() -> None:
    variables = [variable("one", {"static": ""}, type="record"), variable("seats")]
    made = create(
        "a", "account", "{{ record.citty }}", stage="{{ record.stage }}", into="seats", start=["demo"],
        values=[{"field": "tierr", "value": 1}, {"field": "tier", "value": ["{{ variables.sets }}"]}],
        link={"field": "parent"}, owner={"how": "field", "field": "country"},
    )  # fmt: skip
    changed = modify_related("b", {"through": ["company", "grup"]}, {"field": "x", "value": 1})
    grown = {"field": "tier", "value": 1, "how": "add"}
    related = modify_related("c", {"field": "company"}, {"field": "country", "value": 1}, grown)
    ghost = create("d", "ghost", "x", values=[{"field": "anything", "value": 1}], stage="Any", into="one", into_how="add")
    gone = archive("e", {"variable": "sets"})
    staged = create("f", "lead", "x", stage="Wonn", values=[{"field": "country", "value": "FR"}])
    assert of_lead(made, changed, related, ghost, gone, staged, variables=variables) == {
        ("steps[0].name", "unknown_reference"),
        ("steps[0].values[0].field", "unknown_field"),
        ("steps[0].values[1].value[0]", "unknown_reference"),
        ("steps[0].owner.field", "not_a_team_selector"),
        ("steps[0].link.field", "wrong_object"),
        ("steps[0].into", "not_a_record"),
        ("steps[0].start[0]", "self_start"),
        ("steps[1].records.through[1]", "unknown_field"),
        ("steps[2].changes[0].field", "unknown_field"),
        ("steps[2].changes[1].how", "not_a_list"),
        ("steps[3].object", "unknown_object"),
        ("steps[3].into", "not_a_list"),
        ("steps[4].records.variable", "unknown_variable"),
        ("steps[5].stage", "unknown_stage"),
        ("steps[5].values[0].value", "invalid_field_value"),
    }
    assert of_none(archive("a"), create("b", "account", "x", link={"field": "company"})) == {
        ("steps[0].records", "needs_record"),
        ("steps[1].link", "needs_record"),
    }


def test_the_filter_of_a_search_is_checked_but_for_values_that_are_rendered() -> None:
    asked = [
        {"field": "seats", "op": ">", "value": "{{ variables.seats }}"},
        {"field": "seats", "op": ">", "value": "many"},
        {"field": "country", "op": "is_any_of", "value": ["{{ variables.sets }}"]},
        {"field": "citty", "op": "=", "value": "{{ variables.seats }}"},
        {"field": "seats", "op": "contains", "value": "{{ variables.seats }}"},
    ]
    found = search("a", "lead", filter={"any": asked}, sort=[{"by": "citty"}], into="seats", how="remove")
    assert of_none(found, variables=SEATS) == {
        ("steps[0].filter.any[1].value", "invalid_filter_value"),
        ("steps[0].filter.any[2].value[0]", "unknown_reference"),
        ("steps[0].filter.any[3].field", "unknown_field"),
        ("steps[0].filter.any[4].op", "unknown_operator"),
        ("steps[0].sort[0].by", "unknown_field"),
        ("steps[0].into", "not_a_list"),
    }


def test_steps_of_one_id_do_not_confuse_the_ways() -> None:
    steps = [ask("a", [stop("x")], [stop("x")]), delay("y")]
    assert of_none(*steps, variables=SEATS) == {("steps[0].if_no[0].id", "duplicate_id"), ("steps[1]", "unreachable_step")}


def test_two_thousand_go_to_steps_are_checked_soon() -> None:
    steps = [go_to(f"g{index}", f"g{(index + 1) % 1_000}", skip=True) for index in range(1_000)]
    assert len(of_none(*steps)) == 1_000


@given(st.lists(st.sampled_from("abc"), max_size=6))
def test_checks_answer_alike_for_alike_documents(ids: list[str]) -> None:
    parsed = AutomationDocument.model_validate(document(steps=[delay(id) for id in ids]))
    assert check_document(parsed, OBJECTS) == check_document(parsed, OBJECTS)


def test_every_code_is_documented() -> None:
    root = Path(__file__).parents[2]
    documented = (root / "docs" / "validation.md").read_text()
    sources = [
        *(root / "automations" / "checks").glob("*.py"),
        root / "automations" / "parsing.py",
        root / "automations" / "shape.py",
    ]
    codes = {part.split('"')[0] for path in sources for part in path.read_text().split('code="')[1:]}
    assert len(codes) > 20
    assert [code for code in sorted(codes) if f"`{code}`" not in documented] == []
