"""The HTTP client of steps: it connects to public addresses only, and to what the deployment allows besides.

A host is resolved here, each of its addresses is looked at, and the connection is made to one that was looked at: a name
that answers otherwise a moment later changes nothing. As every connection is made here, each hop of a redirect is checked as
well. Proxies of the environment are not used: they would connect in our place.
"""

import asyncio
import os
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any

import httpcore2
import httpx2

from activities.addresses import Address, kind_of, read_address
from activities.allow_list import AllowList
from activities.settings import Settings
from automations.failures import ExpectedFailure

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""The addresses of a host, in the order in which they are to be tried. Raises OSError if it has none."""

_LIMITS = httpx2.Limits(max_connections=100, max_keepalive_connections=20, keepalive_expiry=5)


async def resolved(host: str, port: int) -> Sequence[str]:
    """As the system resolves it: also `2130706433` and `0x7f.1`, which are 127.0.0.1 to it."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[4][0]) for address in found))


class GuardedBackend(httpcore2.AsyncNetworkBackend):
    """Opens the connections of a pool; to nothing that is not checked."""

    def __init__(self, allow: AllowList, resolve: Resolve = resolved) -> None:
        self._allow, self._resolve = allow, resolve
        self._network: Any = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Raises ExpectedFailure `address_forbidden`, with no connection made."""
        try:
            async with asyncio.timeout(timeout):
                addresses = await self._addresses(host, port)
                self._refuse_what_is_not_public(host, port, addresses)
                return await self._first_that_answers(addresses, port, timeout, local_address, socket_options)
        except TimeoutError as error:
            raise httpcore2.ConnectTimeout(f"{host} took too long to be connected to") from error

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def _addresses(self, host: str, port: int) -> Sequence[Address]:
        try:
            return [read_address(address) for address in await self._resolve(host, port)]
        except UnicodeError as error:
            raise httpx2.InvalidURL(f"{host[:100]} is no host name") from error
        except OSError as error:
            raise httpcore2.ConnectError(f"{host} has no address: {error}") from error

    def _refuse_what_is_not_public(self, host: str, port: int, addresses: Sequence[Address]) -> None:
        """One forbidden address is enough: where a call ends must not be a matter of chance."""
        for address in addresses:
            kind = kind_of(address)
            if kind is not None and not self._allow.holds(host, port, address):
                named = "" if str(address) == host else f" is at {address}, which"
                sentence = f"{host}{named} is no public address ({kind}): steps call it only where the deployment allows it."
                raise ExpectedFailure("address_forbidden", sentence)

    async def _first_that_answers(
        self,
        addresses: Sequence[Address],
        port: int,
        timeout: float | None,
        local_address: str | None,
        socket_options: Iterable[Any] | None,
    ) -> httpcore2.AsyncNetworkStream:
        """Each address has its share of the time, so that one that is dead leaves some to the next."""
        share = timeout / len(addresses) if timeout and addresses else timeout
        failed: Exception = httpcore2.ConnectError("The host has no address.")
        for address in addresses:
            try:
                return await self._network.connect_tcp(str(address), port, share, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failed = error
        raise failed


@cache
def _trusting(*_: str | None) -> ssl.SSLContext:
    """The authorities that are trusted, read once for each setting of them: that takes as long as a hundred calls."""
    return httpx2.create_ssl_context()


class GuardedTransport(httpx2.AsyncHTTPTransport):
    def __init__(self, backend: GuardedBackend) -> None:
        context = _trusting(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))
        super().__init__(verify=context)
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=context,
            max_connections=_LIMITS.max_connections,
            max_keepalive_connections=_LIMITS.max_keepalive_connections,
            keepalive_expiry=_LIMITS.keepalive_expiry,
            network_backend=backend,
        )


def guarded_client(settings: Settings, resolve: Resolve = resolved) -> httpx2.AsyncClient:
    """For what steps call. TLS is checked against the name that is called, not against the address.

    It keeps no cookies: those that one execution is given are not for the next.
    """
    backend = GuardedBackend(AllowList(settings.http_allow), resolve)
    no_cookies = CookieJar(DefaultCookiePolicy(allowed_domains=()))
    return httpx2.AsyncClient(transport=GuardedTransport(backend), cookies=no_cookies, trust_env=False, follow_redirects=False)
