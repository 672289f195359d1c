"""What works, and may still be meant otherwise or be said better: checks of design, each a small function that yields findings.

They are of documents without mistakes. A `warning` is nearly always a slip; a `hint` is advice. docs/lint.md lists the codes.
"""

from collections.abc import Callable, Iterable

from automations.document import AutomationDocument
from automations.lint.changes import merge_changes, overwritten_at_once
from automations.lint.conditions import empty_paths, repeated_condition, same_paths
from automations.lint.filters import always_true, never_true, repeated_filter
from automations.lint.flow import deep_nesting, delay_chain, goal_without_timeout, needless_go_to, no_way_out, single_lane
from automations.lint.subject import Subject
from automations.lint.telling import no_description, nobody_told, skipped_part, stop_without_reason
from automations.lint.texts import fixed_id, fixed_person, secret_in_text, unencrypted_call
from automations.lint.triggers import noisy_trigger, open_webhook, regular_bulk, schedule_without_filter
from automations.lint.values import silent_but_used, unreachable_source, unused_variable
from automations.problems import Problem

LINTS: tuple[Callable[[Subject], Iterable[Problem]], ...] = (
    no_description,
    nobody_told,
    open_webhook,
    noisy_trigger,
    schedule_without_filter,
    regular_bulk,
    deep_nesting,
    delay_chain,
    single_lane,
    needless_go_to,
    no_way_out,
    goal_without_timeout,
    stop_without_reason,
    skipped_part,
    empty_paths,
    same_paths,
    repeated_condition,
    never_true,
    always_true,
    repeated_filter,
    merge_changes,
    overwritten_at_once,
    unused_variable,
    unreachable_source,
    silent_but_used,
    secret_in_text,
    unencrypted_call,
    fixed_person,
    fixed_id,
)
"""Named like the codes of what they find."""


def lint(document: AutomationDocument) -> list[Problem]:
    subject = Subject(document)
    return list(dict.fromkeys(problem for check in LINTS for problem in check(subject)))
