"""`python -m tests.chaos.poison_batch`: events that break their evaluation among good ones, while workers are killed.

Each good event is evaluated once. The poisoned ones are set aside or wait, whatever they break by, and are evaluated once as well
when the cause is gone.
"""

import argparse
import asyncio
import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from uuid import UUID

from activities.settings import Settings
from automations.document import AutomationDocument
from automations.fields import ObjectDefinition
from benchmarks.running import servers
from deploy.exits import run
from deploy.progress import elapsed, say
from store.automations import create_automation
from store.database import Connection, Database
from store.ids import new_id
from store.objects import put_object
from store.records import create_record
from tests.chaos.relay import Ledger, print_ledger
from tests.engine import until
from tests.workflows.processes import worker_processes

_PATIENCE_SECONDS = 300
_STATEMENT = """
    create function poison() returns trigger language plpgsql as $$
    declare way text := (select payload -> 'new' ->> 'status' from events where id = new.event_id);
    begin
        if not exists (select from poisonous where ways ? way) then return new; end if;
        case way
            when 'locks' then perform pg_advisory_xact_lock(n) from generate_series(1, 200000) n;
            when 'time-out' then perform pg_sleep(60);
            when 'violated' then raise exception 'violated' using errcode = '23514';
            when 'killed' then perform pg_terminate_backend(pg_backend_pid());
            else null;
        end case;
        return new;
    end $$;
    create trigger poison before insert on evaluations for each row execute function poison();

    create function poison_late() returns trigger language plpgsql as $$
    declare way text := (select payload -> 'new' ->> 'status' from events where id = new.event_id);
    begin
        if way = 'deferred' and exists (select from poisonous where ways ? way) then raise exception 'too late'; end if;
        return new;
    end $$;
    create constraint trigger poison_late after insert on evaluations deferrable initially deferred
        for each row execute function poison_late();
"""
WAYS = ("locks", "violated", "deferred", "killed", "time-out")
"""What an event may break by; the last one takes five seconds each time that it is met."""

UNREADABLE = "unreadable"
"""An automation that is saved by a newer release."""


def parsed_options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.poison_batch", description=__doc__)
    parser.add_argument("--events", type=int, default=1_500)
    parser.add_argument("--poisoned", type=int, default=2, help="of each way")
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--seed", type=int, default=int(os.environ.get("CHAOS_SEED") or Random().randrange(10**6)))
    parser.add_argument("--ways", nargs="+", default=WAYS, choices=WAYS)
    return parser.parse_args(arguments)


@dataclass(frozen=True)
class Subject:
    """A database with records, and two automations that answer their changes: one of them is of a newer release."""

    database: Database
    records: Sequence[UUID]

    @classmethod
    async def make(cls, database: Database) -> "Subject":
        async with database.transaction() as connection:
            fields = [{"name": "status", "type": "text"}]
            definition = {"api_name": "lead", "name": "Lead", "fields": fields}
            stored = await put_object(connection, ObjectDefinition.model_validate(definition))
            now = datetime.now(UTC)
            records = [await create_record(connection, stored, name=f"Lead {number}", values={}, now=now) for number in range(50)]
            for api_name in ("good", UNREADABLE):
                await _automation(connection, api_name, stored.id)
            await connection.execute("update events set evaluated_at = event_at")
            await connection.execute("create table poisonous (ways jsonb); insert into poisonous values ('[]')")
            await connection.execute(_STATEMENT)
        return cls(database, [record["id"] for record in records])

    async def poison(self, ways: Sequence[str]) -> None:
        async with self.database.connection() as connection:
            await connection.execute("update poisonous set ways = $1", list(ways))
            change = 'definition || \'{"mood": "sunny"}\'' if ways else "definition - 'mood'"
            await connection.execute(
                f"update listeners set definition = {change}"
                " where automation_id = (select id from automations where api_name = $1)",
                UNREADABLE,
            )
            if not ways:
                await connection.execute("update events set retry_at = now() where retry_at is not null")

    async def tell(self, statuses: Sequence[str], random: Random) -> None:
        async with self.database.connection() as connection:
            await connection.execute(
                """
                insert into events (id, kind, record_id, event_at, payload, priority)
                select id, 'field_updated', record_id, now(), jsonb_build_object(
                    'old', '{"status": null}'::jsonb, 'new', jsonb_build_object('status', status)
                ), priority
                from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[]) as t (id, record_id, status, priority)
                """,
                [new_id() for _ in statuses],
                [random.choice(self.records) for _ in statuses],
                statuses,
                [random.choice(("regular", "low")) for _ in statuses],
            )

    async def count(self, condition: str) -> int:
        async with self.database.connection() as connection:
            return await connection.fetchval(f"select count(*) from events e where {condition}")


