"""Automations of quick steps only, of every shape that runs many of them within one workflow task."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from automations.executions import State
from tests.builders import Json, branch, condition, delay, go_to, goal, math, start, stop, update, variable

CHILD = "quick-child"
HIT = "hit"
"""Steps that are named so add one to the record's seats, and nothing else changes the record."""


@dataclass(frozen=True)
class Shape:
    """`visits` says how often each step runs in one execution; None where lanes race each other."""

    name: str
    steps: Sequence[Json]
    visits: Mapping[str, int] | None
    state: State = "completed"
    children: int = 0
    variables: Sequence[Json] = ()

    def document(self) -> Json:
        given = {"steps": list(self.steps), "variables": list(self.variables)}
        return {"api_name": self.name, "object": None if self.name == CHILD else "lead", **given}


def hit(number: int | str) -> Json:
    return math(f"{HIT}{number}", {"field": "seats"}, {"constant": 1}, into={"field": "seats"})


def hits(first: int, last: int) -> list[Json]:
    return [hit(number) for number in range(first, last + 1)]


def _once(*steps: str, hits: int = 0) -> Counter[str]:
    return Counter([*steps, *(f"{HIT}{number}" for number in range(1, hits + 1))])


def _below(seats: int) -> Json:
    return {"if": {"field": "seats", "op": "<", "value": seats}}


def _met(id: str) -> Json:
    """The date is over, so it is met in the moment in which it begins to wait."""
    return goal(id, {"type": "on_or_around_date", "field": "due", "past": "met"})


def shapes() -> list[Shape]:
    return [_straight(), _nested(), _looping(), _looping_lanes(), _over_at_once(), _parent(), _stopped(), _failed(), _child()]


def _straight() -> Shape:
    return Shape("quick-straight", hits(1, 8), _once(hits=8))


def _nested() -> Shape:
    inner = branch("inner", [hit(3)], [hit(4), branch("innermost", [hit(5)], [hit(6)])], [hit(7), hit(8)])
    steps = [hit(1), branch("fork", [hit(2), inner, hit(9)], [hit(10)], hits(11, 13)), hit(14)]
    return Shape("quick-nested", steps, _once("fork", "inner", "innermost", hits=14))


def _looping() -> Shape:
    """Comes to the same branch three times."""
    again = condition("more", [go_to("again", "fork")], **_below(9))
    steps = [branch("fork", [hit(1)], [hit(2)], [hit(3)]), again, hit(4)]
    visits = {"fork": 3, "hit1": 3, "hit2": 3, "hit3": 3, "more": 3, "again": 2, "hit4": 1}
    return Shape("quick-looping", steps, visits)


def _looping_lanes() -> Shape:
    def round(lane: str) -> list[Json]:
        counted = math(f"add-{lane}", {"variable": lane}, {"constant": 1}, into={"variable": lane})
        asked = {"if": {"variable": lane, "op": "<", "value": 3}}
        return [hit(f"-{lane}"), counted, condition(f"more-{lane}", [go_to(f"again-{lane}", f"hit-{lane}")], **asked)]

    lanes = ("left", "right")
    visits = {f"{step}-{lane}": 3 for step in ("hit", "add", "more") for lane in lanes}
    visits |= {f"again-{lane}": 2 for lane in lanes} | {f"v-{lane}": 1 for lane in lanes} | {"fork": 1, "hit1": 1}
    variables = [variable(lane, {"static": 0}) for lane in lanes]
    return Shape("quick-lanes", [branch("fork", *map(round, lanes)), hit(1)], visits, variables=variables)


def _over_at_once() -> Shape:
    past = {"until": {"field": "due"}}
    lanes = [[_met("met"), hit(1)], [delay("gone", **past), hit(2)]]
    steps = [branch("fork", *lanes), _met("last"), delay("over", **past), hit(3)]
    return Shape("quick-waits", steps, _once("fork", "met", "gone", "last", "over", hits=3))


def _parent() -> Shape:
    lanes = [[hit(1), start("one", CHILD)], [start("two", CHILD, CHILD), hit(2)]]
    return Shape("quick-parent", [branch("fork", *lanes), hit(3)], _once("fork", "one", "two", hits=3), children=3)


def _stopped() -> Shape:
    lanes = [[hit(1), stop("enough")], hits(2, 6)]
    return Shape("quick-stopped", [branch("fork", *lanes), hit(7)], None)


def _failed() -> Shape:
    inner = branch("inner", [hit(3)], [hit(4), stop("enough", "fail")])
    return Shape("quick-failed", [branch("fork", hits(1, 2), [inner])], None, state="failed")


def _child() -> Shape:
    steps = [
        branch("fork", [update("a", "n", {"static": 2})], [update("b", "n", {"static": 3})]),
        update("c", "n", {"static": 4}),
    ]
    return Shape(CHILD, steps, _once("v-n", "fork", "a", "b", "c"), variables=[variable("n")])
