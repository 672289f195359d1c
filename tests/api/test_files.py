"""Files: taken as they are or in a form, told of without their content, and given out to be saved."""

from typing import Any

import httpx2
import pytest

from activities.settings import Settings
from deploy.temporal import TemporalDevServer
from tests.api.asking import refused
from tests.fixtures.api import gateway

PICTURE = bytes(range(256))


async def kept(answer: httpx2.Response) -> dict[str, Any]:
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_a_file_comes_in_alone_or_in_a_form_and_out_to_be_saved(api: httpx2.AsyncClient) -> None:
    alone = await kept(
        await api.post("/files?name=..%2Fpläne%2Fplan \u202e1.png", content=PICTURE, headers={"Content-Type": "image/png"})
    )
    form = await kept(await api.post("/files", files={"file": ("plan.html", b"<script>", "text/html; charset=utf-8")}))
    named = [(each["name"], each["media_type"], each["size"]) for each in (alone, form)]
    assert named == [("plan 1.png", "image/png", 256), ("plan.html", "text/html", 8)]
    assert (await api.get(f"/files/{alone['id']}")).json() == alone
    content = await api.get(f"/files/{form['id']}/content")
    headers = ("content-type", "content-disposition", "x-content-type-options", "content-security-policy")
    assert [content.headers[name] for name in headers] == [
        "text/html", "attachment; filename*=UTF-8''plan.html", "nosniff", "default-src 'none'; frame-ancestors 'none'",
    ]  # fmt: skip
    assert (await api.get(f"/files/{alone['id']}/content")).content == PICTURE
    assert (await api.delete(f"/files/{alone['id']}")).status_code == 204
    for path in (f"/files/{alone['id']}", f"/files/{alone['id']}/content"):
        refused(await api.get(path), 404, "file_not_found")
    refused(await api.delete(f"/files/{alone['id']}"), 404, "file_not_found")


async def test_what_comes_in_by_one_idempotency_key_is_kept_once(api: httpx2.AsyncClient) -> None:
    headers = {"Idempotency-Key": "one", "Content-Type": "application/json"}
    first, second = [await kept(await api.post("/files", content=b"not { json \0", headers=headers)) for _ in range(2)]
    assert (first["id"], first["media_type"]) == (second["id"], "application/json")


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        ({"content": b"nothing", "headers": {"Content-Type": "multipart/form-data"}}, 400, "invalid_form"),
        ({"content": b"--x\r\nno", "headers": {"Content-Type": "multipart/form-data; boundary=x"}}, 422, "missing_file"),
        ({"files": {"other": ("a.txt", b"a")}}, 422, "missing_file"),
        ({"data": {"file": "text"}, "files": {"x": ("a", b"")}}, 422, "missing_file"),
        ({"content": b"x" * 2001}, 413, "body_too_large"),
    ],
    ids=["no form", "broken form", "another part", "no file", "too large"],
)
async def test_what_is_no_file_is_refused(
    settings: Settings, temporal: TemporalDevServer, sent: Any, status: int, code: str
) -> None:
    small = settings.model_copy(update={"temporal_address": temporal.address, "file_bytes": 2000})
    async with gateway(small) as api:
        refused(await api.post("/files", **sent), status, code)


async def test_an_unreadable_media_type_is_none(api: httpx2.AsyncClient) -> None:
    for said in ("image", "a b/c", "text/x\x7f", ""):
        found = await kept(await api.post("/files", content=b"x", headers={"Content-Type": said}))
        assert (found["media_type"], found["name"]) == ("application/octet-stream", "file")
