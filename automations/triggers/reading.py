"""Reading triggers as they are stored, maybe by a newer release than this one."""

from typing import Any

from pydantic import TypeAdapter, ValidationError

from automations.triggers import AnyTrigger, TriggerUnion

_TRIGGER: TypeAdapter[AnyTrigger] = TypeAdapter(TriggerUnion)


def read_trigger(definition: Any) -> AnyTrigger:
    """Raises ValidationError for a type or an option that this release does not know."""
    return _TRIGGER.validate_python(definition)


def is_readable(definition: Any) -> bool:
    try:
        read_trigger(definition)
    except ValidationError:
        return False
    return True


def unreadable(what: str, error: ValidationError) -> str:
    """Why a trigger or an automation waits, and for what."""
    first = error.errors()[0]
    place = ".".join(map(str, first["loc"]))
    found = f", and not {first['input']}" if isinstance(first["input"], str | int) else ""
    said = f"{place}: {first['msg']}{found}" if place else f"{first['msg']}{found}"
    return f"This release cannot read the {what} ({said}): a worker of a newer release takes it up, or save it anew."[:500]
