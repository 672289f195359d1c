"""Checks of triggers: of automations, and of the goals that wait for the same."""

from collections.abc import Iterator, Sequence

from automations.checks.draft import Draft
from automations.checks.filters import problems_of_record_filter
from automations.event_triggers import EventTrigger
from automations.filters import Filter
from automations.problems import Problem, at
from automations.triggers import FieldUpdatedTrigger, Trigger


def trigger_problems(draft: Draft) -> Iterator[Problem]:
    for index, trigger in enumerate(draft.triggers):
        yield from _problems(draft, trigger, f"triggers[{index}]")


def _problems(draft: Draft, trigger: Trigger, path: str) -> Iterator[Problem]:
    filter: Filter | None = getattr(trigger, "filter", None)
    if draft.is_global and isinstance(trigger, EventTrigger):
        sentence = f"A global automation has no record, which {trigger.type} is about."
        yield Problem(path=path, code="needs_record", sentence=sentence)
    elif draft.is_global and filter is not None:
        sentence = "A global automation has no records that a filter could ask about."
        yield Problem(path=at(path, "filter"), code="needs_record", sentence=sentence)
    elif isinstance(trigger, EventTrigger):
        yield from event_trigger_problems(draft, [trigger], path)
    else:
        yield from problems_of_record_filter(draft, filter, at(path, "filter"), draft.definition)


def event_trigger_problems(
    draft: Draft, triggers: Sequence[EventTrigger], path: str, *, indexed: bool = False
) -> Iterator[Problem]:
    """`path` is that of the one trigger, or `indexed` that of their list."""
    for index, trigger in enumerate(triggers if draft.definition else ()):
        place = f"{path}[{index}]" if indexed else path
        for key, code, sentence in trigger.unfit(draft.definition) if draft.definition else ():
            yield Problem(path=at(place, key), code=code, sentence=sentence)
        yield from problems_of_record_filter(draft, trigger.filter, at(place, "filter"), draft.definition)


def own_triggers(draft: Draft) -> Iterator[Problem]:
    """An automation that changes what starts it."""
    written = {name for _, step in draft.walk for kind, name in step.writes(draft.definition) if kind == "field"}
    for index, trigger in enumerate(draft.triggers):
        if isinstance(trigger, FieldUpdatedTrigger) and trigger.field in written and not trigger.skip:
            sentence = f"The automation changes {trigger.field} itself, and may start itself by that: a limit ends it."
            yield Problem(path=f"triggers[{index}].field", code="self_trigger", sentence=sentence, severity="warning")
