"""The secrets of a step: opened when a text asks for them, and taken out of all that the step leaves behind."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from typing import Any
from uuid import UUID

import structlog
from temporalio.exceptions import ApplicationError

from activities.encryption import Keyring, NoEncryptionKeyError, SealedError, needed
from activities.failures import unexpected
from activities.plain_words import raw
from activities.redaction import Redactor
from activities.results import HoldOn, Result, Stop, Then, WaitUntil
from automations.errors import EverstepError
from automations.failures import ExpectedFailure
from store import secrets as stored
from store.database import Connection
from store.ids import new_id
from store.webhook_secrets import NewWebhookSecret

_LOG = structlog.get_logger("everstep.executions")


def place_of(name: str) -> str:
    """What a secret is sealed for."""
    return f"secret/{name}"


def place_of_webhook_secret(secret_id: UUID) -> str:
    return f"webhook-secret/{secret_id}"


def sealed_webhook_secret(secret: str, keyring: Keyring) -> NewWebhookSecret:
    secret_id = new_id()
    return NewWebhookSecret(secret_id, keyring.seal(secret.encode(), place_of_webhook_secret(secret_id)), secret[-4:])


def webhook_secret(row: Any, keyring: Keyring | None) -> str:
    """What callers sign with. Raises NoEncryptionKeyError and SealedError."""
    if row["sealed"] is None:
        return row["secret"]
    return needed(keyring).open(row["sealed"], place_of_webhook_secret(row["id"])).decode()


class StepSecrets(Mapping[str, str]):
    """What templates read as `secrets`. A name that cannot be answered is an expected failure."""

    def __init__(self, sealed: Mapping[str, bytes], keyring: Keyring | None) -> None:
        self._sealed, self._keyring = sealed, keyring

    def __bool__(self) -> bool:
        return bool(self._sealed)

    def __len__(self) -> int:
        return len(self._sealed)

    def __iter__(self) -> Iterator[str]:
        return iter(self._sealed)

    def __contains__(self, name: object) -> bool:
        """Asked of every name, so that `__getitem__` says what is wrong with it."""
        return True

    def __getitem__(self, name: str) -> str:
        if name not in self._sealed:
            raise ExpectedFailure("unknown_secret", f"There is no secret {name} (any more).")
        if self._keyring is None:
            raise ExpectedFailure(NoEncryptionKeyError.code, NoEncryptionKeyError().sentence)
        try:
            return self._keyring.open(self._sealed[name], place_of(name)).decode()
        except SealedError as error:
            raise ExpectedFailure("secret_unreadable", f"The secret {name} cannot be read: {error.sentence}") from error

    @cached_property
    def redactor(self) -> Redactor:
        """Of all that can be read."""
        return Redactor({name: self[name] for name in self if self._is_readable(name)})

    def _is_readable(self, name: str) -> bool:
        try:
            return bool(self[name])
        except ExpectedFailure:
            return False


NO_SECRETS = StepSecrets({}, None)


async def secrets_named(connection: Connection, names: Collection[str], keyring: Keyring | None) -> StepSecrets:
    return StepSecrets(await stored.sealed_secrets(connection, names), keyring) if names else NO_SECRETS


@contextmanager
def keeping(secrets: StepSecrets) -> Iterator[None]:
    """Errors leave without them, and without the errors behind, which tell the same."""
    try:
        yield
    except EverstepError as failure:
        if not secrets:
            raise
        raise ExpectedFailure(failure.code, secrets.redactor.text(failure.sentence)) from None
    except Exception as error:
        if not secrets:
            raise
        _LOG.warning("attempt_broke", why=secrets.redactor.text(raw(error)))
        told = unexpected(error)
        sentence = secrets.redactor.text(told.message)
        raise ApplicationError(
            sentence, type=told.type, non_retryable=True, next_retry_delay=told.next_retry_delay, category=told.category
        ) from None


def redacted(result: Result, secrets: StepSecrets) -> Result:
    if not secrets:
        return result
    clean = secrets.redactor.inside
    return replace(
        result, then=_redacted_then(result.then, secrets.redactor), output=clean(result.output), used=clean(result.used),
        variables=clean(result.variables), fields=clean(result.fields), warning=clean(result.warning), error=clean(result.error),
    )  # fmt: skip


def _redacted_then(then: Then, redactor: Redactor) -> Then:
    match then:
        case HoldOn() | WaitUntil():
            return replace(then, says=redactor.text(then.says))
        case Stop():
            return replace(then, reason=redactor.text(then.reason))
        case _:
            return then
