"""The quiet window of a trigger: the first event fires, those that follow it within the window start nothing, for good."""

from datetime import timedelta
from typing import Annotated

from pydantic import StringConstraints

QuietWindow = Annotated[str, StringConstraints(pattern=r"^(off|[1-9][0-9]{0,4}[smhd])$")]
"""Such as `30s`, `15m`, `12h`, `2d`; or `off`."""

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def quiet_window(of_trigger: str | None, of_automation: str | None) -> timedelta | None:
    """The trigger's own says more than the automation's. None: every event fires."""
    said = of_trigger or of_automation or "off"
    return None if said == "off" else timedelta(**{_UNITS[said[-1]]: int(said[:-1])})
