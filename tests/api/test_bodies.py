import json
from collections.abc import AsyncIterator

import httpx2
import pytest

from tests.api.asking import create_lead, refused, save_lead

JSON = {"content-type": "application/json"}
LIMIT = 1024 * 1024


async def put_business(api: httpx2.AsyncClient, content: bytes | AsyncIterator[bytes]) -> httpx2.Response:
    return await api.put("/business", content=content, headers=JSON)


@pytest.mark.parametrize("content", [b"{", b'{"name": "x",}', b"\xff\xfe", b'"\xed\xa0\x80"', b"[" * 100_000, b"1" * 5_000])
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


async def test_a_value_that_is_no_number_is_no_text_either(api: httpx2.AsyncClient) -> None:
    await save_lead(api)
    body = b'{"name": "Ada", "values": {"seats": NaN, "note": Infinity}}'
    answered = await api.post("/objects/lead/records", content=body, headers=JSON)
    assert len(refused(answered, 422, "invalid_record_values")["errors"]) == 2
    assert (await create_lead(api)).status_code == 201
