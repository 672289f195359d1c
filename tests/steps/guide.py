"""Writes docs/steps.md: every step type with its contexts and options, each with the tests that run it through an execution.

`make docs` calls it. What is written comes from the models and from the marks of the tests.
"""

import importlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import get_args

from automations.steps import STEP_TYPES
from automations.steps.catalogue import StepType, step_types
from automations.steps.options import options_of
from tests.steps.elsewhere import ELSEWHERE
from tests.steps.house import Where
from tests.steps.showing import SHOWN, Shown, contexts_of

GUIDE = Path(__file__).parents[2] / "docs" / "steps.md"

_HEAD = """\
# Steps

<!-- Written by `make docs` from the models of the steps and the marks of the tests: not to be edited. -->

Every type of step, the automations in which it exists, and its options, each with the tests (in `tests/`) that run it through
real executions. What the options mean, with examples, is in [automations.md](automations.md) and [messages.md](messages.md);
`GET /step-types` answers this list with a JSON Schema of each. `option=value` is one of the values to choose from, `option.key` a
key inside it.

Contexts: **record** is an automation on records of any object, **contact** on those of an object with `contact: true`,
**pipeline** on those of an object with stages, **global** one without an object. What exists for any record exists for contacts
and pipelines too.

All steps take `id`, `description`, `skip`, `on_error` and `severity`; steps with paths also `skip_to`.

"""


def gathered() -> Sequence[Shown]:
    """The marks of all tests."""
    own = sorted(Path(__file__).parent.glob("test_*.py"))
    for module in [*(f"tests.steps.{file.stem}" for file in own), *ELSEWHERE]:
        importlib.import_module(module)
    return sorted(set(SHOWN), key=lambda shown: (shown.test, shown.options))


def guide(shown: Sequence[Shown]) -> str:
    listed = [f"[`{each.type}`](#{each.type})" for each in step_types()]
    return _HEAD + " · ".join(listed) + "\n" + "".join(_section(each, shown) for each in step_types())


def missing(shown: Sequence[Shown]) -> list[str]:
    """What no test shows."""
    return [gap for step_type in STEP_TYPES for gap in _gaps(step_type, [each for each in shown if each.type == step_type])]


def _gaps(step_type: str, shown: Sequence[Shown]) -> Iterator[str]:
    options = {option for each in shown for option in each.options}
    where = {context for each in shown for context in each.where}
    yield from (f"{step_type}: {option}" for option in options_of(STEP_TYPES[step_type]) if option not in options)
    yield from (f"{step_type} in a {context} automation" for context in contexts_of(step_type) if context not in where)


def _section(found: StepType, shown: Sequence[Shown]) -> str:
    own = [each for each in shown if each.type == found.type]
    options = options_of(STEP_TYPES[found.type])
    rows = [
        _row("the step itself", own),
        *(_row(f"`{name}`", [each for each in own if name in each.options]) for name in options),
    ]
    how = "an activity of its own" if found.reaches_outside else "a quick database step"
    return "\n".join(
        [
            f"\n## {found.type}\n",
            f"{found.description}\n",
            f"Exists in: {', '.join(contexts_of(found.type))}. Runs as {how}.\n",
            "| option | in | shown by |",
            "|---|---|---|",
            *rows,
            "",
        ]
    )


def _row(option: str, shown: Sequence[Shown]) -> str:
    contexts = [context for context in get_args(Where) if any(context in each.where for each in shown)]
    tests = dict.fromkeys(f"`{each.test}`" for each in shown)
    few = [*tests][:3] if option == "the step itself" else [*tests][:2]
    return f"| {option} | {', '.join(contexts)} | {'<br>'.join(few)} |"


if __name__ == "__main__":
    GUIDE.write_text(guide(gathered()), encoding="utf-8")
