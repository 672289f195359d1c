"""Random automations whose effects can be counted: what the stateful test runs."""

from collections.abc import Callable

from hypothesis import strategies as st

from tests.builders import Json, change, condition, delay, go_to, goal, request, stop
from tests.workflows.counting import counting

_ENOUGH = 12
"""Visits after which a loop ends by itself: its condition asks the counter."""

SEEN = {"type": "field_updated", "field": "status", "to": "seen"}
"""The event that goals wait for."""

Draw = Callable[[st.SearchStrategy[Json]], Json]


@st.composite
def step_lists(draw: Draw, url: str, depth: int = 2) -> list[Json]:
    """One to four steps, with steps inside them to that depth. Ids are the same from document to document, so that saves meet."""
    return [draw(_step(url, depth)) for _ in range(draw(st.integers(1, 4)))]  # pyright: ignore[reportArgumentType]


def _step(url: str, depth: int) -> st.SearchStrategy[Json]:
    leaves = [
        st.just(counting("count")),
        st.just(counting("count")),
        st.just(change("wrong", gone=1)),
        st.sampled_from(["continue", "continue_silently"]).map(
            lambda on_error: {**change("wrong", gone=1), "on_error": on_error}
        ),
        st.just(delay("wait", days=1)),
        st.just(request("call", url)),
        st.sampled_from(["complete", "cancel", "fail", "pause", "pause_with_error"]).map(lambda action: stop("stop", action)),
    ]
    if depth == 0:
        return st.one_of(leaves)
    inner = step_lists(url, depth - 1)
    asked = {"field": "seats", "op": ">=", "value": 2}
    broken = {"field": "gone", "op": ">=", "value": 2}
    return st.one_of(
        *leaves,
        st.tuples(inner, inner, st.sampled_from([asked, asked, asked, broken])).map(
            lambda parts: condition("ask", parts[0], parts[1], **{"if": parts[2]})
        ),
        st.lists(inner, min_size=1, max_size=3).map(
            lambda lanes: {"id": "fork", "type": "branch", "lanes": [{"steps": steps} for steps in lanes]}
        ),
        st.tuples(inner, inner, st.sampled_from([{}, {"timeout": {"days": 2}}])).map(
            lambda parts: goal("meet", SEEN, met=parts[0], not_met=parts[1], **parts[2])
        ),
        inner.map(_loop),
    )


def _loop(steps: list[Json]) -> Json:
    """Steps that are gone through again until the counter is high enough; what counts is among them."""
    until = {"field": "seats", "op": ">=", "value": _ENOUGH}
    return {"loop": [counting("count"), *steps, condition("enough", [], [go_to("again", "first")], **{"if": until})]}


def documents(url: str) -> st.SearchStrategy[list[Json]]:
    """The steps of an automation, each with an id of its own."""
    return step_lists(url).map(numbered)


def numbered(steps: list[Json]) -> list[Json]:
    return _Numbering().steps(steps)


class _Numbering:
    """Tells steps of the same word apart: `count-1`, `count-2`. A loop's go-to leads to the loop's first step."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}

    def steps(self, steps: list[Json], first: str | None = None) -> list[Json]:
        found: list[Json] = []
        for step in steps:
            if "loop" in step:
                found += self._loop(step["loop"])
            else:
                found.append(self._numbered(step, first))
        return found

    def _loop(self, steps: list[Json]) -> list[Json]:
        head = self._numbered(steps[0], None)
        return [head, *self.steps(steps[1:], head["id"])]

    def _numbered(self, step: Json, first: str | None) -> Json:
        word = step["id"]
        self._counts[word] = self._counts.get(word, 0) + 1
        named = {**step, "id": f"{word}-{self._counts[word]}"}
        if step["type"] == "go_to_step":
            named["step"] = first
        for key in ("if_yes", "if_no", "if_met", "if_not_met"):
            if key in step:
                named[key] = self.steps(step[key], first)
        if "lanes" in step:
            named["lanes"] = [{"steps": self.steps(lane["steps"])} for lane in step["lanes"]]
        return named
