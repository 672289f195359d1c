"""Modules of tests outside this package that also show options of steps, one a line."""

ELSEWHERE: tuple[str, ...] = (
    "tests.workflows.test_delays",
    "tests.workflows.test_goal_dates",
    "tests.workflows.test_goals",
    "tests.workflows.test_lanes",
    "tests.workflows.test_loops",
)
