"""Which kill switch stands in the way of which step."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from automations.kill_switches import KillSwitch, canonical_host, refusing_starts, standing_in_the_way

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def switch(scope: str = "all", key: str = "", number: int = 1, **parts: Any) -> KillSwitch:
    given = {"id": UUID(int=number), "mode": "hold", "set_by": "ada@example.com", "why": "it runs wild", "set_at": NOON}
    return KillSwitch.model_validate(given | {"scope": scope, "key": key} | parts)


def found(*switches: KillSwitch, **parts: Any) -> KillSwitch | None:
    step = {"automation": "demo", "step_type": "http_request", "hosts": ["api.example.com"], "created_at": NOON}
    return standing_in_the_way(switches, **(step | parts))


@pytest.mark.parametrize(
    ("scope", "key", "stands"),
    [
        ("all", "", True),
        ("automation", "demo", True),
        ("automation", "other", False),
        ("step_type", "http_request", True),
        ("step_type", "delay", False),
        ("host", "api.example.com", True),
        ("host", "API.Example.COM", True),
        ("host", "example.com", False),
        ("host", "*.example.com", True),
        ("host", "*.api.example.com", True),
        ("host", "*.le.com", False),
        ("host", "i.example.com", False),
    ],
)
def test_a_switch_stands_in_the_way_of_what_its_key_names(scope: str, key: str, stands: bool) -> None:
    standing = switch(scope, key)
    assert found(standing) == (standing if stands else None)


@pytest.mark.parametrize("host", ["API.EXAMPLE.COM", "api.example.com."])
def test_a_host_is_the_same_in_any_case_and_with_the_dot_of_the_root(host: str) -> None:
    assert found(switch("host", "api.example.com"), hosts=[host])


def test_a_step_that_calls_nobody_minds_no_host() -> None:
    assert found(switch("host", "*.example.com"), hosts=[]) is None


def test_cancel_comes_before_hold_and_then_the_older_one() -> None:
    held, later = switch(number=1), switch("automation", "demo", 2, set_at=NOON + timedelta(hours=1))
    assert found(later, held) == held
    canceling = switch("step_type", "http_request", 3, mode="cancel", set_at=NOON + timedelta(days=1))
    assert found(held, later, canceling) == canceling


def test_a_switch_that_a_limit_tripped_lets_older_executions_pass() -> None:
    tripped = switch("automation", "demo", created_after=NOON)
    assert found(tripped, created_at=NOON - timedelta(microseconds=1)) is None
    assert found(tripped, created_at=NOON) == tripped


@pytest.mark.parametrize(
    ("scope", "key", "mode", "refuses"),
    [
        ("all", "", "cancel", True),
        ("automation", "demo", "cancel", True),
        ("automation", "other", "cancel", False),
        ("all", "", "hold", False),
        ("step_type", "http_request", "cancel", False),
        ("host", "api.example.com", "cancel", False),
    ],
)
def test_only_what_would_end_the_whole_execution_refuses_its_start(scope: str, key: str, mode: str, refuses: bool) -> None:
    assert (refusing_starts([switch(scope, key, mode=mode)], "demo", NOON) is not None) == refuses


def test_the_story_says_what_it_is_for_who_set_it_when_and_why() -> None:
    said = "the kill switch for automation demo (set by ada@example.com at 2026-03-01 12:00:00 UTC: it runs wild)"
    assert switch("automation", "demo").story == said
    assert switch().name == "kill switch for everything"


@pytest.mark.parametrize(
    ("text", "host"),
    [
        (" API.Example.com. ", "api.example.com"),
        ("*.Example.com", "*.example.com"),
        ("localhost", "localhost"),
        ("10.0.0.1", "10.0.0.1"),
        ("[::1]", "::1"),
        ("bücher.example", "bücher.example"),
    ],
)
def test_a_host_is_kept_as_it_is_compared(text: str, host: str) -> None:
    assert canonical_host(text) == host


@pytest.mark.parametrize(
    "text", ["", ".", "*", "*.", "https://example.com", "example.com:443", "example.com/a", "a..b", "a b", "a.*.b", "x" * 254]
)
def test_what_no_host_could_be_is_none(text: str) -> None:
    assert canonical_host(text) is None
