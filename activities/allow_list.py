"""What HTTP steps may reach although it is not public.

    10.0.0.0/8  fd12::/16                  a network
    127.0.0.1  127.0.0.1:9000  [::1]:9000  an address, at every port or at one
    crm.example.internal:8443              a host, at every port or at one
    *.example.internal                     every host below a name

Where a name is allowed, what it stands for may be private or the machine's own; link-local addresses, those of a cloud's
metadata and the like are allowed by their number only.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_network

from activities.addresses import INSIDE, Address, Network, kind_of

_HOST = re.compile(r"(?P<below>\*\.)?(?P<name>(?!-)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*)(?::(?P<port>[0-9]{1,5}))?")
_NUMBER = re.compile(r"(?P<address>[0-9.]+)(?::(?P<port>[0-9]{1,5}))?|\[(?P<six>[0-9a-f:.]+)\](?::(?P<port_of_six>[0-9]{1,5}))?")
_NUMERIC_END = re.compile(r"[0-9]+|0x[0-9a-f]*")


@dataclass(frozen=True)
class _Allowed:
    """Either a network or a host; `below` are the hosts below the name. None: every port."""

    network: Network | None = None
    host: str = ""
    below: bool = False
    port: int | None = None

    def holds(self, host: str, port: int, address: Address) -> bool:
        if self.port not in (None, port):
            return False
        if self.network is not None:
            return address in self.network
        is_named = host.endswith(f".{self.host}") if self.below else host == self.host
        return is_named and kind_of(address) in INSIDE


class AllowList:
    def __init__(self, written: Iterable[str] = ()) -> None:
        """Raises ValueError for what is none of the above."""
        self._allowed = [_read(entry) for entry in written]

    def holds(self, host: str, port: int, address: Address) -> bool:
        """Whether a call of the host may connect to the address."""
        named = host.rstrip(".").lower()
        return any(allowed.holds(named, port, address) for allowed in self._allowed)


def _read(written: str) -> _Allowed:
    entry = written.strip().lower()
    if found := _NUMBER.fullmatch(entry):
        address, port = found["address"] or found["six"], found["port"] or found["port_of_six"]
        return _Allowed(_network(address, written), port=_port(port, written))
    if "/" in entry or entry.count(":") > 1:
        return _Allowed(_network(entry, written))
    found = _HOST.fullmatch(entry)
    if not found or _NUMERIC_END.fullmatch(found["name"].rpartition(".")[2]):
        raise ValueError(f"{written[:100]!r} is no host, host:port, *.domain, address or network such as 10.0.0.0/8")
    return _Allowed(host=found["name"], below=bool(found["below"]), port=_port(found["port"], written))


def _network(text: str, written: str) -> Network:
    try:
        return ip_network(text)
    except ValueError as error:
        raise ValueError(f"{written[:100]!r} is no address or network: {error}") from None


def _port(text: str | None, written: str) -> int | None:
    if text is not None and not 1 <= int(text) <= 65535:
        raise ValueError(f"{written[:100]!r} has no port from 1 to 65535")
    return int(text) if text else None
