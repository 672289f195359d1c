"""Which IP addresses are out in the public, and which are ours, a machine's own, or a cloud's."""

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

INSIDE = frozenset({"loopback", "private"})
"""The kinds that a name may stand for where the deployment allows the name."""

_KINDS: tuple[tuple[str, str], ...] = (
    ("169.254.169.254/32", "a cloud's metadata"),
    ("168.63.129.16/32", "a cloud's metadata"),
    ("100.100.100.200/32", "a cloud's metadata"),
    ("192.0.0.192/32", "a cloud's metadata"),
    ("fd00:ec2::254/128", "a cloud's metadata"),
    ("fd20:ce::254/128", "a cloud's metadata"),
    ("127.0.0.0/8", "loopback"),
    ("::1/128", "loopback"),
    ("10.0.0.0/8", "private"),
    ("172.16.0.0/12", "private"),
    ("192.168.0.0/16", "private"),
    ("100.64.0.0/10", "private"),
    ("fc00::/7", "private"),
    ("fec0::/10", "private"),
    ("169.254.0.0/16", "link-local"),
    ("fe80::/10", "link-local"),
    ("0.0.0.0/8", "unspecified"),
    ("::/128", "unspecified"),
    ("224.0.0.0/4", "multicast"),
    ("ff00::/8", "multicast"),
    ("255.255.255.255/32", "broadcast"),
    ("240.0.0.0/4", "reserved"),
    ("192.0.0.0/24", "reserved"),
    ("192.88.99.0/24", "reserved"),
    ("198.18.0.0/15", "reserved"),
    ("2001::/23", "reserved"),
    ("2001:db8::/32", "reserved"),
    ("3fff::/20", "reserved"),
)
"""Networks and what they are: the first that holds an address says it."""

_NETWORKS: tuple[tuple[Network, str], ...] = tuple((ip_network(network), kind) for network, kind in _KINDS)
_UNICAST = IPv6Network("2000::/3")
"""The only part of IPv6 that is given out to the public."""

_NAT64 = IPv6Network("64:ff9b::/96")
_COMPATIBLE = IPv6Network("::/96")


def read_address(text: str) -> Address:
    """As it is connected to: one of IPv4 that is written as one of IPv6 is one of IPv4. Raises ValueError."""
    address = ip_address(text)
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address


def kind_of(address: Address) -> str | None:
    """What an address is that is not public, such as `loopback`; None if it is."""
    found = next((kind for network, kind in _NETWORKS if address in network), None)
    if found:
        return found
    if isinstance(address, IPv4Address):
        return None if address.is_global else "reserved"
    return _kind_of_ipv6(address)


def _kind_of_ipv6(address: IPv6Address) -> str | None:
    inner = next(filter(None, map(kind_of, _embedded(address))), None)
    if inner:
        return inner
    if address in _NAT64:
        return None
    return None if address in _UNICAST and address.is_global and address.scope_id is None else "reserved"


def _embedded(address: IPv6Address) -> Iterator[IPv4Address]:
    """The addresses of IPv4 that what is sent there ends at, by way of a translator or a tunnel."""
    if address.ipv4_mapped:
        yield address.ipv4_mapped
    if address.sixtofour:
        yield address.sixtofour
    if address in _NAT64 or address in _COMPATIBLE:
        yield IPv4Address(int(address) & 0xFFFF_FFFF)
