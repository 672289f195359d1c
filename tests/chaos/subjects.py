"""The automations that are run, each with what it must come to, however often what carries it was killed."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from automations.executions import State
from tests.builders import Json, change, condition, go_to, goal, mail, math, request, start, stop, update, variable, webhook

_FIELDS = [{"name": "hits", "type": "integer"}, *({"name": name, "type": "text"} for name in ("note", "called", "never"))]
OBJECT = {"api_name": "case", "name": "Case", "fields": _FIELDS}
CALLED = "called"
"""The field that a person sets where a goal waits for it."""
EMPLOYEE = "ada@example.com"
WEBHOOK = "chaos"


@dataclass(frozen=True)
class Subject:
    """`visits` counts the step runs by step and status, `hits` is what one execution adds to its record.

    `answers` is what a person does where it pauses on an error. A subject without a `share` is only started by another.
    """

    name: str
    steps: Sequence[Json]
    visits: Mapping[tuple[str, str], int]
    hits: int
    changes: int = 0
    state: State = "completed"
    variables: Sequence[Json] = ()
    answer: str = "resume"
    priority: str = "regular"
    share: int = 1
    starts: Sequence[str] = field(default=())

    def document(self) -> Json:
        """Every execution knows its token: the name of one order to start it."""
        sources = {"token": "string", "due": "datetime"}
        given = [variable(name, {"webhook": WEBHOOK, "value": name}, type=kind) for name, kind in sources.items()]
        trigger = webhook(name=WEBHOOK, record={"id": "$.record"}, extract={name: f"$.{name}" for name in sources})
        return {
            "api_name": self.name, "name": self.name, "object": "case", "active": True, "priority": self.priority,
            "triggers": [trigger], "variables": [*given, *self.variables], "steps": list(self.steps),
        }  # fmt: skip

    def expected_visits(self) -> Counter[tuple[str, str]]:
        set_first = {(given["id"], "completed"): 1 for given in self.document()["variables"]}
        return Counter(set_first | dict(self.visits))


def hit(id: str) -> Json:
    """Adds one to the record's hits."""
    return math(id, {"field": "hits"}, {"constant": 1}, into={"field": "hits"})


def done(*steps: str) -> dict[tuple[str, str], int]:
    return {(step, "completed"): 1 for step in steps}


def subjects(address: str) -> list[Subject]:
    """`address` is where the system listens that the automations call."""
    return [*_inside(), *_calling(address), *_telling(), *_starting(), *_aiming(), _laned(address)]


def _inside() -> list[Subject]:
    """What only the database sees."""
    turns = condition("more", [go_to("again", "turn")], **{"if": {"variable": "turns", "op": "<", "value": 4}})
    rounds = {(step, "completed"): 4 for step in ("turn", "each", "more")} | {("again", "completed"): 3}
    return [
        Subject(
            "straight",
            [change("mark", note="{{ execution.id }}"), hit("a"), hit("b"), hit("c")],
            done("mark", "a", "b", "c"),
            hits=3,
            changes=1,
        ),
        Subject("waiting", [hit("before"), _wait("wait"), hit("after")], done("before", "wait", "after"), hits=2, share=2),
        Subject(
            "looping",
            [math("turn", {"variable": "turns"}, {"constant": 1}, into={"variable": "turns"}), hit("each"), turns, hit("last")],
            rounds | done("last"),
            hits=5,
            variables=[variable("turns", {"static": 0})],
            priority="low",
        ),
        Subject("failing", [hit("a"), stop("stop", "fail")], done("a", "stop"), hits=1, state="failed"),
    ]


def _calling(address: str) -> list[Subject]:
    """What fails and goes on by itself, and what waits for a person."""
    refused = {("call", "failed"): 1} | done("a")
    return [
        Subject("calling", [hit("a"), _call(f"{address}/flaky"), hit("b")], done("a", "call", "b"), hits=2, share=2),
        Subject(
            "refused",
            [_call(f"{address}/refusing-once/{{{{ execution.id }}}}"), hit("a")],
            refused | done("call"),
            hits=1,
            answer="resume",
        ),
        Subject("passed-over", [_call(f"{address}/refusing"), hit("a")], refused, hits=1, answer="skip"),
    ]


def _telling() -> list[Subject]:
    message = mail("tell", to={"employee": EMPLOYEE}, subject="{{ execution.id }}", body="-")
    return [Subject("telling", [message, hit("a")], done("tell", "a"), hits=1)]


def _starting() -> list[Subject]:
    child = [hit("a"), update("note", "token", {"static": "child"}), hit("b")]
    return [
        Subject("parent", [start("child", "child", on="this_record"), hit("a")], done("child", "a"), hits=1, starts=("child",)),
        Subject("child", child, done("a", "note", "b"), hits=2, share=0),
    ]


def _aiming() -> list[Subject]:
    """One goal that is met, and one that is not in time."""
    paths = {"met": [hit("met")], "not_met": [hit("not-met")]}
    due = {"until": {"variable": "due"}}
    return [
        Subject("aiming", [goal("aim", _changed(CALLED), **paths), hit("a")], done("aim", "met", "a"), hits=2),
        Subject("missing", [goal("aim", _changed("never"), timeout=due, **paths)], done("aim", "not-met"), hits=1),
    ]


def _changed(field: str) -> Json:
    return {"type": "field_updated", "field": field}


def _laned(address: str) -> Subject:
    lanes = {"quick": [hit("a"), hit("b")], "slow": [_wait("wait"), hit("c")], "far": [_call(f"{address}/flaky"), hit("d")]}
    fork = {"id": "fork", "type": "branch", "lanes": [{"name": name, "steps": steps} for name, steps in lanes.items()]}
    visits = done("fork", "a", "b", "wait", "c", "call", "d", "joined")
    return Subject("laned", [fork, hit("joined")], visits, hits=5, share=2)


def _wait(id: str) -> Json:
    return {"id": id, "type": "delay", "until": {"variable": "due"}}


def _call(url: str) -> Json:
    return request("call", url, method="POST", timeout_seconds=10)


def order_of_starts(found: Sequence[Subject], executions: int) -> list[Subject]:
    """Which subject each start is of: by their shares, mixed."""
    turn = [subject for subject in found for _ in range(subject.share)]
    return [turn[number % len(turn)] for number in range(executions)]
