"""Webhooks as their automations' newest documents have them."""

from dataclasses import dataclass, replace
from typing import Any

from api.errors import RefusedError
from api.problems import NotFoundError
from automations.document import AutomationDocument
from automations.triggers import WebhookTrigger
from store.automations import read_automation
from store.database import Connection


@dataclass(frozen=True)
class Hook:
    automation: Any
    document: AutomationDocument
    trigger: WebhookTrigger


async def find_hooks(connection: Connection, api_name: str, name: str) -> list[Hook]:
    """One for each method that it takes. Raises NotFoundError."""
    automation = await read_automation(connection, api_name)
    document = AutomationDocument.model_validate(automation["document"]) if automation else None
    found = [Hook(automation, document, trigger) for trigger in document.webhooks(name)] if document else []
    if not found:
        raise NotFoundError("webhook", f"{api_name}/{name}")
    return found


async def newest(connection: Connection, hook: Hook) -> Hook:
    """As it is by now; read anew only if it was saved. Raises what `find_hook` raises."""
    api_name, trigger = hook.document.api_name, hook.trigger
    automation = await read_automation(connection, api_name)
    if automation and (automation["id"], automation["revision"]) == (hook.automation["id"], hook.automation["revision"]):
        return replace(hook, automation=automation)
    return await find_hook(connection, api_name, trigger.name, trigger.method)


async def find_hook(connection: Connection, api_name: str, name: str, method: str) -> Hook:
    """Raises NotFoundError, and RefusedError 405 where it is there for the other method."""
    found = await find_hooks(connection, api_name, name)
    for hook in found:
        if hook.trigger.method == method:
            return hook
    raise RefusedError(405, "wrong_method", f"The webhook {name} takes {found[0].trigger.method}.")
