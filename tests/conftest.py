"""Fixtures are in tests/fixtures, by the service that they bring."""

import signal

pytest_plugins = [
    "deploy.pytest_exit",
    "tests.fixtures.postgres",
    "tests.fixtures.temporal",
    "tests.fixtures.http",
    "tests.fixtures.api",
    "tests.fixtures.dated",
    "tests.fixtures.world",
]

# A shell's background job ignores Ctrl-C, and so would every process that the tests start and interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
