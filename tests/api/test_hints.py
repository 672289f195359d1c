"""What a save says beside mistakes: warnings of what is nearly always a slip, hints of what may be better."""

from typing import Any

import httpx2

DOCUMENT: dict[str, Any] = {
    "api_name": "advised",
    "name": "Advised",
    "triggers": [{"id": "t", "type": "webhook", "name": "form", "auth": "none"}],
    "steps": [{"type": "delay", "days": 1}, {"type": "delay", "days": 2}],
}
SAID = ([("triggers[0].auth", "open_webhook", "warning")], [("steps[1]", "delay_chain", "hint")])


def said(answer: Any) -> Any:
    return tuple([(each["path"], each["code"], each["severity"]) for each in answer[key]] for key in ("warnings", "hints"))


async def test_a_save_brings_hints_apart_from_warnings(api: httpx2.AsyncClient) -> None:
    answer = await api.put("/automations/advised", json=DOCUMENT)
    assert answer.status_code == 201
    assert said(answer.json()) == SAID
    assert said((await api.get("/automations/advised")).json()) == ([], [])


async def test_asking_before_a_save_says_the_same(api: httpx2.AsyncClient) -> None:
    answer = (await api.post("/automations/advised/validate", json=DOCUMENT)).json()
    assert (answer["valid"], said(answer)) == (True, SAID)


async def test_of_a_document_with_mistakes_only_they_are_told(api: httpx2.AsyncClient) -> None:
    broken = {**DOCUMENT, "steps": [*DOCUMENT["steps"], {"type": "go_to_step", "step": "nowhere"}]}
    answer = (await api.post("/automations/advised/validate", json=broken)).json()
    assert (answer["valid"], said(answer)) == (False, ([], []))
    assert [each["code"] for each in answer["problems"]] == ["unknown_step"]
