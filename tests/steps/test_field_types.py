"""Fields of every type, changed by a step: what they take, what it becomes, what they refuse."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, get_args
from uuid import uuid4

from automations.fields import FieldDefinition, ObjectDefinition
from store.objects import put_object
from tests.builders import Json, changes, variable
from tests.steps.house import House, Where
from tests.steps.showing import shows

NOBODY = str(uuid4())


@dataclass(frozen=True)
class Case:
    """A field of the type takes `given`, holds it as `held` (None: as the id in the variable), and says `refuses` of `wrong`."""

    given: Any
    held: Any
    wrong: Any
    refuses: str
    more: Json = field(default_factory=dict[str, Any])
    code: str = "invalid_field_value"


LISTED: Json = {"options": ["low", "high"]}

CASES: Mapping[str, Case] = {
    "text": Case(12, "12", ["a"], "must be text, but is ['a']."),
    "longtext": Case("one\ntwo", "one\ntwo", {"a": 1}, "must be text, but is {'a': 1}."),
    "wysiwyg": Case("<p>Hi {{ record.name }}</p>", "<p>Hi Thing</p>", True, "must be text, but is True."),
    "integer": Case("7.0", 7, "7.5", "must be a whole number, but is '7.5'."),
    "decimal": Case(0.1, "0.1", "many", "must be a number of at most 38 digits, but is 'many'."),
    "money": Case("9.995", "10.00", "9 EUR", "must be a number of at most 38 digits, but is '9 EUR'."),
    "date": Case("2028-02-29", "2028-02-29", "2027-02-29", "must be a date such as 2026-03-01, but is '2027-02-29'."),
    "datetime": Case("2026-03-01T09:00:00+01:00", "2026-03-01T08:00:00Z", "2026-03-01", "must be a date and time with an offset"),
    "yes_no": Case("no", False, "perhaps", "must be true or false, but is 'perhaps'."),
    "yes_no_maybe": Case("Maybe", "maybe", "perhaps", "must be yes, no or maybe, but is 'perhaps'."),
    "checkbox": Case("true", True, 1, "must be true or false, but is 1."),
    "tags": Case([" a ", "b", "a"], ["a", "b"], ["x" * 256], "must be at most 255 characters"),
    "email": Case("Ada@Example.com", "Ada@example.com", "ada@", "must be an email address, but is 'ada@'."),
    "phone": Case("+49 (30) 123-456", "+4930123456", "030 123", "must be a phone number with + and country code"),
    "files": Case("offer.pdf", ["offer.pdf"], [{}], "must be text, but is [{}]."),
    "timezone": Case("Europe/Vienna", "Europe/Vienna", "Vienna", "must be a timezone such as Europe/Berlin, but is 'Vienna'."),
    "dropdown": Case("low", "low", "middle", "must be one of low, high, but is 'middle'.", LISTED),
    "radio": Case("high", "high", "High", "must be one of low, high, but is 'High'.", LISTED),
    "status": Case("low", "low", ["low", "high"], "must be text, but is ['low', 'high'].", LISTED),
    "checkboxes": Case("low", ["low"], ["low", "off"], "must be one of low, high, but is ['low', 'off'].", LISTED),
    "rating": Case("4", 4, 6, "must be a whole number from 1 to 5, but is 6."),
    "relationship": Case(
        "{{ variables.relationship }}", None, NOBODY, "there is no account with the id", {"object": "account"}, "unknown_record"
    ),
    "team_selector": Case(
        ["{{ variables.team_selector }}"], None, NOBODY, "there is no employee with the id", {}, "unknown_employee"
    ),
}


async def thing(house: House) -> str:
    """The name of a new object with two fields of each type: the other one takes what the first one holds."""
    api_name = house.name("thing").replace("-", "_")
    fields = [{"name": f"{kind}{twin}", "type": kind, **case.more} for kind, case in CASES.items() for twin in ("", "_too")]
    async with house.database.transaction() as connection:
        await put_object(connection, ObjectDefinition.model_validate({"api_name": api_name, "name": "Thing", "fields": fields}))
    return api_name


@shows("change_field_value")
async def test_a_field_of_each_type_is_set_copied_and_cleared_and_refuses_what_does_not_fit(house: House, where: Where) -> None:
    object = await thing(house)
    named = {"relationship": await house.put("account"), "team_selector": str((await house.employ())["id"])}
    steps = [
        changes("set", *({"field": kind, "value": case.given} for kind, case in CASES.items())),
        changes("copy", *({"field": f"{kind}_too", "from": {"field": kind}} for kind in CASES)),
        changes("clear", *({"field": kind, "how": "clear"} for kind in CASES)),
        *(
            {**changes(f"wrong-{kind}", {"field": kind, "value": case.wrong}), "on_error": "continue"}
            for kind, case in CASES.items()
        ),
    ]
    variables = [variable(name, {"static": id}, type="string") for name, id in named.items()]
    run = await house.run("global", *steps, object=object, record=await house.put(object, "Thing"), variables=variables)
    held = {kind: [named[kind]] if kind in named else case.held for kind, case in CASES.items()}
    assert run.output("set") == {"changed": held}
    assert run.fields == {f"{kind}_too": value for kind, value in held.items()}
    for kind, case in CASES.items():
        error = run.step(f"wrong-{kind}")["error"]
        assert (error["code"], case.refuses in error["sentence"], kind in error["sentence"]) == (case.code, True, True), error


def test_no_type_is_left_out() -> None:
    models = get_args(get_args(FieldDefinition)[0])
    assert {kind for model in models for kind in get_args(model.model_fields["type"].annotation)} == CASES.keys()
