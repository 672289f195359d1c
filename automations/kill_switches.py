"""Kill switches: what an operator, or a limit, sets to hold executions back or to end them."""

import ipaddress
import re
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Literal, assert_never
from uuid import UUID

from pydantic import BaseModel, ConfigDict

SwitchScope = Literal["all", "automation", "step_type", "host"]
SwitchMode = Literal["hold", "cancel"]

_HOST = re.compile(r"(\*\.)?[^\s*/:@?#\[\]\\%.]+(\.[^\s*/:@?#\[\]\\%.]+)*")
_KINDS: dict[SwitchScope, str] = {"all": "everything", "automation": "automation ", "step_type": "step type ", "host": "host "}


class KillSwitch(BaseModel):
    """Stands until it is lifted. `key` names the automation, step type or host that it is for; it is empty for scope `all`.

    With `created_after` it concerns only executions that were created at that moment or later.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: UUID
    scope: SwitchScope
    key: str = ""
    mode: SwitchMode
    set_by: str
    why: str
    set_at: datetime
    tripped_by: str | None = None
    created_after: datetime | None = None

    @property
    def name(self) -> str:
        return f"kill switch for {_KINDS[self.scope]}{self.key}"

    @property
    def story(self) -> str:
        """Which one, who set it, when and why."""
        return f"the {self.name} (set by {self.set_by} at {self.set_at:%Y-%m-%d %H:%M:%S %Z}: {self.why})"

    @property
    def ends_executions(self) -> bool:
        """Whether it ends whole executions wherever they stand, and not only those that come to a step or a host."""
        return self.mode == "cancel" and self.scope in ("all", "automation")

    def concerns(self, *, automation: str, step_type: str, hosts: Collection[str], created_at: datetime) -> bool:
        if self.created_after and created_at < self.created_after:
            return False
        match self.scope:
            case "all":
                return True
            case "automation":
                return self.key == automation
            case "step_type":
                return self.key == step_type
            case "host":
                return any(_is_host(host, self.key) for host in hosts)
            case _:
                assert_never(self.scope)


def standing_in_the_way(
    switches: Iterable[KillSwitch], *, automation: str, step_type: str, hosts: Collection[str], created_at: datetime
) -> KillSwitch | None:
    """The switch that a step obeys: one that cancels before one that holds, then the oldest."""
    concerning = (
        switch
        for switch in switches
        if switch.concerns(automation=automation, step_type=step_type, hosts=hosts, created_at=created_at)
    )
    return min(concerning, key=lambda switch: (switch.mode != "cancel", switch.set_at, switch.id), default=None)


def refusing_starts(switches: Iterable[KillSwitch], automation: str, created_at: datetime) -> KillSwitch | None:
    """The switch that would end an execution as soon as it is created: there is no point in starting it."""
    found = standing_in_the_way(switches, automation=automation, step_type="", hosts=(), created_at=created_at)
    return found if found and found.ends_executions else None


def holding_starts(switches: Iterable[KillSwitch], automation: str, created_at: datetime) -> KillSwitch | None:
    """The switch that would hold an execution of the automation before its first step, whatever that is."""
    found = standing_in_the_way(switches, automation=automation, step_type="", hosts=(), created_at=created_at)
    return found if found and found.mode == "hold" else None


def canonical_host(text: str) -> str | None:
    """A host name or address as it is compared, or `*.` before a name; None if the text is neither."""
    host = _bare(text)
    if _is_address(host):
        return host
    return host if len(host) <= 253 and _HOST.fullmatch(host) else None


def _is_host(host: str, key: str) -> bool:
    """`*.example.com` is example.com and all that is below it."""
    host, key = _bare(host), _bare(key)
    base = key.removeprefix("*.")
    return host == base or (base != key and host.endswith(f".{base}"))


def _bare(host: str) -> str:
    return host.strip().strip("[]").rstrip(".").lower()


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
