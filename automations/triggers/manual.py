"""Starts that people ask for."""

from typing import Literal

from automations.triggers.base import Trigger


class ManualTrigger(Trigger):
    """By hand or API. Every automation has it, whether or not the document says so."""

    type: Literal["manual"] = "manual"
