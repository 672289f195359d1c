"""Mail: a message for the mail server, and what the server's answers mean."""

from collections.abc import Awaitable, Callable, Sequence
from email.message import EmailMessage

import aiosmtplib

from activities.settings import Settings
from automations.failures import ExpectedFailure

SendMail = Callable[[EmailMessage, Settings], Awaitable[list[str]]]
"""What `send` does."""


def message_of(recipients: Sequence[str], subject: str, body: str, key: str, settings: Settings) -> EmailMessage:
    """The Message-ID is made from the key: a mailbox that gets a repeat can tell."""
    message = EmailMessage()
    message["From"] = settings.mail_from
    message["To"] = ", ".join(recipients)
    message["Subject"] = " ".join(subject.split())
    message["Message-ID"] = f"<{key.replace(':', '.')}@everstep>"
    message.set_content(body)
    return message


async def send(message: EmailMessage, settings: Settings) -> list[str]:
    """Who was refused while others were not: a second try would tell those twice.

    A server that refuses the mail for good is an expected failure; one that is away, or busy, an unexpected one.
    """
    password = settings.smtp_password.get_secret_value() if settings.smtp_password else None
    try:
        refused, _ = await aiosmtplib.send(
            message, hostname=settings.smtp_host, port=settings.smtp_port, username=settings.smtp_username, password=password,
            use_tls=settings.smtp_tls == "tls", start_tls=settings.smtp_tls == "starttls", timeout=30,
        )  # fmt: skip
    except aiosmtplib.SMTPRecipientsRefused as error:
        codes = [refused.code for refused in error.recipients]
        if all(code >= 500 for code in codes):
            raise ExpectedFailure(
                "mail_refused", f"The mail server refuses the recipients: {error.recipients[0].message}."
            ) from error
        raise
    except aiosmtplib.SMTPResponseException as error:
        if error.code >= 500:
            raise ExpectedFailure("mail_refused", f"The mail server refuses the mail: {error.code} {error.message}.") from error
        raise
    return list(refused)
