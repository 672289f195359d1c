"""pytest plugin: the test run ends with its own exit code (see deploy/exits.py for why it might not).

In tests/conftest.py: `pytest_plugins = ["deploy.pytest_exit"]`.
"""

from __future__ import annotations

import pytest

from deploy import exits

_session = pytest.StashKey[pytest.Session]()


def pytest_sessionstart(session: pytest.Session) -> None:
    session.config.stash[_session] = session


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """Everything is reported and every fixture is closed by now."""
    session = config.stash.get(_session, None)
    if session is not None:
        exits.leave(int(session.exitstatus))
