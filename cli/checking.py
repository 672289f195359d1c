"""`everstep validate` and `everstep lint`: what is wrong with files, or could be better, before they are applied."""

from __future__ import annotations

from collections.abc import Iterator

from automations.lint import lint as find
from automations.parsing import parse_document
from automations.problems import Problem
from cli.apply.files import Part, read_parts
from cli.apply.kinds import object_of
from cli.exits import DONE, REFUSED
from cli.parameters import Files, Flag
from cli.session import Session, SessionParameter
from client.models import Problem as Told

Finding = dict[str, str]


def validate(*, file: Files, offline: Flag = False, session: SessionParameter) -> int:
    """Check automations in files as a save would, without saving.

    Exit code 4 if one has a mistake.

    Examples:

    - `everstep validate -f automations/`
    - `everstep validate -f automations/ --offline` (no gateway needed: objects are taken from the files)

    Parameters
    ----------
    offline
        Ask no gateway: what only it knows, such as other automations and schedules that are over, is not checked.
    """
    parts = read_parts(file)
    found = list(_offline(parts) if offline else _by_the_gateway(session, parts))
    return _show(session, found, parts, "error")


def lint(*, file: Files, strict: Flag = False, session: SessionParameter) -> int:
    """Show what could be better in automations, by the practices of docs/lint.md.

    Needs no gateway. Exit code 4 if one has a mistake: only what could be saved is looked at further.

    Parameters
    ----------
    strict
        Exit code 4 if there is anything to say.
    """
    parts = read_parts(file)
    return _show(session, list(_offline(parts, hints=True)), parts, "any" if strict else "error")


def _offline(parts: list[Part], *, hints: bool = False) -> Iterator[Finding]:
    """Against the objects of the files; where there are none, what depends on objects is not checked."""
    objects = {part.name: definition for part in parts if part.kind == "object" for definition in [object_of(part)]}
    for part in parts:
        if part.kind == "automation":
            parsed = parse_document(part.raw, objects or None)
            yield from (_finding(part, problem) for problem in parsed.problems)
            if hints and parsed.document and not parsed.errors:
                yield from (_finding(part, problem) for problem in find(parsed.document))


def _by_the_gateway(session: Session, parts: list[Part]) -> Iterator[Finding]:
    for part in parts:
        if part.kind == "automation":
            told = session.client.validate_document(part.raw)
            for problem in (*told.problems, *told.warnings, *told.hints):
                yield _finding(part, problem)


def _finding(part: Part, problem: Problem | Told) -> Finding:
    mistake = part.mistake(problem.path, problem.code, problem.sentence)
    return {"severity": problem.severity, **vars(mistake)}


def _show(session: Session, found: list[Finding], parts: list[Part], fatal: str) -> int:
    output, count = session.output, sum(part.kind == "automation" for part in parts)
    columns = {"": "severity", "where": "path", "what": "sentence", "code": "code"}
    output.table(found, columns, empty=f"{count} automation{'s' * (count != 1)}: nothing to say.")
    return REFUSED if any(fatal in ("any", each["severity"]) for each in found) else DONE
