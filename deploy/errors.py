"""What can go wrong with local services. Each message is one sentence that a person can act on.

LocalServiceError
├── MissingToolError     nothing of the chain worked; says what to install
├── ServiceStartError    it was found, and ended or never answered; carries the end of its log
└── AlreadyRunningError  another process holds this folder

Standard library only: `make clean` reads the lock before anything is installed.
"""

from __future__ import annotations


class LocalServiceError(Exception):
    """A local service can't be had; the message is for the person at the terminal."""


class MissingToolError(LocalServiceError):
    """No way of the chain led to the tool."""


class ServiceStartError(LocalServiceError):
    """The service ended, or did not answer in time."""

    def __init__(self, service: str, reason: str, log_tail: str = "") -> None:
        self.service, self.reason, self.log_tail = service, reason, log_tail
        super().__init__(f"{service} did not start: {reason}" + (f"\n{log_tail}" if log_tail else ""))


class AlreadyRunningError(LocalServiceError):
    """The folder is in use by the process `pid`, which can be reached at `addresses`."""

    def __init__(self, folder: str, pid: int | None, addresses: dict[str, str]) -> None:
        self.pid, self.addresses = pid, addresses
        where = "".join(f"\n  {name}: {address}" for name, address in addresses.items())
        who = f" (process {pid})" if pid else ""
        super().__init__(f"Everstep is already running in {folder}{who}; stop that one with Ctrl-C first.{where}")
