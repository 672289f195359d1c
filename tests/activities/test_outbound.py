"""Where steps may connect to: which addresses are public, which names and tricks lead elsewhere, and what is allowed besides."""

import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest

from activities.addresses import kind_of, read_address
from activities.allow_list import AllowList
from activities.outbound import Resolve, guarded_client, resolved
from activities.settings import Settings
from automations.failures import ExpectedFailure
from tests.engine import Engine
from tests.http_server import HttpServer

PUBLIC = [
    "1.1.1.1",
    "8.8.8.8",
    "172.32.0.1",
    "100.128.0.1",
    "223.255.255.254",
    "2606:4700::1111",
    "::ffff:8.8.8.8",
    "64:ff9b::808:808",
]

NOT_PUBLIC = {
    "127.0.0.1": "loopback",
    "127.255.255.254": "loopback",
    "::1": "loopback",
    "::ffff:127.0.0.1": "loopback",
    "::127.0.0.1": "loopback",
    "2002:7f00:1::": "loopback",
    "64:ff9b::7f00:1": "loopback",
    "10.0.0.1": "private",
    "172.16.0.1": "private",
    "172.31.255.255": "private",
    "192.168.1.1": "private",
    "100.64.0.1": "private",
    "::ffff:192.168.1.1": "private",
    "2002:a00:1::": "private",
    "64:ff9b::a00:1": "private",
    "fc00::1": "private",
    "fd12:3456::1": "private",
    "fec0::1": "private",
    "169.254.169.254": "a cloud's metadata",
    "168.63.129.16": "a cloud's metadata",
    "100.100.100.200": "a cloud's metadata",
    "192.0.0.192": "a cloud's metadata",
    "fd00:ec2::254": "a cloud's metadata",
    "fd20:ce::254": "a cloud's metadata",
    "::ffff:169.254.169.254": "a cloud's metadata",
    "64:ff9b::a9fe:a9fe": "a cloud's metadata",
    "169.254.1.1": "link-local",
    "fe80::1": "link-local",
    "fe80::1%eth0": "link-local",
    "0.0.0.0": "unspecified",
    "0.1.2.3": "unspecified",
    "::": "unspecified",
    "224.0.0.1": "multicast",
    "ff02::1": "multicast",
    "255.255.255.255": "broadcast",
    "240.0.0.1": "reserved",
    "192.0.2.1": "reserved",
    "198.18.0.1": "reserved",
    "198.51.100.1": "reserved",
    "203.0.113.1": "reserved",
    "192.88.99.1": "reserved",
    "2001::1": "reserved",
    "2001:db8::1": "reserved",
    "3fff::1": "reserved",
    "5f00::1": "reserved",
    "64:ff9b:1::1": "reserved",
    "100::1": "reserved",
    "2606:4700::1111%eth0": "reserved",
}


@pytest.mark.parametrize("address", PUBLIC)
def test_an_address_of_the_public_is_one(address: str) -> None:
    assert kind_of(read_address(address)) is None


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_an_address_that_is_not_public_is_known_for_what_it_is(address: str) -> None:
    assert kind_of(read_address(address)) == NOT_PUBLIC[address]


@asynccontextmanager
async def client(*allowed: str, resolve: Resolve = resolved) -> AsyncIterator[httpx2.AsyncClient]:
    async with guarded_client(Settings(database_url="unused", http_allow=allowed), resolve) as guarded:
        yield guarded


def answering(*answers: Sequence[str]) -> Resolve:
    """A resolver that gives another answer each time, the last one for ever."""
    left = list(answers)

    async def resolve(host: str, port: int) -> Sequence[str]:
        return left.pop(0) if len(left) > 1 else left[0]

    return resolve


async def refused(http: httpx2.AsyncClient, url: str) -> str:
    """The sentence of the refusal, or what is wrong with the address itself."""
    with pytest.raises((ExpectedFailure, httpx2.InvalidURL, httpx2.ConnectError)) as caught:
        await http.get(url, timeout=5)
    if isinstance(caught.value, ExpectedFailure):
        assert caught.value.code == "address_forbidden"
        return caught.value.sentence
    return type(caught.value).__name__


