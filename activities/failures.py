"""What goes wrong unexpectedly, translated once into what the workflow is told: a code that never changes, and a sentence."""

from datetime import timedelta

import aiosmtplib
import httpx2
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from activities.plain_words import plain
from automations.retries import UNREADABLE
from automations.storable import storable_text
from store.database import DATABASE_ERRORS, UNAVAILABLE


class ServerError(Exception):
    """The other side of an HTTP call failed: worth another try, in `retry_after` at the earliest."""

    def __init__(self, says: str, retry_after: timedelta | None = None) -> None:
        super().__init__(says)
        self.retry_after = retry_after


class UnreachableError(Exception):
    """Nobody answered an HTTP call."""


class TextUnavailableError(Exception):
    """The provider of texts is away, or busy."""


class ContendedError(Exception):
    """The execution or the record changed at every try."""


class SupersededError(Exception):
    """Another attempt of the step has begun since: what this one found is dropped."""

    def __init__(self) -> None:
        super().__init__("A later attempt of the step has begun: what this one found is dropped.")


class UnreadableDocumentError(Exception):
    """A newer release wrote the document: it is for a worker of that one."""


class NotSentError(Exception):
    """A message did not go out, that is certain: another try is no repeat. Raised from what stood in the way."""


_OWN = (ServerError, UnreachableError, TextUnavailableError, ContendedError, UnreadableDocumentError, NotSentError)
"""They say in plain words what is wrong."""

_CODES: tuple[tuple[type[Exception] | tuple[type[Exception], ...], str], ...] = (
    (ServerError, "http_server_error"),
    (httpx2.TimeoutException, "http_timeout"),
    (UnreachableError, "http_unreachable"),
    (httpx2.HTTPError, "http_unreachable"),
    (aiosmtplib.SMTPException, "mail_unavailable"),
    (TextUnavailableError, "text_unavailable"),
    (ContendedError, "contended"),
    (SupersededError, "superseded"),
    (UnreadableDocumentError, UNREADABLE),
    (UNAVAILABLE, "database_unavailable"),
    (DATABASE_ERRORS, "database_error"),
)


def sentence_of(error: Exception) -> str:
    """For people."""
    is_ours = isinstance(error, _OWN) or (isinstance(error, httpx2.TimeoutException) and str(error))
    return str(error) if is_ours else plain(error)


def unexpected(error: Exception) -> ApplicationError:
    """Never retried by Temporal: the workflow's ladder does that, after the delay that this asks for at the earliest."""
    cause = error.__cause__ if isinstance(error, NotSentError) and error.__cause__ else error
    code = next((code for kind, code in _CODES if isinstance(cause, kind)), None)
    sentence = storable_text(sentence_of(error))
    # One that is known by its code needs no traceback in the log.
    category = ApplicationErrorCategory.BENIGN if code else ApplicationErrorCategory.UNSPECIFIED
    wait = error.retry_after if isinstance(error, ServerError) else None
    return ApplicationError(sentence, type=code or "unexpected", non_retryable=True, next_retry_delay=wait, category=category)
