"""How often an automation starts, and who may start it."""

from collections.abc import Iterator

from automations.lint.subject import Subject, hint, warning
from automations.problems import Problem
from automations.throttle import quiet_window
from automations.triggers import FieldUpdatedTrigger, ScheduleTrigger, WebhookTrigger


def open_webhook(subject: Subject) -> Iterator[Problem]:
    for index, trigger in enumerate(subject.document.triggers):
        if isinstance(trigger, WebhookTrigger) and trigger.auth == "none":
            sentence = "Whoever knows the address starts executions: ask for an API key, or for a signature."
            yield warning(f"triggers[{index}].auth", "open_webhook", sentence)


def noisy_trigger(subject: Subject) -> Iterator[Problem]:
    for index, trigger in enumerate(subject.document.triggers):
        if not isinstance(trigger, FieldUpdatedTrigger) or trigger.filter is not None:
            continue
        is_any = trigger.before == "any" and trigger.after == "any"
        if is_any and quiet_window(trigger.throttle, subject.document.throttle) is None:
            sentence = f"Every change of {trigger.field} starts an execution: say from or to, a filter, or a throttle."
            yield hint(f"triggers[{index}]", "noisy_trigger", sentence)


def schedule_without_filter(subject: Subject) -> Iterator[Problem]:
    if subject.document.object is None:
        return
    for index, trigger in enumerate(subject.document.triggers):
        if isinstance(trigger, ScheduleTrigger) and trigger.filter is None:
            sentence = f"Each time starts an execution for every {subject.document.object}: a filter says for which."
            yield hint(f"triggers[{index}]", "schedule_without_filter", sentence)


def regular_bulk(subject: Subject) -> Iterator[Problem]:
    document = subject.document
    is_bulk = bool(document.triggers) and all(isinstance(trigger, ScheduleTrigger) for trigger in document.triggers)
    if is_bulk and document.object is not None and document.priority == "regular":
        sentence = "It starts for many records at once only: with priority low it leaves the way free for what people wait for."
        yield hint("priority", "regular_bulk", sentence)
