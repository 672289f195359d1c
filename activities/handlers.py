"""What runs each step type, of all the groups that there are."""

from activities import (
    automations,
    control,
    crm_activities,
    fields,
    goals,
    integration,
    mails,
    modifying,
    related_steps,
    team,
    texts,
    variables,
)
from activities.registry import HANDLERS

GROUPS = (
    automations,
    control,
    crm_activities,
    fields,
    goals,
    integration,
    mails,
    modifying,
    related_steps,
    team,
    texts,
    variables,
)
"""The modules that register them."""

__all__ = ["GROUPS", "HANDLERS"]
