"""Why an execution is where it is, in a sentence that can be passed on to a customer, and as facts."""

from automations.executions import TERMINAL_STATES, PauseReason, Request
from automations.explain.ends import explain_end
from automations.explain.facts import Explanation, Facts, FailingTask, LaneFacts
from automations.explain.lanes import explain_lane
from automations.explain.starts import started_by
from automations.explain.words import because, moment, somebody

__all__ = ["Explanation", "Facts", "explain"]

_PEOPLE_FIRST: tuple[PauseReason, ...] = ("condition_error", "error", "automation", "manual", "kill_switch")
"""What waits for somebody, the most urgent first."""


def explain(facts: Facts) -> Explanation:
    """With several lanes the sentence tells of the most urgent one, and the facts have a line for each."""
    found = explain_end(facts) if facts.state in TERMINAL_STATES else _open(facts)
    taken_up = {"restarted_from": str(facts.restarted_from)} if facts.restarted_from else {}
    children = {"restarted_as": [str(id) for id in facts.restarted_as]} if facts.restarted_as else {}
    started = {"started": started_by(facts.trigger, facts.event, facts.zone), "trigger": dict(facts.trigger)}
    return Explanation(found.sentence, {**found.facts, **(started if facts.trigger else {}), **taken_up, **children})


def _open(facts: Facts) -> Explanation:
    lanes = sorted(facts.lanes, key=_urgency)
    told = [explain_lane(lane, facts) for lane in lanes]
    first = told[0]
    sentence, found = first.sentence, {**first.facts, "state": facts.state}
    if len(told) > 1:
        sentence += f" {len(told) - 1} more {'lane is' if len(told) == 2 else 'lanes are'} under way."
        found["lanes"] = [{**each.facts, "sentence": each.sentence} for each in told]
    if facts.request:
        sentence = _requested(facts, facts.request, sentence)
        found["requested"] = facts.request.model_dump(include={"kind", "by", "why"})
    return _failing(facts, facts.failing, Explanation(sentence, found)) if facts.failing else Explanation(sentence, found)


def _failing(facts: Facts, failing: FailingTask, otherwise: Explanation) -> Explanation:
    """What stands in the way of all lanes."""
    since = moment(failing.found_at, facts.zone)
    said = (
        f"The execution cannot go on since {since}: its workflow task failed {failing.attempts} times{because(failing.reason)} "
        "It goes on by itself once workers run a release that mends this; a cancel ends it."
    )
    task = {"attempts": failing.attempts, "reason": failing.reason, "since": failing.found_at.isoformat()}
    return Explanation(f"{said} {otherwise.sentence}", {**otherwise.facts, "failing_task": task})


def _urgency(lane: LaneFacts) -> tuple[int, str]:
    """What waits for a person, then what is to be tried again, what runs, and what just waits."""
    reason, state = lane.standing.pause_reason, lane.standing.state
    if reason in _PEOPLE_FIRST:
        return _PEOPLE_FIRST.index(reason), lane.lane
    return len(_PEOPLE_FIRST) + ("retrying", "active", "paused").index(state), lane.lane


def _requested(facts: Facts, request: Request, sentence: str) -> str:
    asked = facts.last_asked(request.kind)
    at = f" on {moment(asked.at, facts.zone)}" if asked else ""
    said = f"A {request.kind} was asked for by {somebody(request.by)}{at}{because(request.why)}"
    follows = "It ends in a moment." if request.kind == "cancel" else "It takes effect as soon as the running step has finished."
    return f"{said} {follows} {sentence}"
