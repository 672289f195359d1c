"""How the command ends: exit codes, and what goes wrong, said on stderr in a sentence."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Sequence
from typing import NoReturn

from cyclopts import CycloptsError
from rich.console import Console
from rich.markup import escape

from client import ClientError, Mistake, ProblemError, UnreachableError

DONE, ENDED_BADLY, WRONG_USE, AT_REST, REFUSED, UNREACHABLE, INTERRUPTED = 0, 1, 2, 3, 4, 5, 130
EXIT_CODES = """Exit codes: 0 done · 1 what was waited for failed or was canceled · 2 wrong use of the command · 3 it is paused or
the time is up · 4 refused, with a code · 5 no gateway answers."""

_HOW_TO_START = "Start one with `make demo`, or name another: --url, EVERSTEP_URL or `everstep login`."
_KEY_CODES = frozenset({"key_missing", "key_invalid", "key_expired", "key_revoked"})


class WrongUseError(Exception):
    """The command cannot be done as it was asked for; the sentence says what to change."""


class RefusedError(Exception):
    """Files or answers that say no, as the gateway would: with a code, and each mistake with its place."""

    def __init__(self, code: str, detail: str, errors: Sequence[Mistake] = ()) -> None:
        super().__init__(detail)
        self.code, self.detail, self.errors = code, detail, tuple(errors)


def ends(act: Callable[[], object], *, as_json: bool) -> NoReturn:
    """Ends the process with the code of what `act` answers or raises."""
    try:
        answered = act()
        sys.stdout.flush()
        sys.exit(answered if isinstance(answered, int) else DONE)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(DONE)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except Exception as error:
        if os.environ.get("EVERSTEP_DEBUG"):
            raise
        sys.exit(say(error, as_json=as_json))


def say(error: Exception, *, as_json: bool) -> int:
    """Tells what went wrong; answers the exit code."""
    status, code, sentence, errors, hint = _told(error)
    if as_json:
        told = {"code": code, "detail": sentence, "errors": [vars(each) for each in errors]}
        print(json.dumps(told, ensure_ascii=False), file=sys.stderr)
        return status
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    console.print(f"[red]{escape(sentence)}[/]" + (f" [dim]({code})[/]" if code else ""))
    for each in errors:
        console.print(f"  [bold]{escape(each.path) or '·'}[/]  {escape(each.sentence)} [dim]({each.code})[/]")
    if hint:
        console.print(hint, style="dim")
    return status


def _told(error: Exception) -> tuple[int, str, str, Sequence[Mistake], str]:
    """Exit code, stable code, sentence, mistakes, and what to try."""
    match error:
        case UnreachableError():
            return UNREACHABLE, error.code, error.detail, (), _HOW_TO_START
        case ProblemError():
            hint = "Sign in with `everstep login`, or set EVERSTEP_API_KEY." if error.code in _KEY_CODES else ""
            return REFUSED, error.code, error.detail, error.errors, hint
        case ClientError():
            return REFUSED, error.code, error.detail, (), ""
        case RefusedError():
            return REFUSED, error.code, error.detail, error.errors, ""
        case CycloptsError():
            return WRONG_USE, "wrong_use", str(error), (), "See --help."
        case WrongUseError():
            return WRONG_USE, "wrong_use", str(error), (), ""
        case OSError():
            return WRONG_USE, "wrong_use", f"{error.filename or 'The file'}: {error.strerror or error}.", (), ""
        case _:
            said = f"Something unexpected happened: {type(error).__name__}: {error}."
            return ENDED_BADLY, "unexpected", said, (), "EVERSTEP_DEBUG=1 shows where."
