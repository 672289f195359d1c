"""What a document means: checks on the parsed tree, each a small function that yields problems.

docs/validation.md lists the codes.
"""

from collections.abc import Callable, Iterable, Mapping

from automations.checks.draft import Draft
from automations.checks.flow import loops_without_wait, unknown_targets, unreachable_steps
from automations.checks.identity import (
    duplicate_ids,
    duplicate_triggers,
    duplicate_variables,
    empty_automations,
    unknown_objects,
    webhook_records,
)
from automations.checks.lanes import go_to_across_lanes, lanes_write_same
from automations.checks.notifications import notified_owners
from automations.checks.order import variables_used_early
from automations.checks.sources import fixed_values
from automations.checks.texts import template_problems
from automations.checks.triggers import own_triggers, trigger_problems
from automations.checks.uses import unmet_needs, use_problems
from automations.document import AutomationDocument
from automations.fields import ObjectDefinition
from automations.problems import Problem

CHECKS: tuple[Callable[[Draft], Iterable[Problem]], ...] = (
    unknown_objects,
    duplicate_ids,
    duplicate_variables,
    duplicate_triggers,
    webhook_records,
    trigger_problems,
    own_triggers,
    notified_owners,
    unmet_needs,
    use_problems,
    fixed_values,
    template_problems,
    variables_used_early,
    unknown_targets,
    go_to_across_lanes,
    lanes_write_same,
    unreachable_steps,
    loops_without_wait,
    empty_automations,
)


def check_document(document: AutomationDocument, objects: Mapping[str, ObjectDefinition]) -> list[Problem]:
    """All that is wrong with a document that could be read; `objects` are those that exist, by api name."""
    return check_draft(Draft.of(document, objects))


def check_draft(draft: Draft) -> list[Problem]:
    """The same of what could be read, silent where an answer would hang on what could not."""
    return list(dict.fromkeys(problem for check in CHECKS for problem in check(draft)))
