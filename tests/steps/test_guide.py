"""docs/steps.md is what models and tests say, and no option goes untested."""

from tests.steps.guide import GUIDE, gathered, guide, missing


def test_each_option_of_each_step_type_is_shown_by_a_test_in_a_real_execution() -> None:
    assert missing(gathered()) == []


def test_the_table_of_steps_is_up_to_date() -> None:
    assert GUIDE.read_text(encoding="utf-8") == guide(gathered()), "`make docs` writes it anew"
