"""`everstep dry-run`: what an automation would do, without doing it."""

from __future__ import annotations

from typing import Any

from rich.text import Text

from automations.reading import read_yaml
from cli.executions.filters import moment
from cli.exits import AT_REST, DONE, ENDED_BADLY
from cli.output import Output, words
from cli.output import moment as shown
from cli.parameters import File, Variables
from cli.records_named import pairs, record_id
from cli.session import SessionParameter
from client.models import DryRunView

_CODES = {"completed": DONE, "failed": ENDED_BADLY, "canceled": ENDED_BADLY, "paused": AT_REST, "stopped": AT_REST}


def dry_run(
    name: str, /, *, record: str | None = None, variable: Variables = None,
    at: str | None = None, file: File = None,
    answer: list[str] | None = None, choose: list[str] | None = None, session: SessionParameter,
) -> int:  # fmt: skip
    """Show what an automation would do, without doing it.

    Its steps are run and everything is taken back: nothing is changed, sent, called or started.
    Exit code 0: it would complete, 1: fail or be canceled, 3: pause for a person.

    Examples:

    - `everstep dry-run score-lead --record email=ada@analytical.example`
    - `everstep dry-run score-lead -f score-lead.yaml --answer 'ask={status: 503}' --choose booked=met`

    Parameters
    ----------
    record
        Its id, or a field of it, as in `email=ada@example.com`.
    at
        When it would start: a time; without it now.
    file
        A document to try in place of the saved one.
    answer
        `step=…`: what an outside call is answered, as `{status: 200, body: {…}}` or `{fails: a sentence}`.
    choose
        `step=path`: yes or no of a condition, met or not_met of a goal.
    """
    client = session.client
    body: dict[str, Any] = {"variables": pairs(variable or [], "variable")}
    body |= {"answers": pairs(answer or [], "answer"), "choices": pairs(choose or [], "choose")}
    document: Any = read_yaml(file.read_text(encoding="utf-8")) if file else None
    if record is not None:
        object = document.get("object") if document else client.get_automation(name).object
        body["record_id"] = str(record_id(client, object, record))
    body |= ({"at": moment(at)} if at else {}) | ({"document": document} if document else {})
    view = client.run_dry(name, body)
    _show(view, session.output)
    return _CODES[view.outcome]


def _show(view: DryRunView, output: Output) -> None:
    if output.json:
        output.value(view)
        return
    for run in view.timeline:
        said = words(run.error["sentence"]) if run.error else words(run.output.get("changed", run.output))[:160]
        line = Text.assemble((shown(run.started_at), "dim"), f"  {run.step_id}  ", (run.step_type, "dim"), f"  {run.description}")
        output.console.print(line.append(f"  → {said}" if said else ""), soft_wrap=True)
    for heading, lines in _told(view).items():
        if lines:
            output.say(heading, "bold")
            for line in lines:
                output.console.print(f"  {line}", markup=False, soft_wrap=True)
    output.console.print(
        f"It would end {view.outcome}: {view.reason}" if view.reason else f"It would end {view.outcome}.", markup=False
    )


def _told(view: DryRunView) -> dict[str, list[str]]:
    return {
        "Fields": [f"{each.field}: {words(each.before) or '–'} → {words(each.after) or '–'}" for each in view.field_changes],
        "Would leave the house": [
            f"{each.step_id}: {each.says}{' (answer assumed)' if each.assumed else ''}" for each in view.would
        ],
        "Warnings": view.warnings,
    }
