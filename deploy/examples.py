"""Puts the examples in: objects, team, templates, leads and automations, all by the API as anybody would."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx2

from automations.reading import read_yaml

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"


class ExampleError(RuntimeError):
    """The API refused an example."""


async def call(client: httpx2.AsyncClient, method: str, path: str, **parts: Any) -> Any:
    """The JSON answer. Raises ExampleError with what the API says."""
    response = await client.request(method, path, **parts)
    if response.status_code >= 400:
        raise ExampleError(f"{method} {path} answered {response.status_code}: {response.text}")
    return response.json()


async def load_examples(client: httpx2.AsyncClient) -> dict[str, str]:
    """The leads' ids by e-mail. What is there already is replaced, except leads, which go on as they are."""
    for definition in _read("objects.yaml"):
        await call(client, "PUT", f"/objects/{definition['api_name']}", json=definition)
    for member in _read("team.yaml"):
        email = member.pop("email")
        await call(client, "PUT", f"/employees/{email}", json=member)
    for template in _read("message-templates.yaml"):
        await call(client, "PUT", f"/message-templates/{template.pop('api_name')}", json=template)
    leads = await _load_leads(client)
    for file in sorted((EXAMPLES / "automations").glob("*.yaml")):
        headers = {"content-type": "application/yaml"}
        await call(client, "PUT", f"/automations/{file.stem}", content=file.read_bytes(), headers=headers)
    return leads


async def _load_leads(client: httpx2.AsyncClient) -> dict[str, str]:
    page = await call(client, "GET", "/objects/lead/records?size=200")
    there = {record["values"].get("email"): record["id"] for record in page["items"]}
    for lead in _read("leads.yaml"):
        if lead["email"] not in there:
            body = {"name": lead.pop("name"), "owner": lead.pop("owner", None), "values": lead}
            there[lead["email"]] = (await call(client, "POST", "/objects/lead/records", json=body))["id"]
    return there


def _read(name: str) -> Any:
    return read_yaml((EXAMPLES / name).read_text(encoding="utf-8"))
