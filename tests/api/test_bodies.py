import json
from collections.abc import AsyncIterator

import httpx2
import pytest

from tests.api.asking import refused, save_lead

JSON = {"content-type": "application/json"}
LIMIT = 1024 * 1024


async def put_business(api: httpx2.AsyncClient, content: bytes | AsyncIterator[bytes]) -> httpx2.Response:
    return await api.put("/business", content=content, headers=JSON)


@pytest.mark.parametrize("content", [b"{", b'{"name": "x",}', b"\xff\xfe", b'"\xed\xa0\x80"', b'{"x": NaN}', b'{"x": -Infinity}'])
async def test_what_is_no_json_is_told_so(content: bytes, api: httpx2.AsyncClient) -> None:
    refused(await put_business(api, content), 400, "invalid_json")


@pytest.mark.parametrize("name", [b"\\u0000", b"\\ud800", b"\\udc00x", b"a\0b"])
async def test_text_that_cannot_be_kept_is_refused(name: bytes, api: httpx2.AsyncClient) -> None:
    body = b'{"name": "' + name + b'", "timezone": "UTC", "locale": "en"}'
    refused(await put_business(api, body), 422, "invalid_text")
    refused(await put_business(api, b'{"' + name + b'": 1}'), 422, "invalid_text")


async def test_escapes_of_ordinary_text_are_taken(api: httpx2.AsyncClient) -> None:
    body = b'{"name": "\\ud83d\\ude00 \\\\u0000 \\u00e4", "timezone": "UTC", "locale": "en"}'
    assert (await put_business(api, body)).json()["name"] == "\U0001f600 \\u0000 ä"


@pytest.mark.parametrize("address", ["/objects/a%00b", "/objects?cursor=%00"])
async def test_an_address_with_a_nul_is_refused(address: str, api: httpx2.AsyncClient) -> None:
    refused(await api.get(address), 422, "invalid_text")


async def test_a_body_may_be_as_large_as_the_limit_and_no_larger(api: httpx2.AsyncClient) -> None:
    await save_lead(api)
    body = json.dumps({"name": "Ada", "values": {"note": "x" * 999_000}}).encode()
    path = "/objects/lead/records"
    assert (await api.post(path, content=body.ljust(LIMIT), headers=JSON)).status_code == 201
    refused(await api.post(path, content=body.ljust(LIMIT + 1), headers=JSON), 413, "body_too_large")


async def test_a_body_without_a_length_is_counted_as_it_comes(api: httpx2.AsyncClient) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < 100 * LIMIT:
            sent += 65_536
            yield b" " * 65_536

    refused(await put_business(api, endless()), 413, "body_too_large")


async def test_a_document_has_a_limit_of_its_own(api: httpx2.AsyncClient) -> None:
    answered = await api.put("/automations/some", content=b" " * (512 * 1024 + 1), headers=JSON)
    refused(answered, 413, "body_too_large")


@pytest.mark.parametrize("deep", [b"[" * 100_000, b"[" * 10_000 + b"]" * 10_000, b'{"x":' * 101 + b"1" + b"}" * 101])
async def test_what_stands_too_deep_is_refused(deep: bytes, api: httpx2.AsyncClient) -> None:
    refused(await put_business(api, deep), 400, "nested_too_deep")


@pytest.mark.parametrize("number", [b"1" * 10_000, b"1e999", b"-1e999", b"0." + b"1" * 10_000])
async def test_numbers_beyond_all_bounds_are_refused(number: bytes, api: httpx2.AsyncClient) -> None:
    found = refused(await put_business(api, b'{"name": ' + number + b"}"), 422, "invalid_number")
    assert len(found["detail"]) < 100


@pytest.mark.parametrize(
    ("content", "path"),
    [
        (b'{"name": "a", "name": "b"}', "name"),
        (b'{"calendar": {"holidays": [{"date": 1}, {"date": 1, "date": 2}]}}', "calendar.holidays[1].date"),
    ],
)
async def test_a_key_that_is_given_twice_is_refused_where_it_stands(content: bytes, path: str, api: httpx2.AsyncClient) -> None:
    found = refused(await put_business(api, content), 400, "duplicate_key")
    assert [error["path"] for error in found["errors"]] == [path]


async def test_a_byte_order_mark_changes_nothing(api: httpx2.AsyncClient) -> None:
    body = b'{"name": "Everstep", "timezone": "UTC", "locale": "en"}'
    assert (await put_business(api, b"\xef\xbb\xbf" + body)).status_code == 200
    refused(await put_business(api, b'\xef\xbb\xbf{"name": "\\u0000"}'), 422, "invalid_text")


@pytest.mark.parametrize("content_type", [None, "text/plain", "application/x-www-form-urlencoded", "application/yaml"])
async def test_a_body_that_does_not_say_that_it_is_json_is_not_guessed_at(
    content_type: str | None, api: httpx2.AsyncClient
) -> None:
    headers = {"content-type": content_type} if content_type else {}
    for path in ("/business", "/automations/some/executions", "/events"):
        method = "PUT" if path == "/business" else "POST"
        answered = await api.request(method, path, content=b'{"name": "x"}', headers=headers)
        refused(answered, 415, "unsupported_media_type")
    refused(
        await api.put("/automations/some", content=b"a: 1", headers={"content-type": "text/html"}), 415, "unsupported_media_type"
    )
