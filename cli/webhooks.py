"""`everstep webhooks`: what callers sign with, and what came of their calls."""

from __future__ import annotations

from cyclopts import App

from cli.parameters import Limit
from cli.session import SessionParameter
from client import each

group = App(name="webhooks", help="Webhooks: what callers sign with, and what came of their calls.")
secret = App(name="secret", help="What callers of a webhook sign with: two at most, during a rotation.")
group.command(secret)
_COLUMNS = {
    "id": "id", "received": "received_at", "method": "method", "outcome": "outcome", "reason": "reason", "detail": "detail",
    "execution": "execution_id",
}  # fmt: skip


@secret.command
def create(automation: str, webhook: str, /, *, grace_hours: float = 24, session: SessionParameter) -> None:
    """Make one. It is shown this once, alone on stdout; the one before is taken for some hours yet."""
    made = session.client.make_webhook_secret(automation, webhook, {"grace_hours": grace_hours})
    if session.output.json:
        session.output.value(made)
        return
    session.output.note(f"Secret {made.id} of {automation}/{webhook}. It is shown this once:")
    print(made.secret, flush=True)


@secret.command(name="list")
def list_secrets(automation: str, webhook: str, /, *, session: SessionParameter) -> None:
    """List those that are taken now."""
    columns = {"id": "id", "ends in": "hint", "made": "created_at", "retires": "retires_at"}
    session.output.table(session.client.get_webhook_secrets(automation, webhook), columns, empty="No secrets.")


@secret.command
def delete(automation: str, webhook: str, secret_id: str, /, *, session: SessionParameter) -> None:
    """Retire one at once."""
    session.client.delete_webhook_secret(automation, webhook, secret_id)
    session.output.say(f"Retired {secret_id}.")


@group.command
def deliveries(automation: str, webhook: str, /, *, limit: Limit = 20, session: SessionParameter) -> None:
    """List the calls of a webhook, newest first, and what came of them."""
    found = each(session.client.get_webhook_deliveries, automation, webhook, limit=limit)
    session.output.table(found, _COLUMNS, empty="No calls.")


@group.command
def show(delivery: str, /, *, session: SessionParameter) -> None:
    """Show a call with its body."""
    rows = {**_COLUMNS, "query": "query", "content type": "content_type", "replay of": "replay_of", "body": "body"}
    session.output.details(session.client.get_webhook_delivery(delivery), rows)


@group.command
def replay(delivery: str, /, *, session: SessionParameter) -> None:
    """Evaluate a call again, by the newest document."""
    session.output.details(
        session.client.replay_webhook_delivery(delivery), {"execution": "execution_id", "automation": "automation_id"}
    )
