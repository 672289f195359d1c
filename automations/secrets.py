"""Secrets: texts that HTTP steps use by name, and that nobody reads."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from automations.nesting import walk
from automations.problems import at
from automations.templates import InvalidTemplateError, is_template, references

if TYPE_CHECKING:
    from automations.document import AutomationDocument

MIN_LENGTH = 4
"""Characters, blanks around them left out: taking a shorter one out of all texts would ruin them."""

MAX_BYTES = 64 * 1024


def named_secrets(document: "AutomationDocument") -> dict[str, list[str]]:
    """The paths that name each secret of the document, by the secret's name."""
    found: dict[str, list[str]] = {}
    for path, text in _texts(document):
        for name in _secrets_in(text):
            found.setdefault(name, []).append(path)
    return found


def _texts(document: "AutomationDocument") -> Iterator[tuple[str, str]]:
    for path, step in walk(document.steps, "steps"):
        for place, text in step.templates():
            yield at(path, place), text


def _secrets_in(text: str) -> list[str]:
    """Sorted."""
    if not is_template(text) or "secrets" not in text:
        return []
    try:
        return sorted(name[1] for name in references(text) if name[0] == "secrets")
    except InvalidTemplateError:
        return []  # the checks have said so
