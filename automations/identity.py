"""The ids of parts that their author gave none: the same from save to save, and never another part's."""

import json
from collections import defaultdict, deque
from collections.abc import Iterator
from typing import Any, cast

from automations.document import AutomationDocument
from automations.nesting import step_lists, without_steps

_LISTS = ("triggers", "variables", "steps")


def with_kept_ids(document: AutomationDocument, before: AutomationDocument, given: frozenset[str]) -> AutomationDocument:
    """The document with the ids of the revision before for the parts that say the same.

    `given` are the ids that its author wrote; one that a go-to names counts as written. A part that says something new gets an id
    that the revision before has not: an execution that waits at a step must not take another one for it.
    """
    raw = document.as_json()
    given = given | {part["step"] for part in _parts(raw) if part.get("type") == "go_to_step"}
    kept: defaultdict[str, deque[str]] = defaultdict(deque)
    for part in _parts(before.as_json()):
        if part["id"] not in given:
            kept[_said(part)].append(part["id"])
    taken = {part["id"] for part in _parts(before.as_json())} | given
    for part in _parts(raw):
        if part["id"] not in given:
            same = kept[_said(part)]
            part["id"] = same.popleft() if same else _free(part["id"], taken)
            taken.add(part["id"])
    return AutomationDocument.model_validate(raw)


def _parts(raw: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Triggers, variables and steps, in the order of the document."""
    waiting = deque(part for name in _LISTS for part in raw.get(name, []))
    while waiting:
        part = waiting.popleft()
        yield part
        below = [cast(dict[str, Any], step) for _, steps in step_lists(part) for step in steps]
        waiting.extendleft(reversed(below))


def _said(part: dict[str, Any]) -> str:
    return json.dumps({key: value for key, value in without_steps(part).items() if key != "id"}, sort_keys=True)


def _free(id: str, taken: set[str]) -> str:
    stem, count = id.rsplit("-", 1)[0], 1
    while f"{stem}-{count}" in taken:
        count += 1
    return f"{stem}-{count}"
