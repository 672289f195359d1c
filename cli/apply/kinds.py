"""How each kind of thing is compared with what the gateway has, and how it is put there."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from pydantic import ValidationError

from automations.document import AutomationDocument
from automations.error_paths import problems_of
from automations.fields import ObjectDefinition
from automations.identity import with_kept_ids
from automations.parsing import parse_document
from automations.shape import given_ids
from cli.apply.changes import Change
from cli.apply.files import Kind, Part
from cli.apply.state import State
from cli.exits import RefusedError
from client import Client, Mistake, each
from client.models import AutomationView, EmployeeView, MessageTemplateView


class Things(ABC):
    """Those of one kind in a set of files. `mistakes` are what the gateway would refuse them for."""

    kind: ClassVar[Kind]

    def __init__(self, client: Client, parts: Sequence[Part]) -> None:
        self.client = client
        self.parts = [part for part in parts if part.kind == self.kind]
        self.mistakes: list[Mistake] = []

    @abstractmethod
    def changes(self) -> Iterator[Change]: ...

    @abstractmethod
    def put(self, change: Change) -> Sequence[Mistake]:
        """Answers what the gateway warns of besides."""

    def _change(self, part: Part, before: dict[str, Any] | None, after: dict[str, Any]) -> Change:
        action = "create" if before is None else "unchanged" if before == after else "update"
        return Change(self.kind, part.name, action, before, after, part=part)


class BusinessThings(Things):
    """What the file does not say stays as it is."""

    kind = "business"

    def changes(self) -> Iterator[Change]:
        for part in self.parts:
            before = self.client.get_business().model_dump(mode="json", by_alias=True)
            yield self._change(part, before, before | part.raw)

    def put(self, change: Change) -> Sequence[Mistake]:
        self.client.save_business(change.after or {})
        return ()


class ObjectThings(Things):
    kind = "object"

    def __init__(self, client: Client, parts: Sequence[Part]) -> None:
        super().__init__(client, parts)
        there = (_definition(found.model_dump(mode="json", by_alias=True)) for found in each(client.get_objects))
        self.there = {definition.api_name: definition for definition in there}
        self.wanted = {part.name: definition for part in self.parts if (definition := self._read(part))}

    @property
    def all(self) -> Mapping[str, ObjectDefinition]:
        """As they are after the apply."""
        return self.there | self.wanted

    def changes(self) -> Iterator[Change]:
        for part in self.parts:
            if part.name in self.wanted:
                before = self.there.get(part.name)
                yield self._change(part, _said(before) if before else None, _said(self.wanted[part.name]))

    def put(self, change: Change) -> Sequence[Mistake]:
        self.client.save_object(change.name, change.after or {})
        return ()

    def _read(self, part: Part) -> ObjectDefinition | None:
        try:
            return object_of(part)
        except RefusedError as refused:
            self.mistakes += refused.errors
            return None


def object_of(part: Part) -> ObjectDefinition:
    """Raises RefusedError with all mistakes."""
    try:
        return ObjectDefinition.model_validate(part.raw)
    except ValidationError as error:
        found = problems_of(error, part.raw, "", ObjectDefinition)
        mistakes = [part.mistake(problem.path, problem.code, problem.sentence) for problem in found]
        raise RefusedError("invalid_files", f"The object {part.name} has mistakes.", mistakes) from None


def _definition(found: Mapping[str, Any]) -> ObjectDefinition:
    return ObjectDefinition.model_validate({name: found[name] for name in ObjectDefinition.model_fields if name in found})


def _said(definition: ObjectDefinition) -> dict[str, Any]:
    return definition.model_dump(mode="json", by_alias=True, exclude_defaults=True)


class EmployeeThings(Things):
    kind = "employee"

    def changes(self) -> Iterator[Change]:
        there = {found.email: _employee(found) for found in each(self.client.get_employees)} if self.parts else {}
        for part in self.parts:
            if not part.name:
                self.mistakes.append(part.mistake("email", "missing_key", "An employee is known by an email address."))
                continue
            after = {"roles": [], "active": True, "phone": None, **part.raw}
            yield self._change(part, there.get(part.name.lower(), there.get(part.name)), after)

    def put(self, change: Change) -> Sequence[Mistake]:
        self.client.save_employee(change.name, {key: value for key, value in (change.after or {}).items() if key != "email"})
        return ()


def _employee(found: EmployeeView) -> dict[str, Any]:
    return found.model_dump(mode="json", include={"email", "name", "roles", "active", "phone"})


class MessageTemplateThings(Things):
    kind = "message_template"

    def changes(self) -> Iterator[Change]:
        there = {found.api_name: _texts(found) for found in each(self.client.list_message_templates)} if self.parts else {}
        for part in self.parts:
            after = {"subject": "", "body": "", "html": None, **part.raw}
            yield self._change(part, there.get(part.name), after)

    def put(self, change: Change) -> Sequence[Mistake]:
        texts = {key: value for key, value in (change.after or {}).items() if key != "api_name"}
        self.client.save_message_template(change.name, texts)
        return ()


def _texts(found: MessageTemplateView) -> dict[str, Any]:
    return found.model_dump(mode="json", include={"api_name", "channel", "name", "subject", "body", "html"})


class AutomationThings(Things):
    """Compared as the gateway would keep them: parts without an id keep the one they have there."""

    kind = "automation"

    def __init__(
        self, client: Client, parts: Sequence[Part], objects: Mapping[str, ObjectDefinition], state: State, *, force: bool
    ) -> None:
        super().__init__(client, parts)
        self._objects, self._state, self._force = objects, state, force
        self.there: dict[str, AutomationView] = {found.api_name: found for found in each(client.list_automations)}

    def changes(self) -> Iterator[Change]:
        for part in self.parts:
            parsed = parse_document(part.raw, self._objects)
            self.mistakes += [part.mistake(each.path, each.code, each.sentence) for each in parsed.errors]
            warnings = [part.mistake(each.path, each.code, each.sentence) for each in parsed.warnings]
            if parsed.document and not parsed.errors:
                yield self._compared(part, parsed.document, warnings)

    def _compared(self, part: Part, document: AutomationDocument, warnings: Sequence[Mistake]) -> Change:
        there = self.there.get(part.name)
        if there is None:
            return Change(self.kind, part.name, "create", None, document.as_json(), part=part, warnings=warnings)
        after = as_kept(document, there, part.raw).as_json()
        seen = self._state.seen(part.name)
        common = {"before": there.document, "after": after, "revision": there.revision, "part": part, "warnings": warnings}
        if after == there.document:
            return Change(self.kind, part.name, "unchanged", **common)
        if seen and seen.document != there.document and not self._force:
            return Change(self.kind, part.name, "conflict", seen=seen.document, **common)
        return Change(self.kind, part.name, "update", **common)

    def gone(self) -> Iterator[Change]:
        """What was applied from these files, is in them no more, and still there."""
        kept = {part.name for part in self.parts}
        for name in self._state.names:
            if name not in kept and (found := self.there.get(name)):
                yield Change(self.kind, name, "delete", found.document, revision=found.revision)

    def put(self, change: Change) -> Sequence[Mistake]:
        if change.action == "delete" or change.part is None:
            self.client.remove_automation(change.name, if_match=f'"{change.revision}"')
            self._state.forget(change.name)
            return ()
        view = self.client.put_automation(change.name, change.part.raw, last_revision=change.revision)
        self.saw(view)
        known = {each.code for each in change.warnings}
        return [change.part.mistake(each.path, each.code, each.sentence) for each in view.warnings if each.code not in known]

    def saw(self, view: AutomationView) -> None:
        self._state.see(view.api_name, view.revision, view.document)


def as_kept(document: AutomationDocument, there: AutomationView, raw: Mapping[str, Any]) -> AutomationDocument:
    """As a save would leave it: what it does not say about listening stays as it is."""
    if "active" not in document.model_fields_set:
        document = document.model_copy(update={"active": there.active})
    return with_kept_ids(document, AutomationDocument.model_validate(there.document), frozenset(given_ids(raw)))
