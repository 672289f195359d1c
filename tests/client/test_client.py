"""The client: what it sends, when it sends again, and what it makes of answers."""

from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from client import Client, ProblemError, UnexpectedAnswerError, UnreachableError, each
from client.models import RequestBody

Handler = Callable[[httpx2.Request], httpx2.Response]
PROBLEM = {"code": "killed", "detail": "No.", "errors": [{"path": "steps[0]", "code": "wrong", "sentence": "It is."}]}


class Gateway:
    """Answers in turn, the last one for ever; keeps what it was sent, and for how long the client slept in between."""

    def __init__(self, *answers: httpx2.Response | Exception) -> None:
        self.answers, self.requests, self.slept = list(answers), list[httpx2.Request](), list[float]()
        http = httpx2.Client(transport=httpx2.MockTransport(self._answer))
        self.client = Client("http://gateway/", "esk_test", http=http, sleep=self.slept.append, retries=2)

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def sent(self, header: str) -> list[str | None]:
        return [request.headers.get(header) for request in self.requests]


def ok(body: Any) -> httpx2.Response:
    return httpx2.Response(200, json=body)


def later(status: int, **headers: str) -> httpx2.Response:
    return httpx2.Response(status, json={"code": "later", "detail": "Later."}, headers={"Retry-After": "3", **headers})


def test_a_call_carries_the_key_and_a_write_can_be_sent_again_without_being_done_twice() -> None:
    gateway = Gateway(later(503), later(429), httpx2.Response(204))
    gateway.client._call("POST", "/x", None)  # pyright: ignore[reportPrivateUsage]
    assert gateway.sent("authorization") == ["Bearer esk_test"] * 3
    [key] = set(gateway.sent("idempotency-key"))
    assert key
    assert gateway.slept == [3, 3]


def test_what_is_refused_for_good_is_not_sent_again() -> None:
    gateway = Gateway(httpx2.Response(409, json=PROBLEM))
    with pytest.raises(ProblemError) as refused:
        gateway.client.pause_execution("1", RequestBody(why="x"))
    assert (refused.value.status, refused.value.code, refused.value.detail) == (409, "killed", "No.")
    assert refused.value.errors[0].path == "steps[0]"
    assert len(gateway.requests) == 1


def test_a_gateway_that_stays_busy_is_given_up() -> None:
    gateway = Gateway(later(429))
    with pytest.raises(ProblemError) as refused:
        gateway.client.get_business()
    assert refused.value.status == 429
    assert len(gateway.requests) == 3


def test_an_answer_of_something_else_is_told_from_a_problem() -> None:
    with pytest.raises(UnexpectedAnswerError, match="Everstep gateway"):
        Gateway(httpx2.Response(200, text="<html>")).client.get_business()
    with pytest.raises(ProblemError) as refused:
        Gateway(httpx2.Response(502, text="<html>")).client.get_business()
    assert refused.value.code == "unknown"


def test_nobody_there_is_named() -> None:
    with pytest.raises(UnreachableError, match="http://gateway"):
        Gateway(httpx2.ConnectError("refused")).client.get_business()


def test_names_and_filters_are_written_as_an_address_needs_them() -> None:
    gateway = Gateway(ok({"items": [], "next_cursor": None}))
    gateway.client.get_bulk_starts("a/b ü", size=3)
    gateway.client.list_executions(state=["paused", "retrying"], open=True)
    paths = [str(request.url) for request in gateway.requests]
    assert paths[0] == "http://gateway/automations/a%2Fb%20%C3%BC/bulk-starts?size=3"
    assert paths[1] == "http://gateway/executions?state=paused&state=retrying&open=true"


def test_a_list_is_read_page_after_page_as_far_as_it_is_wanted() -> None:
    page = {
        "items": [
            {"email": f"{n}@example.com", "name": "n", "roles": [], "active": True, "phone": None, "id": _ID} for n in range(2)
        ]
    }
    gateway = Gateway(ok({**page, "next_cursor": "2"}), ok({**page, "next_cursor": "3"}), ok({**page, "next_cursor": None}))
    assert len(list(each(gateway.client.get_employees, limit=3))) == 3
    assert len(gateway.requests) == 2
    assert gateway.requests[1].url.params["cursor"] == "2"


_ID = "0198a9a0-0000-7000-8000-000000000000"
