"""Whom a webhook lets in: those with an API key, those who sign their calls, or everybody."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, assert_never
from uuid import UUID

import structlog
from starlette.requests import Request

from activities.encryption import Keyring, NoEncryptionKeyError, SealedError
from activities.secrets import webhook_secret
from api.access import require
from api.errors import RefusedError
from api.middleware.authentication import Caller
from api.webhooks.hooks import Hook
from api.webhooks.payloads import Call
from api.webhooks.signatures import HEADER, check_signature
from automations.access import Place
from store.database import Connection
from store.webhook_secrets import list_live_secrets

_LOG = structlog.get_logger("everstep.webhooks")


@dataclass(frozen=True)
class Credentials:
    """What a call came with. `refused`: why the key that it came with is none."""

    caller: Caller | None
    refused: RefusedError | None
    signature: str | None

    @staticmethod
    def of(request: Request) -> "Credentials":
        signature = ",".join(request.headers.getlist(HEADER)) or None
        caller, refused = (getattr(request.state, name, None) for name in ("caller", "refused"))
        return Credentials(caller, refused, signature)

    def sender_id(self, hook: Hook) -> UUID | None:
        """Whose call's key it is, where the webhook asks who calls."""
        return self.caller.sender_id if self.caller and hook.trigger.auth == "api_key" else None


async def let_in(
    connection: Connection, hook: Hook, call: Call, credentials: Credentials, keyring: Keyring | None, now: datetime
) -> bytes | None:
    """The fingerprint of a signed call. Raises RefusedError 401 or 403; of such a call only the reason is kept, in the log."""
    try:
        return await _checked(connection, hook, call, credentials, keyring, now)
    except RefusedError as error:
        _LOG.warning("webhook_refused", automation=hook.document.api_name, webhook=hook.trigger.name, why=error.code)
        raise


async def _checked(
    connection: Connection, hook: Hook, call: Call, credentials: Credentials, keyring: Keyring | None, now: datetime
) -> bytes | None:
    match hook.trigger.auth:
        case "none":
            return None
        case "api_key":
            _require_key(hook, credentials)
            return None
        case "signature":
            rows = await list_live_secrets(connection, hook.automation["id"], hook.trigger.name, now)
            return check_signature(credentials.signature, call.signed, _opened(rows, keyring), now)
        case _:
            assert_never(hook.trigger.auth)


def _opened(rows: Sequence[Any], keyring: Keyring | None) -> list[str]:
    """Those that can be read: one of two is enough. Raises RefusedError 503 where there are some and none can be read."""
    secrets: list[str] = []
    for row in rows:
        try:
            secrets.append(webhook_secret(row, keyring))
        except (NoEncryptionKeyError, SealedError) as error:
            _LOG.error("webhook_secret_unreadable", secret_id=str(row["id"]), why=error.sentence)
    if rows and not secrets:
        raise RefusedError(503, "secret_unreadable", "The secrets of the webhook cannot be read at the moment: try again later.")
    return secrets


def _require_key(hook: Hook, credentials: Credentials) -> None:
    if credentials.caller is None:
        raise credentials.refused or RefusedError(401, "key_missing", "The webhook takes calls with an API key only.")
    require(credentials.caller.access, "events:write", Place(hook.document.object, hook.document.api_name))
