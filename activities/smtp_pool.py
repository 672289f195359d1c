"""Connections to the mail server that stay open between mails: a greeting, TLS and a sign-in cost more than a mail does."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from email.message import EmailMessage
from typing import Any

import aiosmtplib

from activities.failures import NotSentError
from activities.plain_words import mail_failure
from activities.settings import Settings

IDLE = timedelta(seconds=10)
"""How long a connection stays open unused: servers hang up on one that is silent for some minutes."""

_TIMEOUT = 30
_GOODBYE = 2
_HANGS_UP = 421
"""What a server answers before it hangs up."""


class SmtpConnection(aiosmtplib.SMTP):
    """Knows whether the content of its last mail began to leave: before that, nobody can have got it."""

    content_left = False

    async def data(self, *args: Any, **kwargs: Any) -> aiosmtplib.SMTPResponse:
        self.content_left = True
        return await super().data(*args, **kwargs)


@dataclass(frozen=True, eq=False)
class _Idle:
    smtp: SmtpConnection
    closing: asyncio.TimerHandle


class SmtpPool:
    """For one mail server and one event loop. Mails beyond `smtp_connections` at once wait for their turn."""

    def __init__(self) -> None:
        self._idle: list[_Idle] = []
        self._slots: asyncio.Semaphore | None = None
        self._goodbyes: set[asyncio.Task[None]] = set()

    @property
    def idle(self) -> int:
        """How many connections are open and not in use."""
        return len(self._idle)

    async def send(self, message: EmailMessage, sender: str, recipients: Sequence[str], settings: Settings) -> list[str]:
        """Who was refused while others were not. Raises SMTPException, or NotSentError from it where that is certain.

        A connection that the server has given up in the meantime is replaced by a new one, once.
        """
        self._slots = self._slots or asyncio.Semaphore(settings.smtp_connections)
        async with self._slots:
            kept = self._take()
            if kept is not None:
                try:
                    return await self._sent(kept, message, sender, recipients)
                except NotSentError as error:
                    if not _is_given_up(error.__cause__):
                        raise
            return await self._sent(await _connected(settings), message, sender, recipients)

    async def close(self) -> None:
        """Says goodbye on all connections that are not in use."""
        while (smtp := self._take()) is not None:
            self._dismiss(smtp)
        await asyncio.gather(*self._goodbyes)

    async def _sent(self, smtp: SmtpConnection, message: EmailMessage, sender: str, recipients: Sequence[str]) -> list[str]:
        smtp.content_left = False
        try:
            refused, _ = await smtp.send_message(message, sender=sender, recipients=list(recipients))
        except (aiosmtplib.SMTPResponseException, aiosmtplib.SMTPRecipientsRefused) as error:
            self._keep(smtp)  # it was answered, and begins anew
            raise _not_sent(error, smtp) from error
        except aiosmtplib.SMTPException as error:
            smtp.close()
            if smtp.content_left:
                raise
            raise _not_sent(error, smtp) from error
        except BaseException:
            smtp.close()
            raise
        self._keep(smtp)
        return list(refused)

    def _take(self) -> SmtpConnection | None:
        """The one that was used last, so that those which are not needed grow old."""
        while self._idle:
            idle = self._idle.pop()
            idle.closing.cancel()
            if idle.smtp.is_connected:
                return idle.smtp
        return None

    def _keep(self, smtp: SmtpConnection) -> None:
        if not smtp.is_connected:
            return
        closing = asyncio.get_running_loop().call_later(IDLE.total_seconds(), self._expire, smtp)
        self._idle.append(_Idle(smtp, closing))

    def _expire(self, smtp: SmtpConnection) -> None:
        self._idle = [idle for idle in self._idle if idle.smtp is not smtp]
        self._dismiss(smtp)

    def _dismiss(self, smtp: SmtpConnection) -> None:
        goodbye = asyncio.create_task(_say_goodbye(smtp))
        self._goodbyes.add(goodbye)
        goodbye.add_done_callback(self._goodbyes.discard)


async def _connected(settings: Settings) -> SmtpConnection:
    """Greeted, encrypted and signed in, as the settings say. Raises NotSentError."""
    password = settings.smtp_password.get_secret_value() if settings.smtp_password else None
    smtp = SmtpConnection(
        hostname=settings.smtp_host, port=settings.smtp_port, username=settings.smtp_username, password=password,
        use_tls=settings.smtp_tls == "tls", start_tls=settings.smtp_tls == "starttls", timeout=_TIMEOUT,
        cert_bundle=str(settings.smtp_ca_file) if settings.smtp_ca_file else None,
    )  # fmt: skip
    try:
        await smtp.connect()
    except aiosmtplib.SMTPException as error:
        raise _not_sent(error, smtp) from error
    except OSError as error:  # of a handshake that broke off
        lost = aiosmtplib.SMTPConnectError(str(error))
        raise _not_sent(error, smtp) from lost
    return smtp


def _not_sent(error: Exception, smtp: SmtpConnection) -> NotSentError:
    return NotSentError(mail_failure(error, f"{smtp.hostname}:{smtp.port}"))


def _is_given_up(error: BaseException | None) -> bool:
    if isinstance(error, aiosmtplib.SMTPResponseException):
        return error.code == _HANGS_UP
    return isinstance(error, aiosmtplib.SMTPServerDisconnected)


async def _say_goodbye(smtp: SmtpConnection) -> None:
    with suppress(aiosmtplib.SMTPException, OSError):
        await smtp.quit(timeout=_GOODBYE)
    smtp.close()
