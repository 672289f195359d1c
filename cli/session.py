"""What every command is given: the gateway's client, and where to print."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated

from cyclopts import Parameter

from cli.output import Output
from cli.profiles import Target, target
from client import Client


class Session:
    """`url` and `profile` are as on the command line; the client is made when it is first asked for."""

    def __init__(self, *, json: bool = False, url: str | None = None, profile: str | None = None) -> None:
        self.url, self.profile = url, profile
        self.output = Output(json=json)

    @cached_property
    def target(self) -> Target:
        return target(self.profile, self.url)

    @cached_property
    def client(self) -> Client:
        return Client(self.target.url, self.target.key)

    def close(self) -> None:
        if "client" in self.__dict__:
            self.client.close()


SessionParameter = Annotated[Session, Parameter(parse=False)]
