"""Fixtures are in tests/fixtures, by the service that they bring."""

import signal

import structlog

pytest_plugins = [
    "deploy.pytest_exit",
    "tests.fixtures.postgres",
    "tests.fixtures.temporal",
    "tests.fixtures.services",
    "tests.fixtures.http",
    "tests.fixtures.api",
    "tests.fixtures.dated",
    "tests.fixtures.world",
]

# What structlog does by itself paints each traceback with all its locals, which takes seconds.
structlog.configure(
    processors=[
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.format_exc_info,
        structlog.processors.KeyValueRenderer(),
    ]
)

# A shell's background job ignores Ctrl-C, and so would every process that the tests start and interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
