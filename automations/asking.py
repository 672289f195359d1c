"""What a request means to an execution that stands where it stands, perhaps in several lanes at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from automations.executions import TERMINAL_STATES, Request
from automations.transitions import PATHS, Stand, applies, refusal


@dataclass(frozen=True)
class Refused:
    """Why a request is not handed on. `code` never changes; `path` is that of what is wrong with the request."""

    code: Literal[
        "not_applicable", "held_by_kill_switch", "several_steps", "not_there", "whole_execution", "path_needed", "no_such_path",
        "being_canceled", "being_paused",
    ]  # fmt: skip
    sentence: str
    path: str = "state"


def meant(request: Request, whole: Stand, stands: Sequence[Stand]) -> Request | Refused:
    """The request as it is to be handed on: a skip among several lanes names its step.

    `stands` are the open lanes, `whole` is their sum; an unbranched execution has one of them, a finished one too.
    """
    if whole.state in TERMINAL_STATES:
        return _not_applicable(request, whole)
    if request.step is None:
        return _among(request, whole, stands)
    if request.kind in ("pause", "cancel"):
        return Refused("whole_execution", f"A {request.kind} is for the execution as a whole: leave out step.", "step")
    there = [stand for stand in stands if stand.step == request.step]
    if not there:
        steps = ", ".join(sorted(stand.step for stand in stands if stand.step))
        return Refused("not_there", f"The execution does not stand on step {request.step} but on {steps or 'none'}.", "step")
    return _among(request, there[0], there, f"Step {request.step}")


def _among(request: Request, whole: Stand, stands: Sequence[Stand], subject: str = "The execution") -> Request | Refused:
    fit = [stand for stand in stands if applies(request.kind, stand.state, stand.reason)]
    if not fit:
        return _not_applicable(request, _closest(request, whole, stands), subject)
    if request.kind != "skip":
        return request if request.path is None else _pathless(request)
    if len(fit) > 1 and request.path is not None:
        # Only some of them have that path.
        fit = [stand for stand in fit if stand.reason and request.path in PATHS.get(stand.reason, ())] or fit
    if len(fit) > 1:
        steps = ", ".join(sorted(stand.step or "" for stand in fit))
        return Refused("several_steps", f"Several steps could be skipped: say step, one of {steps}.", "step")
    return _skip_of(request, fit[0], is_one_of_several=len(stands) > 1)


def _closest(request: Request, whole: Stand, stands: Sequence[Stand]) -> Stand:
    """What to speak of where no lane fits: a kill switch that holds one rather than what the others do."""
    held = (stand for stand in stands if stand.reason == "kill_switch")
    return next(held, whole) if request.kind in ("resume", "skip") else whole


def _not_applicable(request: Request, stand: Stand, subject: str = "The execution") -> Refused:
    is_held = stand.reason == "kill_switch" and request.kind in ("resume", "skip")
    sentence = (
        refusal(request.kind, stand.state, stand.reason, subject) or f"{subject} is paused by an automation: resume it first."
    )
    return Refused("held_by_kill_switch" if is_held else "not_applicable", sentence)


def _pathless(request: Request, stand: Stand | None = None) -> Refused:
    what = f"Step {stand.step} has one way on" if stand else f"A {request.kind} takes no path"
    return Refused("no_such_path", f"{what}: leave out path.", "path")


def _skip_of(request: Request, stand: Stand, *, is_one_of_several: bool) -> Request | Refused:
    paths = PATHS.get(stand.reason) if stand.reason else None
    if paths and request.path not in paths:
        return Refused("path_needed", f"Step {stand.step} has two ways on: say path, {paths[0]} or {paths[1]}.", "path")
    if not paths and request.path is not None:
        return _pathless(request, stand)
    # Another lane may come to stand on a step that can be skipped before the request is there.
    return request.model_copy(update={"step": stand.step}) if is_one_of_several else request


def lanes_meant(request: Request, lanes: Mapping[str, Stand]) -> list[str]:
    """The lanes whose step runs a request is for; none where it is for the execution as a whole."""
    if request.kind in ("pause", "cancel"):
        return []
    return [
        lane
        for lane, stand in lanes.items()
        if request.step in (None, stand.step) and stand.reason != "manual" and applies(request.kind, stand.state, stand.reason)
    ]
