"""What scopes grant, and where they hold."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from automations.access import SCOPES, Access, InvalidScopeError, Place, Scope, read_scope

LEAD = Place(object="lead", automation="demo")
CONTACT = Place(object="contact", automation="other")

WITHIN_OBJECTS = sorted(set(SCOPES) - {"admin"})
WITHIN_AUTOMATIONS = [scope for scope in WITHIN_OBJECTS if scope.startswith(("automations:", "executions:"))]

everywhere = st.sampled_from([*SCOPES, "records:*", "automations:*", "events:*", "executions:*"])
limited = st.one_of(
    st.builds("{}@object/{}".format, st.sampled_from([*WITHIN_OBJECTS, "records:*"]), st.sampled_from(["lead", "contact"])),
    st.builds("{}@automation/{}".format, st.sampled_from(WITHIN_AUTOMATIONS), st.sampled_from(["demo", "other"])),
)
written = st.lists(everywhere | limited, max_size=5)


@pytest.mark.parametrize(
    ("scope", "included"),
    [
        ("automations:edit", {"automations:edit", "automations:view"}),
        ("automations:remove", {"automations:remove", "automations:view"}),
        ("executions:operate", {"executions:operate", "automations:view"}),
        ("records:edit", {"records:edit", "records:view"}),
        ("records:*", {"records:view", "records:edit", "records:remove"}),
        ("events:write", {"events:write"}),
        ("admin", set(SCOPES)),
    ],
)
def test_who_may_change_something_may_see_it(scope: str, included: set[str]) -> None:
    assert read_scope(scope).scopes == included


@pytest.mark.parametrize(
    "wrong",
    [
        "", " ", "record:view", "records", "records:", "records:VIEW", "*", "*:*", "admin:*", "records:view ", "records:view@",
        "records:view@object/", "records:view@object/a b", "records:view@stage/new", "records:view@automation/demo",
        "events:write@automation/demo", "admin@object/lead", "admin@automation/demo", "records:view@object/lead@object/x",
        "records:view\n", "récords:view", "x" * 5000,
    ],
)  # fmt: skip
def test_what_is_no_scope_is_refused_in_a_sentence(wrong: str) -> None:
    with pytest.raises(InvalidScopeError) as error:
        read_scope(wrong)
    assert len(error.value.sentence) < 400
    with pytest.raises(InvalidScopeError):
        Access(["admin", wrong])


def test_a_scope_holds_where_it_is_limited_to_and_nowhere_else() -> None:
    access = Access(["records:edit@object/lead", "executions:operate@automation/demo"])
    assert access.reach("records:view").holds(LEAD)
    assert not access.reach("records:view").holds(CONTACT)
    assert access.reach("executions:operate").holds(LEAD)
    assert not access.reach("executions:operate").holds(CONTACT)
    assert access.reach("automations:view").holds(Place(automation="demo"))
    assert not access.reach("records:remove")
    assert not access.reach("admin")


@pytest.mark.parametrize("scope", WITHIN_OBJECTS)
def test_a_limited_scope_does_not_hold_for_what_belongs_to_nothing(scope: Scope) -> None:
    """Such as a global automation, or an event without a record."""
    assert not Access([f"{scope}@object/lead"]).reach(scope).holds(Place())


@given(written)
def test_admin_covers_every_scope(scopes: list[str]) -> None:
    admin = Access(["admin"])
    assert all(admin.covers(scope) for scope in scopes)


@given(written)
def test_a_key_covers_its_own_scopes(scopes: list[str]) -> None:
    access = Access(scopes)
    assert all(access.covers(scope) for scope in scopes)


@given(written, everywhere | limited, st.sampled_from(SCOPES), st.sampled_from([LEAD, CONTACT, Place(object="lead"), Place()]))
def test_a_key_that_another_may_give_reaches_no_further_than_that_one(
    scopes: list[str], given_away: str, scope: Scope, place: Place
) -> None:
    giver = Access(scopes)
    if giver.covers(given_away) and Access([given_away]).reach(scope).holds(place):
        assert giver.reach(scope).holds(place)


@given(written, everywhere | limited, st.sampled_from(SCOPES), st.sampled_from([LEAD, CONTACT, Place()]))
def test_one_more_scope_takes_nothing_away(scopes: list[str], more: str, scope: Scope, place: Place) -> None:
    if Access(scopes).reach(scope).holds(place):
        assert Access([*scopes, more]).reach(scope).holds(place)


def test_what_is_written_twice_is_kept_once() -> None:
    assert Access(["admin", "events:write", "admin"]).written == ("admin", "events:write")


def test_what_a_key_may_do_is_told_scope_by_scope() -> None:
    told = dict(Access(["records:edit@object/lead", "automations:view"]).reaches())
    assert set(told) == {"records:view", "records:edit", "automations:view"}
    assert told["automations:view"].everywhere
    assert told["records:view"].objects == {"lead"}
