"""Fixtures are in tests/fixtures, by the service that they bring."""

import os
import signal
import sys

import structlog

pytest_plugins = [
    "deploy.pytest_exit",
    "tests.fixtures.postgres",
    "tests.fixtures.temporal",
    "tests.fixtures.services",
    "tests.fixtures.held",
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

# Without kept bytecode each execution in the sandbox, and each process that a test starts, compiles its modules anew.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# A shell's background job ignores Ctrl-C, and so would every process that the tests start and interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
