"""What an automation tells people: what it is for, what went wrong, and what was left lying."""

from collections.abc import Iterator

from automations.lint.subject import Subject, hint
from automations.problems import Problem, at
from automations.steps.control import StopExecution

_EXPLAINS_ITSELF = 4
"""Steps."""


def no_description(subject: Subject) -> Iterator[Problem]:
    count = len(subject.steps)
    if count > _EXPLAINS_ITSELF and not subject.document.description.strip():
        sentence = f"{count} steps, and no description that says what they are for."
        yield hint("description", "no_description", sentence)


def nobody_told(subject: Subject) -> Iterator[Problem]:
    if subject.document.error_notification is not None:
        return
    for path, step in subject.steps:
        if step.reaches_outside() and step.on_error == "pause" and not step.skip:
            sentence = f"An execution that fails at {path} waits for somebody, and nobody is told: name whom to mail."
            yield hint("error_notification", "nobody_told", sentence)
            return


def stop_without_reason(subject: Subject) -> Iterator[Problem]:
    for path, step in subject.steps:
        if isinstance(step, StopExecution) and step.action in ("fail", "pause_with_error") and not step.reason.strip():
            sentence = "Somebody is called to look at this, and reads no reason."
            yield hint(at(path, "reason"), "stop_without_reason", sentence)


def skipped_part(subject: Subject) -> Iterator[Problem]:
    """In what is active: a draft may be half of one."""
    if not subject.document.active:
        return
    triggers = [(f"triggers[{index}]", trigger) for index, trigger in enumerate(subject.document.triggers)]
    for path, part in (*triggers, *subject.steps):
        if part.skip:
            yield hint(at(path, "skip"), "skipped_part", "It is left out of an active automation: take it out or let it run.")