@pytest.mark.parametrize(
    ("host", "says"),
    [
        ("127.0.0.1", "127.0.0.1 is no public address (loopback)"),
        ("localhost", "localhost is at "),
        ("LOCALHOST", "localhost is at "),
        ("good.example.com@127.0.0.1", "127.0.0.1 is no public address (loopback)"),
        ("user:pass@127.0.0.1", "127.0.0.1 is no public address (loopback)"),
        ("2130706433", "2130706433 is at 127.0.0.1, which is no public address (loopback)"),
        ("0x7f000001", "0x7f000001 is at 127.0.0.1, which"),
        ("0x7f.1", "0x7f.1 is at 127.0.0.1, which"),
        ("0177.1", "0177.1 is at 127.0.0.1, which"),
        ("017700000001", "017700000001 is at 127.0.0.1, which"),
        ("127.1", "127.1 is at 127.0.0.1, which"),
        ("0", "0 is at 0.0.0.0, which is no public address (unspecified)"),
        ("0177.0.0.1", "InvalidURL"),
        ("127\u30020\u30020\u30021", "127.0.0.1 is no public address (loopback)"),
        ("127\uff0e0\uff0e0\uff0e1", "127.0.0.1 is no public address (loopback)"),
        ("[::1]", "::1 is no public address (loopback)"),
        ("[::ffff:127.0.0.1]", "::ffff:127.0.0.1 is at 127.0.0.1, which is no public address (loopback)"),
        ("[::ffff:7f00:1]", "is at 127.0.0.1, which is no public address (loopback)"),
        ("[0:0:0:0:0:0:0:1]", "is no public address (loopback)"),
        ("[64:ff9b::7f00:1]", "64:ff9b::7f00:1 is no public address (loopback)"),
        ("169.254.169.254", "169.254.169.254 is no public address (a cloud's metadata)"),
    ],
)
async def test_no_way_of_writing_it_leads_to_the_machine_itself(http: HttpServer, host: str, says: str) -> None:
    async with client() as guarded:
        assert says in await refused(guarded, f"http://{host}:{http.port}/latest/meta-data")
    assert http.asked == []


@pytest.mark.parametrize(
    "host", ["127.0.0.1.", "[fe80::1%25eth0]", "\u2460\u2461\u2466.\u24ea.\u24ea.\u2460", f"{'a' * 64}.example", "a%00b"]
)
async def test_what_is_no_host_at_all_reaches_nothing_either(http: HttpServer, host: str) -> None:
    async with client() as guarded:
        assert await refused(guarded, f"http://{host}:{http.port}/")
    assert http.asked == []


async def test_a_name_that_stands_for_the_machine_is_refused_by_name_and_address(http: HttpServer) -> None:
    async with client(resolve=answering(["10.1.2.3"])) as guarded:
        said = await refused(guarded, f"https://intranet.example:{http.port}/")
    assert said.startswith("intranet.example is at 10.1.2.3, which is no public address (private): ")


@pytest.mark.parametrize("addresses", [["8.8.8.8", "127.0.0.1"], ["127.0.0.1", "8.8.8.8"], ["2606:4700::1111", "::1"]])
async def test_one_address_that_is_not_public_refuses_the_name(http: HttpServer, addresses: list[str]) -> None:
    async with client(resolve=answering(addresses)) as guarded:
        assert "mixed.example is at" in await refused(guarded, f"http://mixed.example:{http.port}/")
    assert http.asked == []


async def test_a_name_that_changes_its_answer_is_connected_to_at_the_address_that_was_checked(http: HttpServer) -> None:
    """The first answer is allowed, the second one would lead to the server: nobody asks for it."""
    async with client("127.0.0.2", resolve=answering(["127.0.0.2"], ["127.0.0.1"])) as guarded:
        with pytest.raises(httpx2.ConnectError):
            await guarded.get(f"http://rebinding.example:{http.port}/")
        assert "is at 127.0.0.1" in await refused(guarded, f"http://rebinding.example:{http.port}/")
    assert http.asked == []


@pytest.mark.parametrize(
    "allowed",
    [
        "127.0.0.1",
        "127.0.0.0/8",
        "127.0.0.1:{port}",
        "crm.example.internal",
        "CRM.example.internal:{port}",
        "*.example.internal",
        "*.internal:{port}",
        "::/0, 0.0.0.0/0",
    ],
)
async def test_what_is_allowed_is_reached_under_its_own_name(http: HttpServer, allowed: str) -> None:
    entries = [entry.strip() for entry in allowed.format(port=http.port).split(",")]
    async with client(*entries, resolve=answering(["127.0.0.1"])) as guarded:
        assert (await guarded.get(f"http://crm.example.internal:{http.port}/")).status_code == 200
    assert http.asked[0].headers["host"] == f"crm.example.internal:{http.port}"


