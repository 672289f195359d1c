"""Variables and sources that nobody asks, and results that may be missing."""

from collections.abc import Iterator

from automations.checks.sources import sources_of
from automations.lint.subject import Subject, hint, warning
from automations.problems import Problem, at
from automations.scalars import is_blank
from automations.sources import Source, StaticSource
from automations.steps.variables import InitializeVariable, UpdateVariable
from automations.templates import is_template


def unused_variable(subject: Subject) -> Iterator[Problem]:
    """A required one stops what lacks it, and so is of use without being read."""
    if any(read is None for _, read in subject.reads):
        return
    read = {name for _, names in subject.reads for name in names or ()}
    for path, variable in subject.variables:
        if isinstance(variable, InitializeVariable) and not variable.required and ("variable", variable.name) not in read:
            yield hint(path, "unused_variable", f"Nothing reads the variable {variable.name}.")


def unreachable_source(subject: Subject) -> Iterator[Problem]:
    for path, step in (*subject.variables, *subject.steps):
        if isinstance(step, InitializeVariable | UpdateVariable):
            sources = [source for _, source in sources_of(step)]
            fixed = next((index for index, source in enumerate(sources[:-1]) if _is_never_blank(source)), None)
            if fixed is not None:
                sentence = "It is never asked: the fixed value above it is there always."
                yield warning(at(path, f"sources[{fixed + 1}]"), "unreachable_source", sentence)


def _is_never_blank(source: Source) -> bool:
    if not isinstance(source, StaticSource) or is_blank(source.static):
        return False
    return not (isinstance(source.static, str) and is_template(source.static))


def silent_but_used(subject: Subject) -> Iterator[Problem]:
    later = [read for _, read in subject.reads[len(subject.variables) :]]
    for place, (path, step) in enumerate(subject.steps, start=1):
        if step.on_error != "continue_silently":
            continue
        read = frozenset[tuple[str, str]]().union(*(names or () for names in later[place:]))
        for _, name in sorted({each for each in step.writes() if each[0] == "variable"} & read):
            sentence = f"If it fails nobody hears of it, and later steps read {name} as it was before: pause, or go on aloud."
            yield warning(at(path, "on_error"), "silent_but_used", sentence)
