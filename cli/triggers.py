"""`everstep triggers`: which there are, and why they did or did not fire."""

from __future__ import annotations

from cyclopts import App

from cli.output import moment
from cli.records_named import record_id
from cli.session import SessionParameter

group = App(name="triggers", help="Look at triggers, and at why they did or did not fire.")


@group.command(name="list")
def list_triggers(automation: str | None = None, /, *, session: SessionParameter) -> None:
    """List the triggers of an automation; without one, the types of trigger that there are.

    Parameters
    ----------
    automation
        Its api_name.
    """
    if automation is None:
        session.output.table(
            session.client.get_trigger_types(), {"type": "type", "starts when": "description", "in goals": "in_goals"}
        )
        return
    found = session.client.get_automation(automation).document.get("triggers", [])
    columns = {"trigger": "id", "type": "type", "says": _said}
    session.output.table(found, columns, empty=f"{automation} has no triggers: it is started by hand.")


def _said(trigger: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in trigger.items() if name not in ("id", "type")}


@group.command
def explain(automation: str, trigger: str, /, *, record: str | None = None, limit: int = 20, session: SessionParameter) -> None:
    """Say why a trigger did or did not fire: what it made of the last events, and what stands in its way now.

    Example: `everstep triggers explain won-lead won --record email=ada@analytical.example`

    Parameters
    ----------
    trigger
        Its id.
    record
        Only events of this record: its id, or a field of it.
    """
    client = session.client
    wanted = record_id(client, client.get_automation(automation).object, record) if record else None
    found = client.explain_trigger_of_automation(automation, trigger, record=wanted, size=limit)
    if session.output.json:
        session.output.value(found)
        return
    console = session.output.console
    console.print(found.sentence, markup=False, soft_wrap=True)
    for obstacle in found.obstacles:
        console.print(f"  {obstacle.sentence} ({obstacle.code})", markup=False, style="yellow", soft_wrap=True)
    for event in found.evaluations:
        console.print(f"  {moment(event.event.event_at)}  {event.sentence}", markup=False, soft_wrap=True)
