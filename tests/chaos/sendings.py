"""What senders send byte by byte, and how they try to get it across."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Literal

STEPS = 20
"""Of an automation that is saved whole."""

Kind = Literal["webhook", "start", "save"]
Try = Literal["breaks off", "hangs up", "is answered"]
PLANS: Sequence[tuple[Try, ...]] = (
    ("breaks off",),
    ("breaks off", "breaks off", "is answered"),
    ("hangs up",),
    ("hangs up", "is answered"),
    ("breaks off", "hangs up", "is answered"),
    ("is answered",),
)


@dataclass(frozen=True)
class Sent:
    """One request under one key, and how its sender tries to get it across."""

    token: str
    kind: Kind
    plan: tuple[Try, ...]

    @property
    def method(self) -> str:
        return "PUT" if self.kind == "save" else "POST"

    @property
    def path(self) -> str:
        paths = {"webhook": "/webhooks/subject/form", "start": "/automations/subject/executions"}
        return paths.get(self.kind, f"/automations/{self.token}")

    @property
    def content_type(self) -> str:
        return "application/yaml" if self.kind == "save" else "application/json"

    @property
    def body(self) -> bytes:
        if self.kind == "save":
            return _yaml(self.token)
        given = {"token": self.token}
        return json.dumps({"variables": given} if self.kind == "start" else given).encode()

    @property
    def headers(self) -> dict[str, str]:
        return {"Content-Type": self.content_type, "Idempotency-Key": self.token}


def _yaml(name: str) -> bytes:
    """Each beginning of it that ends with a line is a document too."""
    steps = "".join(f"  - {{id: s{number}, type: delay, days: 1}}\n" for number in range(STEPS))
    return f"api_name: {name}\nname: Saved\nsteps:\n{steps}".encode()


def requests(random: Random, number: int) -> list[Sent]:
    kinds: Sequence[Kind] = ("webhook", "start", "save")
    return [Sent(f"sent-{place}", random.choice(kinds), random.choice(PLANS)) for place in range(number)]
