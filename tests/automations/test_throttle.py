"""Quiet windows."""

from datetime import timedelta

import pytest

from automations.parsing import parse_document
from automations.throttle import quiet_window
from tests.builders import document, webhook


@pytest.mark.parametrize(
    ("of_trigger", "of_automation", "window"),
    [
        (None, None, None),
        (None, "30s", timedelta(seconds=30)),
        ("15m", "30s", timedelta(minutes=15)),
        ("12h", None, timedelta(hours=12)),
        ("2d", None, timedelta(days=2)),
        ("off", "30s", None),
    ],
)
def test_the_trigger_s_own_window_says_more_than_the_automation_s(
    of_trigger: str | None, of_automation: str | None, window: timedelta | None
) -> None:
    assert quiet_window(of_trigger, of_automation) == window


@pytest.mark.parametrize("said", ["30", "0s", "1.5h", "-1m", "a day", 30])
def test_what_is_no_window_is_refused_with_its_path(said: object) -> None:
    parsed = parse_document(document(throttle=said, triggers=[webhook(throttle=said)]), {})
    assert {problem.path for problem in parsed.problems if problem.severity == "error"} == {"throttle", "triggers[0].throttle"}
