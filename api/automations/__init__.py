"""Automations, their triggers, and what can be asked before a save."""
