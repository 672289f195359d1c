"""Addresses as mails have them: a mailbox, with the name of its owner or without."""

import re
from email.headerregistry import Address
from email.utils import getaddresses

_ADDRESS = re.compile(r"""(?P<mailbox>[^\s@<>(),;:\\"\[\]]{1,64})@(?P<domain>[^\s@<>(),;:\\"\[\]]{1,253})""")


class InvalidMailboxError(ValueError):
    """A text that is no mailbox."""


def read_mailbox(written: str) -> Address:
    """`ada@example.com` or `Ada Lovelace <ada@example.com>`: one. Raises InvalidMailboxError."""
    found = getaddresses([written.strip()])
    if len(found) != 1 or not written.strip().isprintable():
        raise _invalid(written)
    return mailbox(found[0][1], found[0][0])


def mailbox(address: str, name: str = "") -> Address:
    """With a name that no header can be broken by. Raises InvalidMailboxError."""
    found = _ADDRESS.fullmatch(address)
    if not found or not address.isprintable():
        raise _invalid(address)
    return Address(one_line(name), found["mailbox"], found["domain"])


def _invalid(written: str) -> InvalidMailboxError:
    return InvalidMailboxError(f"{written[:100]!r} is not an email address")


def one_line(text: str) -> str:
    """Without line ends and other characters that are not to be seen: none of them can begin another header."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
