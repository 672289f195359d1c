"""When schedules fire: cron and recurrence rules, their moments in a timezone, and what Temporal is told of them."""

from automations.recurrence.cron import read_cron
from automations.recurrence.mistakes import Mistake, RecurrenceError
from automations.recurrence.plans import Plan, planned
from automations.recurrence.recurring import Recurrence, refuse_what_never_fires
from automations.recurrence.rule_text import RuleText, read_rule
from automations.recurrence.walls import Calendar

__all__ = [
    "Calendar",
    "Mistake",
    "Plan",
    "Recurrence",
    "RecurrenceError",
    "RuleText",
    "planned",
    "read_cron",
    "read_rule",
    "refuse_what_never_fires",
]
