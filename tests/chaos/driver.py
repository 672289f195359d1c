"""Those outside: who orders executions and does not hear back, and the person who answers what waits for one."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import uuid4

import httpx2

from tests.chaos.subjects import CALLED, EMPLOYEE, OBJECT, WEBHOOK, Subject

_AWAY = 503
_RETRY_SECONDS = 0.3
_ROUND_SECONDS = 0.5


class Gateway:
    """The API as a patient caller sees it: a call that got no answer, or a 503, is made again."""

    def __init__(self, client: httpx2.AsyncClient) -> None:
        self._client = client
        self.unanswered = 0
        self.problems: list[str] = []

    async def call(self, method: str, path: str, body: Any = None) -> Any:
        """The JSON answer; None where it was refused."""
        while True:
            try:
                response = await self._client.request(method, path, json=body)
            except httpx2.HTTPError:
                self.unanswered += 1
            else:
                if response.status_code != _AWAY:
                    return self._read(response, f"{method} {path}")
            await asyncio.sleep(_RETRY_SECONDS)

    def _read(self, response: httpx2.Response, call: str) -> Any:
        if response.is_success:
            return response.json()
        if response.status_code != 409:
            self.problems.append(f"{call} answered {response.status_code}: {response.text[:300]}")
        return None


async def set_up(gateway: Gateway, subjects: Sequence[Subject], records: int) -> list[str]:
    """Saves all that the executions need; the ids of the records that they share."""
    await gateway.call("PUT", f"/employees/{EMPLOYEE}", {"name": "Ada Lovelace", "roles": []})
    await gateway.call("PUT", f"/objects/{OBJECT['api_name']}", OBJECT)
    for subject in sorted(subjects, key=lambda subject: len(subject.starts)):
        await gateway.call("PUT", f"/automations/{subject.name}", subject.document())
    path = f"/objects/{OBJECT['api_name']}/records"
    made = [await gateway.call("POST", path, {"name": f"Case {number}", "values": {"hits": 0}}) for number in range(records)]
    return [record["id"] for record in made]


async def order(
    gateway: Gateway, random: Random, subjects: Sequence[Subject], records: Sequence[str], seconds: float
) -> list[str]:
    """Orders an execution of each, some by the webhook and some by hand, over so long; the tokens that they were given."""
    async with asyncio.TaskGroup() as ordering:
        tokens: list[str] = []
        for number, subject in enumerate(subjects):
            tokens.append(f"{subject.name}-{number:03}")
            ordering.create_task(_order(gateway, subject, tokens[-1], random.choice(records), random, seconds))
    return tokens


async def _order(gateway: Gateway, subject: Subject, token: str, record: str, random: Random, seconds: float) -> None:
    by_webhook, wait = random.random() < 0.5, timedelta(seconds=random.uniform(1, 12))
    await asyncio.sleep(random.uniform(0, seconds))
    given = {"token": token, "due": (datetime.now(UTC) + wait).isoformat()}
    if by_webhook:
        await gateway.call("POST", f"/webhooks/{subject.name}/{WEBHOOK}", {"record": record, **given})
    else:
        await gateway.call("POST", f"/automations/{subject.name}/executions", {"record_id": record, "variables": given})


async def answer_what_waits(gateway: Gateway, subjects: Mapping[str, Subject]) -> None:
    """Shortens the waits of the retry ladder, resumes or skips what failed, and does what goals wait for; for ever."""
    while True:
        for execution in (await gateway.call("GET", "/executions?state=retrying&size=200"))["items"]:
            await gateway.call("POST", f"/executions/{execution['id']}/retry")
        for execution in (await gateway.call("GET", "/executions?state=paused&size=200"))["items"]:
            await _answer(gateway, execution, subjects[execution["automation"]])
        await asyncio.sleep(_ROUND_SECONDS)


async def _answer(gateway: Gateway, execution: Any, subject: Subject) -> None:
    match execution["pause_reason"]:
        case "error":
            await gateway.call("POST", f"/executions/{execution['id']}/{subject.answer}")
        case "goal" if execution["waiting_until"] is None:
            await gateway.call("PATCH", f"/records/{execution['record_id']}", {"values": {CALLED: str(uuid4())}})
        case _:
            return
