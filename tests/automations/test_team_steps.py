"""What a save says of steps that assign and schedule."""

import pytest

from automations.parsing import parse_document
from tests.automations.objects import OBJECTS
from tests.builders import Json, assign, document, schedule, unschedule, variable

ADA = "ada@example.com"


@pytest.mark.parametrize(
    ("step", "path", "code", "said"),
    [
        (assign("a", "round_robin_role"), "", "invalid_value", "needs role and nothing else"),
        (assign("a", "owner", role="sales"), "", "invalid_value", "needs nothing else"),
        (assign("a", "pilot"), ".how", "invalid_value", "round_robin_all"),
        (assign("a", "employee", employee="ada"), ".employee", "invalid_value", "address"),
        (assign("a", "round_robin_all", through="company"), "", "invalid_value", "Only a field"),
        (assign("a", "employee", employee=ADA, if_assigned="add"), "", "invalid_value", "one owner"),
        (assign("a", "employee", employee=ADA, into="country"), ".into", "not_a_team_selector", "country"),
        (assign("a", "employee", employee=ADA, into="lost"), ".into", "unknown_field", "lost"),
        (assign("a", "field", field="country"), ".field", "not_a_team_selector", "country"),
        (assign("a", "field", field="team", through="country"), ".through", "unknown_field", "country"),
        (assign("a", "variable", variable="seats"), ".variable", "not_a_team_selector", "seats"),
        (schedule("a", "A call"), ".activity_type", "invalid_value", "pattern"),
        (schedule("a", notify=True), "", "invalid_value", "notify needs assign"),
        (schedule("a", due="later"), ".due", "invalid_value", "now, {after"),
        (schedule("a", due={"around": {"field": "country"}}), ".due.around.field", "not_a_moment", "country"),
        (schedule("a", due={"around": {"field": "born", "days": 2}}), ".due.around", "invalid_value", "before and after"),
        (schedule("a", assign={"how": "pilot"}), ".assign", "invalid_value", "There is no how pilot here"),
        (schedule("a", assign={"how": "role"}), ".assign.role", "missing_key", "role"),
        (schedule("a", records="those"), ".records", "invalid_value", "this_record"),
        (schedule("a", into="seats"), ".into", "wrong_type", "uuid is needed"),
        (schedule("a", note="{{ record.lost }}"), ".note", "unknown_reference", "lost"),
        (unschedule("a", records={"field": "country"}), ".records.field", "unknown_field", "country"),
        (unschedule("a", scheduled_by="me"), ".scheduled_by", "invalid_value", "anyone"),
    ],
)
def test_what_does_not_fit_is_refused_by_its_place(step: Json, path: str, code: str, said: str) -> None:
    parsed = parse_document(document(object="lead", steps=[step], variables=[variable("seats")]), OBJECTS)
    [problem] = parsed.problems
    assert (problem.path, problem.code) == (f"steps[0]{path}", code)
    assert said in problem.sentence


@pytest.mark.parametrize(
    ("step", "path"),
    [
        (assign("a", "round_robin_all"), ""),
        (schedule("a"), ".records"),
        (schedule("a", records={"variable": "lead"}, assign={"how": "owner"}), ".assign.how"),
        (schedule("a", records={"variable": "lead"}, due={"around": {"field": "born"}}), ".due.around"),
        (unschedule("a"), ".records"),
        (schedule("a", records={"variable": "lead"}, assign={"how": "round_robin_all"}), None),
        (unschedule("a", records={"variable": "lead"}), None),
    ],
)
def test_without_a_record_they_need_one_from_a_variable(step: Json, path: str | None) -> None:
    parsed = parse_document(document(steps=[step], variables=[variable("lead", {"static": ""}, type="record")]), OBJECTS)
    places = {(problem.path, problem.code) for problem in parsed.problems}
    assert places == (set() if path is None else {(f"steps[0]{path}", "needs_record")})
