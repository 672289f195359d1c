"""Variables and what is calculated with them."""

from tests.builders import update, variable
from tests.steps.house import House, Where
from tests.steps.showing import shows


@shows("update_variable", "variable", "sources", "how=overwrite", "how=only_if_blank", "how=overwrite_unless_blank")
async def test_a_variable_is_set_anew_or_left_as_it_is(house: House, where: Where) -> None:
    steps = [
        update("over", "full", {"static": "new"}),
        update("blank", "full", {"static": "kept out"}, how="only_if_blank"),
        update("filled", "empty", {"static": "in"}, how="only_if_blank"),
        update("not", "full", {"variable": "none"}, how="overwrite_unless_blank"),
    ]
    variables = [variable(name, {"static": text}, type="string") for name, text in (("full", "old"), ("empty", ""), ("none", ""))]
    run = await house.run(where, *steps, variables=variables)
    assert (run.variables["full"], run.variables["empty"]) == ("new", "in")
