"""Signed calls: `Everstep-Signature: t=<unix seconds>,v1=<hex HMAC-SHA256 of "{t}.{what is signed}">`, several v1 allowed.

Signed is the body as it is sent; of a GET, the query as it stands in the address.
"""

import hashlib
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from api.errors import RefusedError

HEADER = "Everstep-Signature"
WINDOW_SECONDS = 300
_SECONDS = re.compile(r"[0-9]{1,12}", re.ASCII)
_SIGNATURE = re.compile(r"[0-9a-fA-F]{64}")


@dataclass(frozen=True)
class _Signed:
    at: str
    signatures: tuple[str, ...]


def check_signature(header: str | None, signed: bytes, secrets: Sequence[str], now: datetime) -> bytes:
    """What the call is known by if it comes again: 32 bytes, the same whichever of the secrets it is signed with.

    Raises RefusedError 401 unless one of the signatures was made with one of the secrets, at most 300 s from now.
    """
    if not header:
        raise _refused("signature_missing", f"The webhook takes signed calls only: the header {HEADER} is missing.")
    found = _read(header)
    if not secrets:
        raise _refused("no_secret", "The webhook has no secret yet that a call could be signed with.")
    if abs(now.timestamp() - int(found.at)) > WINDOW_SECONDS:
        raise _refused("signature_expired", f"The call was signed more than {WINDOW_SECONDS} seconds from now.")
    if not _is_signed(found, signed, secrets):
        raise _refused("signature_wrong", "The signature was not made over this call with a secret of this webhook.")
    return hashlib.sha256(_dated(found.at, signed)).digest()


def signature(secret: str, at: str, signed: bytes) -> str:
    """Hexadecimal."""
    return hmac.new(secret.encode(), _dated(at, signed), hashlib.sha256).hexdigest()


def _dated(at: str, signed: bytes) -> bytes:
    return f"{at}.".encode() + signed


def _read(header: str) -> _Signed:
    pairs = [(key.strip(), value.strip()) for key, _, value in (part.partition("=") for part in header.split(","))]
    times = [value for key, value in pairs if key == "t"]
    signatures = tuple(value.lower() for key, value in pairs if key == "v1" and _SIGNATURE.fullmatch(value))
    if len(times) != 1 or not _SECONDS.fullmatch(times[0]) or not signatures:
        raise _refused("signature_malformed", f"{HEADER} is t=<unix seconds>,v1=<64 hexadecimal digits>.")
    return _Signed(times[0], signatures)


def _is_signed(found: _Signed, signed: bytes, secrets: Sequence[str]) -> bool:
    """Each pair is compared, and each in constant time: how long it takes tells nothing."""
    made = [signature(secret, found.at, signed) for secret in secrets]
    compared = [hmac.compare_digest(mine, theirs) for mine in made for theirs in found.signatures]
    return any(compared)


def _refused(code: str, sentence: str) -> RefusedError:
    return RefusedError(401, code, sentence)
