"""What is kept of a step."""

from typing import Any

import pytest
from temporalio.client import Client

from activities.settings import Settings
from activities.size_limits import OUTPUT_BYTES, kept_used, require_room
from automations.failures import ExpectedFailure
from store.database import Database
from tests.builders import update, variable
from tests.engine import Engine

TEXT = [{"id": "v", "name": "text", "type": "string", "sources": [{"static": ""}]}]


async def kept(engine: Engine, length: int) -> tuple[dict[str, str], str]:
    """The output of the step that sets the variable, and the variable."""
    execution = await engine.start(overrides={"text": "x" * length})
    row = await engine.ended(execution)
    return (await engine.steps(execution))[0]["output"], row["variables"]["text"]


async def test_an_output_larger_than_what_is_kept_is_dropped_and_the_step_goes_on(engine: Engine) -> None:
    assert OUTPUT_BYTES == 64 * 1024
    around = len('{"text":""}')
    await engine.save(variables=TEXT, steps=[])
    output, value = await kept(engine, OUTPUT_BYTES - around)
    assert output == {"text": value}
    output, value = await kept(engine, OUTPUT_BYTES - around + 1)
    assert output == {"dropped": "65537 bytes, more than the 65536 that are kept"}
    assert len(value) == OUTPUT_BYTES - around + 1


async def test_a_variable_for_which_there_is_no_room_is_a_failure_that_a_person_mends(
    database: Database, temporal_client: Client, settings: Settings
) -> None:
    settings = settings.model_copy(update={"variables_bytes": 10_000})
    async with Engine(database, temporal_client, settings).working() as engine:
        names = ["one", "two"]
        empty = [variable(name, {"static": ""}, type="string") for name in names]
        steps = [update(f"set-{name}", name, {"static": "x" * 6_000}) for name in names]
        await engine.save(variables=empty, steps=steps)
        execution = await engine.start()
        row = await engine.in_state(execution, "paused", reason="error")
        assert (row["step_id"], row["variables"]["two"]) == ("set-two", None)
        assert "10,000 bytes at most, and with two they would come to 12," in row["reason"]
        assert (await engine.steps(execution))[-1]["error"]["code"] == "variables_too_large"


def test_variables_that_are_too_large_already_may_become_less() -> None:
    large = {"one": "x" * 500, "two": "x" * 500}
    require_room(large, {"two": "x" * 400}, 100)
    require_room(large, {}, 100)
    with pytest.raises(ExpectedFailure):
        require_room(large, {"two": "x" * 600}, 100)


async def test_a_long_value_that_a_step_used_is_cut_in_its_history(engine: Engine) -> None:
    await engine.save(variables=TEXT, steps=[])
    execution = await engine.start(overrides={"text": "x" * 100_000})
    assert (await engine.ended(execution))["variables"]["text"] == "x" * 100_000
    used = (await engine.steps(execution))[0]["used"]
    assert used == [{"ref": "variable text", "found": f"{'x' * 1_000}… [cut: 100,002 bytes]"}]


@pytest.mark.parametrize(
    ("used", "kept"),
    [
        ([], []),
        ([{"ref": "a", "found": 1}], [{"ref": "a", "found": 1}]),
        ([{"ref": "a", "found": ["x" * 5_000]}], [{"ref": "a", "found": f'["{"x" * 998}… [cut: 5,004 bytes]'}]),
    ],
)
def test_values_that_a_step_used_are_kept_as_they_are_unless_they_are_long(used: Any, kept: Any) -> None:
    assert kept_used(used) == kept


def test_no_more_of_the_values_that_a_step_used_is_kept_than_of_its_output() -> None:
    found = kept_used([{"ref": f"field {number}", "found": "x" * 3_000} for number in range(100)])
    assert found[-1] == {"dropped": "79 more values"}
    assert len(found) == 22
