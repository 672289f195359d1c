"""Records in files: each is found again by its email address, or else by its name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from automations.fields import ObjectDefinition
from cli.apply.changes import Change
from cli.apply.files import Part
from cli.apply.kinds import Things
from client import Client, Mistake

_ATTRIBUTES = ("name", "owner", "stage")


class RecordThings(Things):
    """Of the object that their file is named after: `leads.yaml` or `lead.yaml` holds leads; `object:` says it outright."""

    kind = "record"

    def __init__(self, client: Client, parts: Sequence[Part], objects: Mapping[str, ObjectDefinition]) -> None:
        super().__init__(client, parts)
        self._objects = objects

    def changes(self) -> Iterator[Change]:
        for part in self.parts:
            definition = self._object(part)
            if definition is None:
                said = f"There is no object {part.file.stem}: name the file after one, or say `object:` in each record."
                self.mistakes.append(part.mistake("object", "unknown_object", said))
            else:
                yield Change(self.kind, f"{definition.api_name} {part.name}", "upsert", after=_body(part, definition), part=part)

    def put(self, change: Change) -> Sequence[Mistake]:
        after = dict(change.after or {})
        self.client.put_record(after.pop("object"), after)
        return ()

    def _object(self, part: Part) -> ObjectDefinition | None:
        stem = str(part.raw.get("object", part.file.stem))
        return self._objects.get(stem) or self._objects.get(stem.removesuffix("s"))


def _body(part: Part, definition: ObjectDefinition) -> dict[str, Any]:
    attributes = {name: part.raw[name] for name in _ATTRIBUTES if name in part.raw}
    values = {key: value for key, value in part.raw.items() if key not in (*_ATTRIBUTES, "object")}
    emails = [field.name for field in definition.fields if field.type == "email" and values.get(field.name)]
    match = {emails[0]: values[emails[0]]} if emails else {"name": part.name}
    return {"object": definition.api_name, "match": match, **attributes, "values": values}
