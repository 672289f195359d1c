"""What is wrong with a value, said to people: pydantic speaks to programmers."""

from collections.abc import Mapping
from typing import Any

from automations.error_paths import SENTENCES

_DATE = "It has to be a date, as in 2026-05-31."
_MOMENT = "It has to be a date and time, as in 2026-05-31T09:00:00Z."
_SENTENCES = {
    **SENTENCES,
    "missing": "It is missing.",
    "extra_forbidden": "There is no such key here.",
    "bytes_type": "It has to be a text.",
    "string_unicode": "It has to be a text.",
    "string_pattern_mismatch": "It is not written as it has to be.",
    "date_from_datetime_inexact": _DATE,
    "date_from_datetime_parsing": _DATE,
    "date_parsing": _DATE,
    "date_type": _DATE,
    "datetime_from_date_parsing": _MOMENT,
    "datetime_object_invalid": _MOMENT,
    "datetime_parsing": _MOMENT,
    "datetime_type": _MOMENT,
    "timezone_aware": "It needs a time zone, as in 2026-05-31T09:00:00Z.",
    "time_parsing": "It has to be a time of day, as in 09:00.",
    "enum": "It has to be one of {expected}.",
    "finite_number": "It has to be a finite number.",
    "float_parsing": "It has to be a number.",
    "float_type": "It has to be a number.",
    "greater_than": "It has to be more than {gt}.",
    "less_than": "It has to be less than {lt}.",
    "int_parsing_size": "It has to be a whole number of fewer digits.",
    "uuid_parsing": "It has to be an id (a UUID).",
    "uuid_type": "It has to be an id (a UUID).",
}


def sentence_of(mistake: Mapping[str, Any]) -> str:
    """Of one that pydantic found, or a check of ours that it passed on."""
    kind, location = mistake["type"], mistake["loc"]
    if kind == "missing" and tuple(location) == ("body",):
        return "There is no body."
    if kind in _SENTENCES:
        return _SENTENCES[kind].format(**mistake.get("ctx", {}))
    return _ended(mistake["msg"].removeprefix("Value error, "))


def _ended(said: str) -> str:
    return f"{said[:1].upper()}{said[1:]}".rstrip(".") + "."
