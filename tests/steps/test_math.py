"""Calculations: into variables and fields, exact, rounded as they are told to be, refused where they have no result."""

from typing import Any

from automations.fields import ObjectDefinition
from store.objects import put_object
from tests.builders import Json, math, variable
from tests.steps.house import House, Where
from tests.steps.showing import shows

INTO = {"variable": "total"}
VARIABLES = [
    variable("total", {"static": "1.10"}),
    variable("blank", {"static": ""}),
    variable("word", {"static": "many"}, type="string"),
]


@shows(
    "math", "operation=add", "operation=multiply", "arguments.constant", "arguments.variable", "arguments.negate",
    "arguments.invert", "into.variable", "blank_as", "round.digits", "round.mode=half_even", "round.mode=half_up",
    "round.mode=up", "round.mode=down",
)  # fmt: skip
async def test_numbers_are_added_and_multiplied_exactly_and_rounded_as_it_is_said(house: House, where: Where) -> None:
    def product(id: str, *arguments: Json, **more: Any) -> Json:
        return math(id, *arguments, into=INTO, operation="multiply", **more)

    half = [{"constant": "2.25"}]
    run = await house.run(
        where,
        math("sum", {"variable": "total"}, {"constant": "2.20"}, {"constant": 3, "negate": True}, into=INTO),
        product("third", {"variable": "total"}, {"constant": 100}, {"constant": 9, "invert": True}),
        product("one", {"variable": "total"}, {"constant": "0.3"}, round={"digits": 2}),
        math("blank", {"variable": "blank"}, {"variable": "total"}, into=INTO, blank_as=5),
        *(math(mode, *half, into=INTO, round={"digits": 1, "mode": mode}) for mode in ("half_even", "half_up", "up", "down")),
        variables=VARIABLES,
    )
    found = {step["step_id"]: step["output"].get("result") for step in run.steps if step["step_type"] == "math"}
    assert found == {
        "sum": "0.30", "third": "3.333333333333333333333333333333333", "one": "1.00", "blank": "6", "half_even": "2.2",
        "half_up": "2.3", "up": "2.3", "down": "2.2",
    }  # fmt: skip
    assert run.variables["total"] == "2.2"


async def ledger(house: House) -> str:
    """The name of a new object with a field of each type of number."""
    api_name = house.name("ledger").replace("-", "_")
    fields: list[Json] = [
        {"name": "whole", "type": "integer"}, {"name": "exact", "type": "decimal"},
        {"name": "kept", "type": "decimal", "scale": 1}, {"name": "price", "type": "money"}, {"name": "stars", "type": "rating"},
    ]  # fmt: skip
    async with house.database.transaction() as connection:
        await put_object(connection, ObjectDefinition.model_validate({"api_name": api_name, "name": "Ledger", "fields": fields}))
    return api_name


@shows("math", "arguments.field", "into.field", where=["record"])
async def test_fields_of_each_type_of_number_take_what_fits_them(house: House, where: Where) -> None:
    def into(field: str, *arguments: Json, **more: Any) -> Json:
        step = math(f"{field}-{len(more)}", *arguments, into={"field": field}, operation="multiply", **more)
        return {**step, "on_error": "continue"}

    object = await ledger(house)
    sevenths = [{"field": "whole"}, {"constant": 7, "invert": True}]
    run = await house.run(
        "global",
        into("exact", *sevenths),
        into("kept", *sevenths),
        into("price", *sevenths),
        into("stars", *sevenths),
        into("stars", *sevenths, round={"digits": 0}),
        into("whole", {"field": "price"}, {"constant": 100}),
        object=object,
        record=await house.put(object, None, whole=23),
    )
    assert run.fields == {
        "whole": 329, "exact": "3.285714285714285714285714285714286", "kept": "3.3", "price": "3.29", "stars": 3,
    }  # fmt: skip
    sentence = "stars must be a whole number, but is '3.285714285714285714285714285714286'."
    assert run.error == ("invalid_field_value", sentence)


WRONG: list[tuple[list[Json], Json, str, str]] = [
    ([{"constant": 1}, {"field": "seats", "invert": True}], INTO, "division_by_zero", "The calculation divides by zero."),
    ([{"field": "score"}], INTO, "not_a_number", "Field score is blank, so nothing can be calculated."),
    ([{"variable": "word"}], INTO, "not_a_number", "Variable word is no number, so nothing can be calculated."),
    ([{"variable": "gone"}], INTO, "unknown_variable", "There is no variable gone (any more)."),
    ([{"field": "gone"}], INTO, "unknown_field", "Account has no field gone (any more)."),
    ([{"constant": 1}], {"field": "gone"}, "unknown_field", "Account has no field gone (any more)."),
    ([{"constant": 1}], {"variable": "gone"}, "unknown_variable", "There is no variable gone (any more)."),
    ([{"constant": "1e999999"}] * 2, INTO, "number_too_large", "The calculation comes to a number of more than 38 digits"),
    ([{"constant": "1e19"}], {"field": "seats"}, "invalid_field_value", "seats must be a whole number of at most 64 bits"),
    ([{"constant": 2}], {"field": "country"}, "invalid_field_value", "country must be one of DE, AT, CH, US, but is '2'."),
]


@shows("math", where=["record"])
async def test_a_calculation_without_a_result_that_fits_says_what_is_wrong(house: House, where: Where) -> None:
    steps = [
        {**math(f"s{index}", *arguments, into=into, operation="multiply"), "on_error": "continue"}
        for index, (arguments, into, *_) in enumerate(WRONG)
    ]
    run = await house.run(where, *steps, record=await house.put("account", seats=0), variables=VARIABLES)
    for index, (*_, code, sentence) in enumerate(WRONG):
        error = run.step(f"s{index}")["error"]
        assert (error["code"], error["sentence"][: len(sentence)]) == (code, sentence)
    assert (run.fields, run.variables["total"]) == ({"seats": 0}, "1.1")
