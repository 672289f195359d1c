"""What tests of the gateway ask again and again."""

from typing import Any

import httpx2

LEAD: dict[str, Any] = {
    "api_name": "lead",
    "name": "Lead",
    "fields": [
        {"name": "email", "type": "email"},
        {"name": "seats", "type": "integer"},
        {"name": "note", "type": "longtext"},
        {"name": "account", "type": "relationship", "object": "account"},
    ],
    "stages": ["New", "Won"],
}


async def save_lead(api: httpx2.AsyncClient, **parts: Any) -> httpx2.Response:
    return await api.put("/objects/lead", json=LEAD | parts)


async def create_lead(api: httpx2.AsyncClient, **parts: Any) -> httpx2.Response:
    return await api.post("/objects/lead/records", json={"name": "Ada", **parts})


def refused(response: httpx2.Response, status: int, code: str) -> dict[str, Any]:
    """The problem, which must be one."""
    assert response.headers["content-type"] == "application/problem+json", response.text
    found = response.json()
    assert (response.status_code, found["status"], found["code"]) == (status, status, code), found
    assert found["type"] == f"urn:everstep:problem:{code}"
    assert found["title"]
    assert found["detail"]
    return found
