"""Fixtures are in tests/fixtures, by the service that they bring."""

pytest_plugins = [
    "deploy.pytest_exit",
    "tests.fixtures.postgres",
    "tests.fixtures.temporal",
    "tests.fixtures.api",
    "tests.fixtures.http",
]