async def _automation(connection: Connection, api_name: str, object_id: UUID) -> None:
    document = {
        "api_name": api_name,
        "name": api_name,
        "object": "lead",
        "active": True,
        "triggers": [{"id": "t", "type": "field_updated", "field": "status"}],
        "steps": [{"id": "end", "type": "stop_execution", "action": "complete"}],
    }
    await create_automation(connection, AutomationDocument.model_validate(document), object_id)


async def poisoned_under_kills(options: argparse.Namespace, folder: Path) -> Ledger:
    """Starts services of its own on the loopback, and ends them."""
    random = Random(options.seed)
    async with servers(folder) as there:
        settings = there.settings.model_copy(update={"max_starts_per_minute": 10**6})
        database = await _connected(settings)
        subject = await Subject.make(database)
        await subject.poison(options.ways)
        bad = [way for way in options.ways for _ in range(options.poisoned)]
        statuses = [*("good" for _ in range(options.events - len(bad))), *bad]
        random.shuffle(statuses)
        async with worker_processes(settings, there.temporal.address, folder) as start:
            workers = [start(), start()]
            await subject.tell(statuses, random)
            for kill in range(options.kills):
                wanted = (kill + 1) * options.events // (options.kills + 2)
                await until(
                    lambda wanted=wanted: _has_evaluated(subject, wanted), seconds=_PATIENCE_SECONDS, says=f"{wanted:,} events"
                )
                say(f"A worker is killed after {await subject.count('e.evaluated_at > e.event_at'):,} events.")
                await workers.pop(random.randrange(2)).kill()
                workers.append(start())
            good = "e.evaluated_at is null and e.payload -> 'new' ->> 'status' = 'good'"
            await until(lambda: _is_none(subject, good), seconds=_PATIENCE_SECONDS, says="the good ones are evaluated")
            await until(
                lambda: _is_none(subject, "e.evaluated_at is null and e.retry_at is null"),
                seconds=_PATIENCE_SECONDS, says="the poisoned ones are set aside",
            )  # fmt: skip
            lines = {
                "good events while others are poisonous": (len(statuses) - len(bad), await _evaluated(subject, "good")),
                "events set aside": (len(bad), await subject.count("e.evaluated_at is null and e.problem is not null")),
                "evaluations that wait for a newer release": (len(statuses) - len(bad), await _waiting(subject)),
            }
            say("The causes are gone.")
            await subject.poison([])
            await until(lambda: _is_over(subject), seconds=_PATIENCE_SECONDS, says="all are evaluated, all executions over")
            lines |= await _in_the_end(subject, len(statuses))
        await database.close()
    return Ledger(lines)


async def _connected(settings: Settings) -> Database:
    database = await Database.connect(settings.database_url, size=4)
    await database.migrate()
    return database


async def _has_evaluated(subject: Subject, events: int) -> bool:
    """Apart from those that were there before."""
    return await subject.count("e.evaluated_at > e.event_at") >= events


async def _is_none(subject: Subject, condition: str) -> bool:
    return await subject.count(condition) == 0


async def _evaluated(subject: Subject, status: str) -> int:
    return await subject.count(f"e.evaluated_at is not null and e.payload -> 'new' ->> 'status' = '{status}'")


async def _waiting(subject: Subject) -> int:
    async with subject.database.connection() as connection:
        return await connection.fetchval("select count(*) from evaluations where outcome = 'waiting'")


async def _is_over(subject: Subject) -> bool:
    async with subject.database.connection() as connection:
        return await connection.fetchval("""
            select not exists (select from events where evaluated_at is null)
               and not exists (select from evaluations where outcome = 'waiting')
               and not exists (select from executions where finished_at is null)
        """)


async def _in_the_end(subject: Subject, events: int) -> dict[str, tuple[int, int]]:
    async with subject.database.connection() as connection:
        row = await connection.fetchrow("""
            select (select count(*) from events where evaluated_at > event_at) as evaluated,
                   (select count(*) from evaluations where outcome = 'started') as started,
                   (select count(*) from executions where state = 'completed') as completed,
                   (select count(distinct (event_id, automation_id)) from executions) as once
        """)
    assert row is not None
    return {
        "events evaluated in the end": (events, row["evaluated"]),
        "evaluations that started, of two automations": (2 * events, row["started"]),
        "executions completed": (2 * events, row["completed"]),
        "events and automations that they came from": (2 * events, row["once"]),
    }


async def main() -> int:
    options = parsed_options(sys.argv[1:])
    said = f"{options.events:,} events, {options.poisoned} poisoned by each of {', '.join(options.ways)}"
    say(f"{said}; {options.kills} kills, seed {options.seed}.")
    with tempfile.TemporaryDirectory(prefix="everstep-chaos-") as folder:
        async with elapsed("Relaying", say), asyncio.timeout(4 * _PATIENCE_SECONDS):
            ledger = await poisoned_under_kills(options, Path(folder))
    print_ledger(ledger)
    return 0 if ledger.is_right else 1


if __name__ == "__main__":
    run(main)
