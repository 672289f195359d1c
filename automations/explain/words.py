"""The words of explanations."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from automations.outcomes import cut_summary
from automations.steps.base import StepBase

MAX_TOLD = 600
"""Characters of what somebody or something else said."""


def moment(at: datetime, zone: ZoneInfo) -> str:
    """As people say it, in their timezone: Monday 5 January 2026 at 09:00 CET."""
    local = at.astimezone(zone)
    clock = "%H:%M:%S" if local.second else "%H:%M"
    return f"{local:%A} {local.day} {local:%B %Y} at {local:{clock} %Z}"


def told(text: str) -> str:
    """What was said, as the end of a sentence."""
    text = text.strip() if len(text) <= MAX_TOLD else f"{text[:MAX_TOLD].strip()}…"
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."


def because(why: str) -> str:
    """The end of a sentence that gives a reason, where there is one."""
    return f": {told(why)}" if why.strip() else "."


def somebody(by: str) -> str:
    return by.strip() or "somebody"


def step_in_words(step_id: str | None, step: StepBase | None) -> str:
    """Its id and what it does."""
    return f"step {step_id} ({cut_summary(step.summary())})" if step else f"step {step_id}"


def step_facts(step_id: str | None, step: StepBase | None) -> dict[str, Any]:
    return {"step": step_id, "type": step.step_type, "does": step.summary()} if step else {"step": step_id}


def capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]
