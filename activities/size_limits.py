"""What an execution and its history keep at most."""

from collections.abc import Iterable, Mapping
from itertools import accumulate
from typing import Any

from activities.results import Result
from activities.services import Services
from activities.situation import Situation
from automations.failures import ExpectedFailure
from store.database import json_bytes

OUTPUT_BYTES = 64 * 1024
"""Kept of one step's output, and of the values that it used."""

_VALUE_BYTES = 4 * 1024
_SHOWN = 1_000
"""Bytes of one value that a step used, and the characters that are kept of one with more."""


def fitting(result: Result, situation: Situation, services: Services) -> Result:
    """Raises ExpectedFailure where the execution has no room for the variables."""
    require_room(situation.variables, result.variables, services.settings.variables_bytes)
    return result


def require_room(variables: Mapping[str, Any], changed: Mapping[str, Any], most: int) -> None:
    """Raises ExpectedFailure `variables_too_large`. What is there already may stay, and may become less."""
    if not changed:
        return
    size = len(json_bytes({**variables, **changed}))
    if size > most and size > len(json_bytes(variables)):
        largest = max(changed, key=lambda name: len(json_bytes(changed[name])))
        sentence = (
            f"The variables of one execution hold {most:,} bytes at most, and with {largest} they would come to {size:,}: "
            "keep only the part of it that later steps need."
        )
        raise ExpectedFailure("variables_too_large", sentence)


def kept_output(output: dict[str, Any]) -> dict[str, Any]:
    size = len(json_bytes(output))
    return output if size <= OUTPUT_BYTES else {"dropped": f"{size} bytes, more than the {OUTPUT_BYTES} that are kept"}


def kept_used(used: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Long values are cut and say so; the last entry says how many more there were."""
    if len(json_bytes(used)) <= _VALUE_BYTES:
        return used
    cut = [{name: _cut(value) for name, value in entry.items()} for entry in used]
    fitting = sum(size <= OUTPUT_BYTES for size in accumulate(_sizes(cut)))
    dropped = len(cut) - fitting
    return [*cut[:fitting], {"dropped": f"{dropped} more values"}] if dropped else cut


def _cut(value: Any) -> Any:
    written = json_bytes(value)
    if len(written) <= _VALUE_BYTES:
        return value
    text = value if isinstance(value, str) else written.decode(errors="replace")
    return f"{text[:_SHOWN]}… [cut: {len(written):,} bytes]"


def _sizes(entries: Iterable[Any]) -> Iterable[int]:
    return (len(json_bytes(entry)) for entry in entries)
