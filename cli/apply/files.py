"""Automations and what they work on as files: YAML or JSON, one thing or a list of things in each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from automations.reading import DocumentSyntaxError, read_yaml
from cli.exits import RefusedError, WrongUseError
from client import Mistake

Kind = Literal["business", "object", "employee", "message_template", "automation", "record"]
"""In the order in which one may need the other."""

KINDS: tuple[Kind, ...] = get_args(Kind)
_ENDINGS = frozenset({".yaml", ".yml", ".json"})
_EMPLOYEE = frozenset({"name", "email", "roles", "active", "phone"})
_TOLD_BY: Mapping[str, Kind] = {"fields": "object", "stages": "object", "channel": "message_template"}
"""What has an api_name, by what else it has; an automation otherwise."""

_BUSINESS = frozenset({"name", "timezone", "locale", "calendar"})


@dataclass(frozen=True)
class Part:
    """One thing of a file. `name` is that by which the gateway knows it; `place` is where it stands in a list of them."""

    kind: Kind
    name: str
    raw: dict[str, Any]
    file: Path
    place: str = ""

    def mistake(self, path: str, code: str, sentence: str) -> Mistake:
        inside = f"{self.place}.{path}".strip(".")
        return Mistake(f"{self.file}: {inside}" if inside else str(self.file), code, sentence)


def read_parts(paths: Sequence[Path]) -> list[Part]:
    """In the order of their kinds. Raises RefusedError with every file that cannot be read, WrongUseError where there is none."""
    parts: list[Part] = []
    mistakes: list[Mistake] = []
    for file in _files(paths):
        try:
            parts += _parts(file, read_yaml(file.read_text(encoding="utf-8")))
        except (DocumentSyntaxError, UnicodeDecodeError) as error:
            code = error.code if isinstance(error, DocumentSyntaxError) else "invalid_text"
            said = str(error) if isinstance(error, DocumentSyntaxError) else "It is not UTF-8."
            mistakes.append(Mistake(str(file), code, said))
        except _UnknownKindError as error:
            mistakes.append(Mistake(str(file), "unknown_kind", str(error)))
    mistakes += _twice(parts)
    if mistakes:
        raise RefusedError("invalid_files", _count(len(mistakes), "file cannot be used", "files cannot be used"), mistakes)
    return sorted(parts, key=lambda part: KINDS.index(part.kind))


def _files(paths: Sequence[Path]) -> list[Path]:
    """Those of a directory with all below it, but nothing hidden."""
    found = [file for path in paths for file in (_below(path) if path.is_dir() else [path])]
    if not found:
        raise WrongUseError(f"There is no .yaml, .yml or .json file in {', '.join(map(str, paths))}.")
    return list(dict.fromkeys(found))


def holds_files(folder: Path) -> bool:
    return next(_below(folder), None) is not None


def _below(folder: Path) -> Iterator[Path]:
    for file in sorted(folder.rglob("*")):
        hidden = any(part.startswith(".") for part in file.relative_to(folder).parts)
        if file.suffix in _ENDINGS and file.is_file() and not hidden:
            yield file


class _UnknownKindError(Exception):
    pass


def _parts(file: Path, value: object) -> list[Part]:
    if isinstance(value, list):
        return [_part(file, each, f"[{place}]") for place, each in enumerate(value)]
    return [_part(file, value, "")]


def _part(file: Path, value: object, place: str) -> Part:
    if not isinstance(value, dict):
        raise _UnknownKindError(f"{place or 'It'} is no automation, object, employee or record: those are objects with keys.")
    raw = {str(key): each for key, each in value.items()}
    kind = raw.pop("kind", None) or _kind(raw, file)
    if kind not in KINDS:
        raise _UnknownKindError(f"{place or 'It'} is of an unknown kind {kind!r}: kinds are {', '.join(KINDS)}.")
    return Part(kind, _name(kind, raw), raw, file, place)


def _kind(raw: Mapping[str, Any], file: Path) -> Kind:
    """By what it says; `kind:` says it outright."""
    if "api_name" in raw:
        told: list[Kind] = [kind for key, kind in _TOLD_BY.items() if key in raw]
        return told[0] if told else "automation"
    if raw.keys() <= _EMPLOYEE and ("roles" in raw or file.stem in ("team", "employees")):
        return "employee"
    return "business" if raw.keys() <= _BUSINESS and "timezone" in raw else "record"


def _name(kind: str, raw: Mapping[str, Any]) -> str:
    match kind:
        case "employee":
            return str(raw.get("email", ""))
        case "business":
            return "business"
        case "record":
            return str(raw.get("name", ""))
        case _:
            return str(raw.get("api_name", ""))


def _twice(parts: Sequence[Part]) -> Iterator[Mistake]:
    first: dict[tuple[Kind, str], Part] = {}
    for part in parts:
        known = first.setdefault((part.kind, part.name), part)
        if known is not part and part.kind != "record":
            yield part.mistake("", "duplicate_part", f"The {part.kind} {part.name} is in {known.file} already.")


def _count(count: int, one: str, several: str) -> str:
    return f"{count} {one if count == 1 else several}."
