"""A house that tests of steps share: one worker, one database, a few objects; each test brings its own automation and records."""

import itertools
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID

from automations.fields import ObjectDefinition
from store.objects import put_object, read_object
from store.records import archive_record, create_record, read_record
from store.team import put_employee
from tests.builders import Json
from tests.engine import Engine, until

Where = Literal["record", "global", "contact", "pipeline"]
"""The automation works on a record of `account`, of `person` (a contact), of `deal` (with stages), or on none."""

_OBJECT_OF: dict[Where, str] = {"record": "account", "contact": "person", "pipeline": "deal"}

_PLAIN: list[Json] = [
    {"name": "status", "type": "text"},
    {"name": "seats", "type": "integer"},
    {"name": "score", "type": "decimal", "scale": 2},
    {"name": "budget", "type": "money"},
    {"name": "country", "type": "dropdown", "options": ["DE", "AT", "CH", "US"]},
    {"name": "channels", "type": "checkboxes", "options": ["mail", "phone", "post"]},
    {"name": "labels", "type": "tags"},
    {"name": "due", "type": "date"},
    {"name": "seen", "type": "datetime"},
    {"name": "vip", "type": "yes_no"},
    {"name": "notes", "type": "longtext"},
    {"name": "email", "type": "email"},
    {"name": "phone", "type": "phone"},
    {"name": "papers", "type": "files"},
    {"name": "manager", "type": "team_selector"},
    {"name": "team", "type": "team_selector", "many": True},
]

OBJECTS: list[Json] = [
    {
        "api_name": "account",
        "name": "Account",
        "fields": [
            *_PLAIN,
            {"name": "parent", "type": "relationship", "object": "account"},
            {"name": "people", "type": "relationship", "object": "person", "many": True},
        ],
    },
    {
        "api_name": "person",
        "name": "Person",
        "contact": True,
        "fields": [
            *_PLAIN,
            {"name": "private_email", "type": "email"},
            {"name": "mobile", "type": "phone"},
            {"name": "company", "type": "relationship", "object": "account"},
            {"name": "friend", "type": "relationship", "object": "person"},
        ],
    },
    {
        "api_name": "deal",
        "name": "Deal",
        "stages": ["New", "Demo", "Won", "Lost"],
        "fields": [
            *_PLAIN,
            {"name": "company", "type": "relationship", "object": "account"},
            {"name": "buyer", "type": "relationship", "object": "person"},
        ],
    },
]


@dataclass(frozen=True)
class Run:
    """An execution that is over or stands still: its row, its step runs in order, and its record as it is now."""

    id: UUID
    row: Any
    steps: list[Any]
    record: Any | None

    @property
    def variables(self) -> Json:
        return self.row["variables"]

    @property
    def fields(self) -> Json:
        assert self.record
        return self.record["field_values"]

    def step(self, id: str) -> Any:
        """Its last run."""
        return [step for step in self.steps if step["step_id"] == id][-1]

    def output(self, id: str) -> Json:
        return self.step(id)["output"]

    @property
    def error(self) -> tuple[str, str]:
        """Code and sentence of the last step that failed."""
        found = [step["error"] for step in self.steps if step["error"]][-1]
        return found["code"], found["sentence"]


class House:
    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.database = engine.database
        self._numbers = itertools.count(1)

    async def furnish(self) -> None:
        async with self.database.transaction() as connection:
            for definition in OBJECTS:
                await put_object(connection, ObjectDefinition.model_validate(definition))

    def name(self, prefix: str = "s") -> str:
        """One that nobody else has."""
        return f"{prefix}-{next(self._numbers)}"

    async def put(
        self, object: str, name: str | None = None, *, stage: str | None = None, owner: Any = None, **values: Any
    ) -> str:
        """The id of a new record."""
        async with self.database.transaction() as connection:
            stored = await read_object(connection, object)
            assert stored
            row = await create_record(
                connection,
                stored,
                name=name or self.name("Record"),
                values=values,
                stage=stage,
                owner=owner,
                now=datetime.now(UTC),
            )
            return str(row["id"])

    async def employ(self, name: str | None = None, *roles: str, active: bool = True, phone: str | None = None) -> Any:
        """The row of a new employee."""
        name = name or self.name("Member")
        async with self.database.transaction() as connection:
            address = f"{name.lower().replace(' ', '.')}@example.com"
            return await put_employee(connection, address, name=name, roles=list(roles), active=active, phone=phone)

    async def archive(self, record_id: str) -> None:
        async with self.database.connection() as connection:
            await archive_record(connection, UUID(record_id), now=datetime.now(UTC))

    async def record(self, record_id: str | UUID) -> Any:
        async with self.database.connection() as connection:
            return await read_record(connection, UUID(str(record_id)))

    async def save(self, where: Where, *steps: Json, **parts: Any) -> str:
        """The api_name of a new active automation with these steps, or those under a name that `parts` give."""
        api_name = parts.pop("api_name", None) or self.name()
        if where != "global":
            parts["object"] = _OBJECT_OF[where]
        await self.engine.save(api_name=api_name, name=api_name, steps=list(steps), **parts)
        return api_name

    async def start(self, where: Where, api_name: str, record: str | None = None, **cause: Any) -> UUID:
        """On that record, or on a new one."""
        if where != "global" and record is None:
            record = await self.put(_OBJECT_OF[where])
        return await self.engine.start(api_name, UUID(record) if record else None, **cause)

    async def run(
        self,
        where: Where,
        *steps: Json,
        record: str | None = None,
        ends: str = "completed",
        cause: Json | None = None,
        **parts: Any,
    ) -> Run:
        """Runs an automation with these steps until it is in the state that it `ends` in: "completed", "paused", …"""
        execution = await self.start(where, await self.save(where, *steps, **parts), record, **(cause or {}))
        return await self.come_to(execution, ends)

    async def come_to(self, execution: UUID, state: str) -> Run:
        """What it is once it is in that state."""
        if state in ("completed", "canceled", "failed"):
            await self.engine.ended(execution, state)
        else:
            await self.engine.in_state(execution, state)
        return await self.look(execution)

    async def look(self, execution: UUID) -> Run:
        row = await self.engine.execution(execution)
        record = await self.record(row["record_id"]) if row["record_id"] else None
        return Run(execution, row, await self.engine.steps(execution), record)

    async def failure(self, where: Where, *steps: Json, **parts: Any) -> tuple[str, str]:
        """Code and sentence of the expected failure on which an execution of these steps comes to stand."""
        run = await self.run(where, *steps, ends="paused", **parts)
        assert run.row["pause_reason"] in ("error", "condition_error"), run.row["pause_reason"]
        return run.error

    async def events(self, record_id: str | UUID, kind: str | None = None) -> list[Any]:
        """Of a record, in order."""
        sql = "select * from events where record_id = $1 and ($2::text is null or kind = $2) order by number"
        async with self.database.connection() as connection:
            return await connection.fetch(sql, UUID(str(record_id)), kind)

    async def fetch(self, sql: str, *values: Any) -> list[Any]:
        async with self.database.connection() as connection:
            return await connection.fetch(sql, *values)

    async def until(self, sql: str, *values: Any) -> list[Any]:
        """Rows of a query, once there are some."""
        return await until(lambda: self.fetch(sql, *values), says=sql)
