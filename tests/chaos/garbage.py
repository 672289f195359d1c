"""What other systems answer on a bad day: status lines that mean something, and bytes that cannot be kept."""

import gzip
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from random import Random

from tests.raw_servers import http_answer

_CHARSETS = ("undefined", "idna", "unicode_escape", "utf-7", "base64", "zip", "utf-16", "punycode", "x" * 9_000, "utf-8", "hz")
_LATIN = "Empfänger unbekannt, größter Ärger".encode("latin-1")


class InTurn:
    """The answers of each caller in turn, the last one for ever; and how often each called."""

    def __init__(self, answers: Mapping[str, Sequence[bytes]], key: Callable[[str], str]) -> None:
        self._answers, self._key = answers, key
        self.calls = Counter[str]()

    def __call__(self, asked: str) -> bytes:
        key = self._key(asked)
        answers = self._answers[key]
        self.calls[key] += 1
        return answers[min(self.calls[key], len(answers)) - 1]

    @property
    def wanted(self) -> dict[str, int]:
        """One call for each answer that asks for another, and the last one."""
        return {key: len(answers) for key, answers in self._answers.items()}


def http_answers(random: Random) -> list[bytes]:
    """Up to two that ask for another call, and one that does not."""
    busy = [_http(random, random.choice([500, 502, 503, 429])) for _ in range(random.choice([0, 0, 1, 2]))]
    return [*busy, random.choice([_no_http, _success, _success, _success, _refused])(random)]


def _success(random: Random) -> bytes:
    return _http(random, random.choice([200, 201, 204]))


def _refused(random: Random) -> bytes:
    return _http(random, random.choice([400, 404, 409, 422]))


def _no_http(random: Random) -> bytes:
    huge = http_answer(200, b"{}", b"X-Much: " + b"x" * 1_000_000)
    return random.choice(
        [huge, b"\x16\x03\x01\0\0 nonsense\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n", b"HTTP/9.9 200 OK\r\n: \0\r\n\r\n"]
    )


def _http(random: Random, status: int) -> bytes:
    headers = [b"Content-Type: application/json; charset=" + random.choice(_CHARSETS).encode()]
    headers += [b"Retry-After: " + b"9" * 40] if status in (429, 503) else []
    body = _body(random)
    match random.randrange(4):
        case 0:
            headers.append(b"Content-Encoding: gzip")
            body = gzip.compress(body * 20)[: random.randrange(5, 60)]
        case 1:
            return http_answer(status, body, *headers).replace(b"Content-Length: ", b"Content-Length: 9")
        case _:
            pass
    return http_answer(status, b"" if status == 204 else body, *headers)


def _body(random: Random) -> bytes:
    name = {"name": "a\0b\ud800", "endless": 1e308}
    return random.choice(
        [
            json.dumps(name).encode(),
            json.dumps(name).encode().replace(b"1e+308", b"1e9999"),
            b'{"name": ' + b"9" * 5_000 + b"}",
            b'{"name": ' + b"[" * 5_000,
            b'{"name": "' + b"\xff\xfe\0" * 99 + b'"}',
            random.randbytes(2_000),
            b"",
        ]
    )


def mail_answers(random: Random) -> list[bytes]:
    """To a recipient: busy for a while, then taken or refused."""
    busy = [b"451 " + _words(random) for _ in range(random.choice([0, 0, 1, 2]))]
    return [*busy, random.choice([b"250 ", b"250 ", b"550 "]) + _words(random)]


def _words(random: Random) -> bytes:
    return random.choice([_LATIN, b"\0\x80\xff", bytes(range(128, 256)), b"fine", _LATIN * 50]) + b"\r\n"


def text_answers(random: Random) -> list[bytes]:
    """As Twilio says them: busy for a while, then taken or refused."""
    busy = [_http(random, random.choice([429, 503])) for _ in range(random.choice([0, 0, 1, 2]))]
    said = {
        "sid": random.choice(["SM1\0", "SM\ud800", "SM" + "".join(map(chr, range(0x4E00, 0x6000)))]),
        "status": random.choice(["queued", "que\0ued", 7, None]),
        "code": random.choice([21211, "\0", 1e308]),
        "message": _LATIN.decode("latin-1") + "\0\udfff",
    }
    body = json.dumps(said).encode()
    gzipped = random.choice([[], [], [b"Content-Encoding: gzip"]])
    return [*busy, http_answer(random.choice([201, 201, 400]), body, b"Content-Type: application/json; charset=idna", *gzipped)]
