"""What stood in the way, for people, and what they can do about it. Classes and numbers of errors are for the log."""

import socket
import ssl
from collections.abc import Iterator

import aiosmtplib
import httpx2

from store.database import DATABASE_ERRORS, UNAVAILABLE

BROKEN = "Something unexpected went wrong here: the log of the worker says what."

_Kinds = type[BaseException] | tuple[type[BaseException], ...]

_WORDS: tuple[tuple[_Kinds, str, str], ...] = (
    (ConnectionRefusedError, "refused the connection", "Check that it runs and listens there."),
    (socket.gaierror, "has no address", "Check how its name is written."),
    (ssl.SSLCertVerificationError, "shows a certificate that is not trusted", "Check it and the name that is called."),
    (ssl.SSLError, "did not agree on an encryption", "Check whether it speaks TLS there."),
    ((TimeoutError, httpx2.TimeoutException), "did not answer in time", "Check that it is up and not overloaded."),
    (
        (ConnectionError, EOFError, httpx2.ReadError, httpx2.WriteError, httpx2.ProtocolError, aiosmtplib.SMTPServerDisconnected),
        "broke off the connection",
        "Check there why it did.",
    ),
    (OSError, "cannot be reached from here", "Check the network in between."),
)  # fmt: skip
"""The first that fits, by how much it says."""

_OTHER = "cannot be reached", "Check that it runs."


def unreachable(who: str, error: BaseException) -> str:
    """Such as: mail.example.com:25 refused the connection. Check that it runs and listens there."""
    chain = list(_chain(error))
    found = ((did, cure) for kinds, did, cure in _WORDS if any(isinstance(each, kinds) for each in chain))
    did, cure = next(found, _OTHER)
    return f"{who} {did}. {cure}"


def mail_failure(error: BaseException, server: str = "") -> str:
    who = f"The mail server {server}".rstrip()
    match error:
        case aiosmtplib.SMTPRecipientsRefused(recipients=refused):
            said = "; ".join(f"{each.recipient}: {each.code} {_one_line(each.message)}" for each in refused)
            return f"{who} refused every recipient: {said}."
        case aiosmtplib.SMTPResponseException(code=code, message=message):
            return f"{who} answered {code}: {_one_line(message)}."
        case _:
            return unreachable(who, error)


def plain(error: BaseException) -> str:
    """For what no code of ours has put into words."""
    match error:
        case aiosmtplib.SMTPException():
            return mail_failure(error)
        case httpx2.HTTPError():
            return unreachable(_called(error), error)
        case _ if isinstance(error, UNAVAILABLE):
            return "The database cannot be reached at the moment. Check that it runs."
        case _ if isinstance(error, DATABASE_ERRORS):
            return "The database did not take what was to be written: the log of the worker says why."
        case _:
            return BROKEN


def raw(error: BaseException) -> str:
    """For the log."""
    return " < ".join(f"{type(each).__name__}: {each}" for each in _chain(error))


def _called(error: httpx2.HTTPError) -> str:
    try:
        return error.request.url.host
    except RuntimeError:
        return "The other system"


def _one_line(message: str) -> str:
    return " ".join(message.split()).rstrip(".")[:300]


def _chain(error: BaseException) -> Iterator[BaseException]:
    """It, and what it came from."""
    seen, left = set[int](), [error]
    while left:
        here = left.pop()
        if id(here) not in seen:
            seen.add(id(here))
            yield here
            inside = here.exceptions if isinstance(here, BaseExceptionGroup) else ()
            left += [each for each in (here.__cause__, here.__context__, *inside) if isinstance(each, BaseException)]
