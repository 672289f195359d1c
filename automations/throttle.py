"""The quiet window of a trigger: the first event fires, those that follow it within the window start nothing, for good."""

import re
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

_SAID = re.compile(r"off|[1-9][0-9]{0,4}[smhd]")


def _window(raw: object) -> str:
    if isinstance(raw, str) and _SAID.fullmatch(raw):
        return raw
    raise PydanticCustomError("invalid_value", "It is no quiet window such as 30s, 15m, 12h, 2d or off.")


QuietWindow = Annotated[str, BeforeValidator(_window)]
"""Such as `30s`, `15m`, `12h`, `2d`; or `off`."""

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def quiet_window(of_trigger: str | None, of_automation: str | None) -> timedelta | None:
    """The trigger's own says more than the automation's. None: every event fires."""
    said = of_trigger or of_automation or "off"
    return None if said == "off" else timedelta(**{_UNITS[said[-1]]: int(said[:-1])})


def quiet_since(window: str, fired_at: datetime | None) -> str:
    """Why an event within a window such as `15m` starts nothing, with the firing that the window is about."""
    fired = f"at {fired_at:%Y-%m-%d %H:%M:%S} UTC" if fired_at else "less than that away"
    return f"The trigger is quiet for {window} around each time it fires, and it fired {fired}."
