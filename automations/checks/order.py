"""Variables are evaluated top to bottom, before the steps: one that uses a later one would find it blank."""

from collections.abc import Iterator

from automations.checks.draft import Draft
from automations.checks.sources import sources_of
from automations.problems import Problem, at
from automations.sources import VariableSource
from automations.steps.base import StepBase
from automations.steps.variables import InitializeVariable
from automations.templates import InvalidTemplateError, is_template, references


def variables_used_early(draft: Draft) -> Iterator[Problem]:
    set_at = {name: index for index, name in reversed([*enumerate(_names(draft))]) if name}
    for index, variable in enumerate(draft.variables):
        for place, name in _used(variable):
            if set_at.get(name, -1) >= index:
                when = "itself" if set_at[name] == index else f"{name}, which is set later"
                sentence = f"The variable uses {when}: put it below."
                yield Problem(path=f"variables[{index}].{place}", code="variable_used_before_set", sentence=sentence)


def _names(draft: Draft) -> Iterator[str | None]:
    for variable in draft.variables:
        yield variable.name if isinstance(variable, InitializeVariable) else getattr(variable, "variable", None)


def _used(variable: StepBase) -> Iterator[tuple[str, str]]:
    for place, source in sources_of(variable):
        if isinstance(source, VariableSource):
            yield at(place, "variable"), source.variable
    for place, text in variable.templates():
        yield from ((place, name) for name in _in_text(text))


def _in_text(text: str) -> list[str]:
    try:
        found = references(text) if is_template(text) else frozenset[tuple[str, ...]]()
    except InvalidTemplateError:
        return []  # has a problem of its own
    return sorted({name[1] for name in found if name[0] == "variables" and len(name) > 1})
