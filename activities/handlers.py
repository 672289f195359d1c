"""What runs each step type, of all the groups that there are."""

from activities import automations, control, fields, goals, integration, mails, team, variables
from activities.registry import HANDLERS

GROUPS = (automations, control, fields, goals, integration, mails, team, variables)
"""The modules that register them."""

__all__ = ["GROUPS", "HANDLERS"]
