"""What is kept of a step."""

from activities.writing import OUTPUT_BYTES
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