@pytest.mark.parametrize(
    "allowed",
    [
        "127.0.0.1:1",
        "crm.example.internal:1",
        "example.internal",
        "*.crm.example.internal",
        "ample.internal",
        "10.0.0.0/8",
        "::1",
    ],
)
async def test_what_is_allowed_elsewhere_is_not_allowed_here(http: HttpServer, allowed: str) -> None:
    async with client(allowed, resolve=answering(["127.0.0.1"])) as guarded:
        await refused(guarded, f"http://crm.example.internal:{http.port}/")
    assert http.asked == []


@pytest.mark.parametrize("address", ["169.254.169.254", "fd00:ec2::254", "0.0.0.0", "fe80::1", "255.255.255.255"])
def test_a_name_that_is_allowed_does_not_open_the_way_to_what_only_a_number_may_allow(address: str) -> None:
    named, numbered = AllowList(["crm.example.internal"]), AllowList([address])
    assert not named.holds("crm.example.internal", 80, read_address(address))
    assert numbered.holds("crm.example.internal", 80, read_address(address))


async def test_the_next_address_is_tried_where_one_is_dead(http: HttpServer) -> None:
    async with client("127.0.0.0/8", resolve=answering(["127.0.0.9", "127.0.0.1"])) as guarded:
        assert (await guarded.get(f"http://two.example:{http.port}/")).status_code == 200


async def test_a_host_without_an_address_cannot_be_reached() -> None:
    async def nowhere(host: str, port: int) -> Sequence[str]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    async with client(resolve=nowhere) as guarded:
        with pytest.raises(httpx2.ConnectError, match=r"gone\.example has no address"):
            await guarded.get("http://gone.example/")


async def test_proxies_of_the_environment_are_not_used(http: HttpServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, http.url)
    async with client(resolve=answering(["10.1.2.3"])) as guarded:
        assert "10.1.2.3" in await refused(guarded, "http://intranet.example/")
    assert http.asked == []


async def test_a_cookie_of_one_answer_is_not_sent_with_the_next_call(http: HttpServer) -> None:
    http.answers = [(200, {}, {"Set-Cookie": "session=1; Path=/"})]
    async with client("127.0.0.1") as guarded:
        for _ in range(2):
            await guarded.get(f"{http.url}/")
    assert [asked.headers.get("cookie") for asked in http.asked] == [None, None]


async def test_a_step_that_calls_what_is_forbidden_fails_as_expected_with_nothing_sent(engine: Engine, http: HttpServer) -> None:
    await engine.save(steps=[{"id": "call", "type": "http_request", "url": f"http://[::ffff:169.254.169.254]:{http.port}/"}])
    execution = await engine.start()
    await engine.in_state(execution, "paused", reason="error")
    error = (await engine.steps(execution))[-1]["error"]
    assert (error["code"], http.asked) == ("address_forbidden", [])
    assert "169.254.169.254" in str(error)


def read(monkeypatch: pytest.MonkeyPatch, written: str) -> Any:
    monkeypatch.setenv("EVERSTEP_DATABASE_URL", "unused")
    monkeypatch.setenv("EVERSTEP_HTTP_ALLOW", written)
    return Settings.from_environment().http_allow


@pytest.mark.parametrize(
    ("written", "means"),
    [
        ("", ()),
        ("10.0.0.0/8,127.0.0.1:9000", ("10.0.0.0/8", "127.0.0.1:9000")),
        (" crm.example.internal:8443 , *.example.internal,", ("crm.example.internal:8443", "*.example.internal")),
        ('["fd12::/16", "[::1]:9000"]', ("fd12::/16", "[::1]:9000")),
    ],
)
def test_the_list_is_read_from_the_environment(monkeypatch: pytest.MonkeyPatch, written: str, means: tuple[str, ...]) -> None:
    assert read(monkeypatch, written) == means


@pytest.mark.parametrize(
    "written",
    [
        "http://crm.example",
        "*",
        "10.1.2.3/8",
        "10.0.0.0/33",
        "crm.example:0",
        "crm.example:99999",
        "127.1",
        "0x7f000001",
        "a b",
        "[",
        "[1]",
    ],
)
def test_nonsense_in_the_list_ends_the_start_with_a_sentence(monkeypatch: pytest.MonkeyPatch, written: str) -> None:
    with pytest.raises(SystemExit, match=r"^EVERSTEP_HTTP_ALLOW: "):
        read(monkeypatch, written)
