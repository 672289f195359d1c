"""`everstep apply`: files become what the gateway has, after a look at what would change."""

from __future__ import annotations

from collections.abc import Sequence

from cli.apply.changes import Change, show_plan
from cli.apply.files import Part, read_parts
from cli.apply.ids import write_ids
from cli.apply.kinds import AutomationThings, BusinessThings, EmployeeThings, MessageTemplateThings, ObjectThings, Things
from cli.apply.records import RecordThings
from cli.apply.state import State
from cli.exits import DONE, RefusedError
from cli.parameters import Files, Flag, Yes
from cli.session import Session, SessionParameter
from client import Mistake, ProblemError
from client.models import AutomationView

_CHANGED_SINCE = "revision_changed"


def apply(
    *,
    file: Files,
    dry_run: Flag = False,
    yes: Yes = False,
    force: Flag = False,
    prune: Flag = False,
    records: Flag = False,
    write_ids: Flag = False,
    session: SessionParameter,
) -> int:
    """Bring automations, objects and employees to what files say.

    Shows what would change and asks. Files are checked as a whole before anything is saved. Applied twice, the second time
    changes nothing. What an apply last saw is kept in `.everstep-state.json` beside the files: an automation that was edited
    elsewhere since then is shown with that edit and left as it is, and nothing is applied, unless --force is said.

    Which kind a file is shows in what it says (`fields`: an object; `email` and `roles`: an employee; `steps`: an automation;
    anything else: a record of the object that the file is named after); `kind:` says it outright.

    Examples:

    - `everstep apply -f automations/`
    - `everstep apply -f demo-request.yaml --dry-run`
    - `everstep apply -f automations/ --yes --prune` (in CI)

    Parameters
    ----------
    dry_run
        Show the plan only. Exit code 4 if it could not be applied.
    yes
        Do not ask.
    force
        Also overwrite what was edited elsewhere.
    prune
        Delete automations that were applied from these files before and are in them no more.
    records
        Also create or change the records of the files.
    write_ids
        Write the ids that steps were given back into the files.
    """
    parts = read_parts(file)
    state = State.beside(file, session.client.url)
    changes, things = _plan(session, parts, state, force=force, prune=prune, records=records)
    if not (session.output.json and not dry_run):
        show_plan(changes, session.output)
    _require_no_conflict(changes)
    if not dry_run:
        _carry_out(session, changes, things, state, yes=yes)
        if write_ids:
            _write_ids(session, parts)
        if session.output.json:
            show_plan(changes, session.output)
    return DONE


def _plan(
    session: Session, parts: Sequence[Part], state: State, *, force: bool, prune: bool, records: bool
) -> tuple[list[Change], dict[str, Things]]:
    """Raises RefusedError with all mistakes of all files."""
    client = session.client
    objects = ObjectThings(client, parts)
    automations = AutomationThings(client, parts, objects.all, state, force=force)
    others: list[Things] = [EmployeeThings(client, parts), MessageTemplateThings(client, parts)]
    all_things: list[Things] = [BusinessThings(client, parts), objects, *others, automations]
    if records:
        all_things.append(RecordThings(client, parts, objects.all))
    elif skipped := sum(part.kind == "record" for part in parts):
        session.output.note(f"{skipped} records are left out: --records takes them too.")
    changes = [change for things in all_things for change in things.changes()]
    mistakes = [mistake for things in all_things for mistake in things.mistakes]
    if mistakes:
        several = f"{len(mistakes)} mistake{'s' * (len(mistakes) != 1)}"
        raise RefusedError("invalid_files", f"The files have {several}; nothing was applied.", mistakes)
    gone = list(automations.gone()) if prune else []
    return [*changes, *gone], {things.kind: things for things in all_things}


def _require_no_conflict(changes: Sequence[Change]) -> None:
    edited = [change.name for change in changes if change.action == "conflict"]
    if edited:
        raise RefusedError(
            "edited_elsewhere",
            f"Edited elsewhere since the last apply: {', '.join(edited)}. Nothing was applied: "
            "`everstep export` takes the edits into your files, --force overwrites them.",
        )


def _carry_out(session: Session, changes: Sequence[Change], things: dict[str, Things], state: State, *, yes: bool) -> None:
    """What was applied is remembered also where a later thing is refused."""
    todo = [change for change in changes if change.is_change]
    automations = things["automation"]
    assert isinstance(automations, AutomationThings)
    if todo and not session.output.confirm(f"Apply {len(todo)} change{'s' * (len(todo) != 1)}?", yes=yes):
        raise RefusedError("not_confirmed", "Nothing was applied.")
    try:
        for change in todo:
            warned = _put(things[change.kind], change)
            session.output.say(f"[green]✓[/] {change.kind} {change.name}")
            for each in warned:
                session.output.note(f"  {each.path}: {each.sentence} ({each.code})")
        for change in changes:
            if change.kind == "automation" and change.action == "unchanged":
                automations.saw(automations.there[change.name])
    finally:
        if any(change.kind == "automation" for change in changes):
            state.keep()


def _put(things: Things, change: Change) -> Sequence[Mistake]:
    try:
        return things.put(change)
    except ProblemError as error:
        if error.code == _CHANGED_SINCE:
            raise RefusedError("edited_elsewhere", f"{change.name} was edited a moment ago: look at the plan again.") from error
        where = f"{change.part.file}: " if change.part else ""
        raise RefusedError(error.code, f"{where}{error.detail}", error.errors) from error


def _write_ids(session: Session, parts: Sequence[Part]) -> None:
    for part in parts:
        if part.kind == "automation" and not part.place:
            saved: AutomationView = session.client.get_automation(part.name)
            if write_ids(part.file, saved.document):
                session.output.say(f"[green]✓[/] ids written into {part.file}")
