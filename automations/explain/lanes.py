"""Why a lane is where it is."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, assert_never, get_args

from automations.executions import PauseReason, RequestKind
from automations.explain.facts import Explanation, Facts, LaneFacts
from automations.explain.words import because, capital, moment, somebody, step_facts, step_in_words, told
from automations.lanes import MAIN
from automations.nesting import configuration
from automations.retries import MAX_ATTEMPTS
from automations.steps.goals import AwaitingStep
from automations.transitions import PATHS, applies

Said = tuple[str, dict[str, Any]]


def explain_lane(lane: LaneFacts, facts: Facts) -> Explanation:
    """Of an open execution. Without further lanes this is the whole explanation."""
    standing = lane.standing
    sentence, found = _of_state(lane, facts)
    kinds: tuple[RequestKind, ...] = get_args(RequestKind)
    return Explanation(
        capital(sentence),
        {
            "lane": lane.lane, "state": standing.state, "pause_reason": standing.pause_reason,
            **step_facts(standing.step, lane.step), **found,
            "can": [kind for kind in kinds if applies(kind, standing.state, standing.asked_as)],
        },
    )  # fmt: skip


def _of_state(lane: LaneFacts, facts: Facts) -> Said:
    match lane.standing.state:
        case "active":
            return _active(lane, facts)
        case "retrying":
            return _retrying(lane, facts)
        case "paused":
            return _paused(lane, facts, lane.standing.pause_reason or "manual")
        case _:
            assert_never(lane.standing.state)


def _paused(lane: LaneFacts, facts: Facts, reason: PauseReason) -> Said:
    match reason:
        case "delay":
            return _delay(lane, facts)
        case "goal":
            return _goal(lane, facts)
        case "error":
            return _error(lane, facts)
        case "condition_error":
            return _undecided(lane, facts)
        case "manual":
            return _on_request(lane, facts)
        case "automation":
            return _on_request(lane, facts) if lane.standing.over else _by_step(lane, facts)
        case "kill_switch":
            return _switched(lane, facts)
        case _:
            assert_never(reason)


def _subject(lane: LaneFacts) -> str:
    return "the execution" if lane.lane == MAIN else f"lane {lane.lane}"


def _step(lane: LaneFacts) -> str:
    return step_in_words(lane.standing.step, lane.step)


def _since(lane: LaneFacts, facts: Facts) -> datetime:
    """A pause begins where its step run ended or began to wait; else nothing newer is known than the last change."""
    run = lane.run
    return (run.finished_at or run.started_at) if run else facts.updated_at


def _active(lane: LaneFacts, facts: Facts) -> Said:
    run, subject = lane.run, _subject(lane)
    if not facts.workflow_started:
        since = moment(facts.created_at, facts.zone)
        return f"{subject} is queued since {since}; it begins as soon as a worker takes it.", _when(since=facts.created_at)
    if lane.standing.step is None:
        return f"{subject} has no step left to run and is about to end.", _when(since=facts.updated_at)
    if run and run.status == "running":
        again = f", attempt {run.attempt} of {MAX_ATTEMPTS}" if run.attempt > 1 else ""
        since = moment(run.started_at, facts.zone)
        return f"{subject} is running {_step(lane)} since {since}{again}.", {
            **_when(since=run.started_at),
            "attempt": run.attempt,
        }
    since = moment(facts.updated_at, facts.zone)
    return f"{_step(lane)} is next since {since}; it runs as soon as a worker is free.", _when(since=facts.updated_at)


def _retrying(lane: LaneFacts, facts: Facts) -> Said:
    standing = lane.standing
    code, sentence = _problem(lane)
    at = f" follows on {moment(standing.retry_at, facts.zone)}" if standing.retry_at else " follows"
    said = f"{_step(lane)} failed: {told(sentence)} Attempt {standing.attempt} of {MAX_ATTEMPTS}{at}; retry makes it at once."
    found = {"attempt": standing.attempt, "attempts": MAX_ATTEMPTS, "code": code, "problem": sentence}
    return said, {**found, **_when(retry_at=standing.retry_at)}


def _delay(lane: LaneFacts, facts: Facts) -> Said:
    until = lane.standing.waiting_until
    moment_of_end = f" until {moment(until, facts.zone)}" if until else ""
    given = [each.get("found") for each in lane.run.used if each.get("ref") == "delay"] if lane.run else []
    found = {"timezone": facts.zone.key, "given": given[0] if given else None}
    said = f"{_subject(lane)} waits{moment_of_end} at {_step(lane)}.{_moved_in_words(lane, facts)}"
    return said, {**found, **_when(since=_since(lane, facts), until=until), **_local(until, facts), **_moved(lane)}


def _goal(lane: LaneFacts, facts: Facts) -> Said:
    until, limit = lane.standing.waiting_until, _time_limit(lane)
    patience = f"until {moment(limit, facts.zone)} at the latest" if limit else "for as long as it takes"
    dates = _dates_in_words(lane, facts)
    moved = "" if dates and until != limit else _moved_in_words(lane, facts)
    awaited = lane.step.awaits(_step(lane)) if isinstance(lane.step, AwaitingStep) else f"what {_step(lane)} names to happen"
    said = f"{_subject(lane)} waits {patience} for {awaited}.{moved}{dates}"
    shown = configuration(lane.step) if lane.step else {}
    found = {"triggers": shown.get("triggers"), "timeout": shown.get("timeout"), "timezone": facts.zone.key}
    if lane.run and "moments" in lane.run.output:
        found |= {"moments": _dates(lane), **_when(timeout_at=limit)}
    return said, {**found, **_when(since=_since(lane, facts), until=until), **_local(until, facts), **_moved(lane)}


def _time_limit(lane: LaneFacts) -> datetime | None:
    """When the time of a goal is up. One that waits for dates may look at its record before that."""
    output: Mapping[str, Any] = lane.run.output if lane.run else {}
    if "timeout" not in output:
        return lane.standing.waiting_until
    return datetime.fromisoformat(output["timeout"]) if output["timeout"] else None


def _dates(lane: LaneFacts) -> list[dict[str, Any]]:
    """What the dates that a goal waits for come to: [{"trigger", "at", "moved"}], the earliest first."""
    return list(lane.run.output.get("moments", ())) if lane.run else []


def _dates_in_words(lane: LaneFacts, facts: Facts) -> str:
    dates = [_date_in_words(each, facts) for each in _dates(lane)]
    return f" The {'date it looks at is' if len(dates) == 1 else 'dates it looks at are'} {'; '.join(dates)}." if dates else ""


def _date_in_words(date: dict[str, Any], facts: Facts) -> str:
    moved = date.get("moved")
    planned = f", moved from {moment(datetime.fromisoformat(moved['from']), facts.zone)}" if moved else ""
    why = f" as that is no working day: {moved['passed'][0]['why']}" if moved else ""
    return f"{moment(datetime.fromisoformat(date['at']), facts.zone)} ({date['trigger']}{planned}{why})"


def _moved(lane: LaneFacts) -> dict[str, Any]:
    """What moved the end of a wait to a working day: {"moved": {"from", "passed": [{"date", "why"}]}}, if anything did."""
    moved = lane.run.output.get("moved") if lane.run else None
    return {"moved": moved} if moved else {}


def _moved_in_words(lane: LaneFacts, facts: Facts) -> str:
    moved = _moved(lane).get("moved")
    if not moved:
        return ""
    planned, whys = moment(datetime.fromisoformat(moved["from"]), facts.zone), [day["why"] for day in moved["passed"]]
    return f" It was moved there from {planned}, which is no working day ({whys[0]})."


def _error(lane: LaneFacts, facts: Facts) -> Said:
    since = _since(lane, facts)
    code, sentence = _problem(lane)
    found = {**_when(since=since), "code": code, "problem": sentence, "attempts": lane.run.attempt if lane.run else None}
    if lane.run and lane.run.error is None:
        said = f"{_step(lane)} stopped {_subject(lane)} with an error on {moment(since, facts.zone)}: {told(sentence)}"
        return f"{said} Resume it to go on after the step, or cancel it.", found
    said = f"{_subject(lane)} is paused since {moment(since, facts.zone)}, as {_step(lane)} failed: {told(sentence)}"
    return f"{said} Mend the cause and resume it to run the step again, skip the step, or cancel it.", found


def _undecided(lane: LaneFacts, facts: Facts) -> Said:
    since = _since(lane, facts)
    code, sentence = _problem(lane)
    yes, no = PATHS["condition_error"]
    said = (
        f"{_subject(lane)} is paused since {moment(since, facts.zone)}, as {_step(lane)} could not be decided: {told(sentence)}"
    )
    found = {**_when(since=since), "code": code, "problem": sentence, "paths": [yes, no]}
    return f"{said} Skip the step with the path to take, {yes} or {no}, or cancel the execution.", found


def _on_request(lane: LaneFacts, facts: Facts) -> Said:
    asked, standing = facts.last_asked("pause"), lane.standing
    if asked and (standing.reason or "").startswith(f"paused by {asked.by or 'a person'}"):
        said = f"{_subject(lane)} was paused by {somebody(asked.by)} on {moment(asked.at, facts.zone)}{because(asked.why)}"
        found: dict[str, Any] = {"by": asked.by, "why": asked.why, **_when(since=asked.at)}
    else:
        said = f"{_subject(lane)} is {told(standing.reason or 'paused by a person')}"
        found = _when(since=facts.updated_at)
    until = standing.waiting_until
    clock = f"; its wait goes on meanwhile, until {moment(until, facts.zone)}" if until else ""
    return f"{said} It stands at {_step(lane)}{clock}. Resume it to let it go on.{_beneath(lane)}", {
        **found,
        **_when(until=until),
    }


def _beneath(lane: LaneFacts) -> str:
    """What a resume alone does not solve."""
    standing = lane.standing
    if standing.beneath in (None, "delay", "goal", "manual"):
        return ""
    return f" Then it still waits for somebody ({standing.beneath}){because(standing.beneath_reason or '')}"


def _by_step(lane: LaneFacts, facts: Facts) -> Said:
    since = _since(lane, facts)
    said = f"{_step(lane)} paused {_subject(lane)} on {moment(since, facts.zone)}{because(lane.standing.reason or '')}"
    return f"{said} Resume it to go on after the step.", {**_when(since=since), "why": lane.standing.reason}


def _switched(lane: LaneFacts, facts: Facts) -> Said:
    switch, since = lane.switch, _since(lane, facts)
    said = f"{_subject(lane)} is held before {_step(lane)} since {moment(since, facts.zone)}"
    if switch is None:
        return f"{said}{because(lane.standing.reason or '')} It goes on once that is lifted.", _when(since=since)
    found = {"switch": switch.name, "by": switch.set_by, "why": switch.why, **_when(since=since, set_at=switch.set_at)}
    said = f"{said} by the {switch.name}, which {switch.set_by} set on {moment(switch.set_at, facts.zone)}{because(switch.why)}"
    if switch.lifted_at is None:
        return f"{said} It goes on by itself once the switch is lifted.", found
    lifted = f"It was lifted by {somebody(switch.lifted_by or '')} on {moment(switch.lifted_at, facts.zone)}"
    return f"{said} {lifted} and goes on in a moment.", {**found, **_when(lifted_at=switch.lifted_at)}


def _problem(lane: LaneFacts) -> tuple[str | None, str]:
    """The code and the sentence of what went wrong."""
    error = lane.run.error if lane.run else None
    if error:
        return error.get("code"), str(error.get("sentence", ""))
    return None, lane.standing.reason or "nothing more is known"


def _when(**moments: datetime | None) -> dict[str, Any]:
    return {name: at.isoformat() if at else None for name, at in moments.items()}


def _local(until: datetime | None, facts: Facts) -> dict[str, Any]:
    return {"until_local": until.astimezone(facts.zone).isoformat() if until else None}
