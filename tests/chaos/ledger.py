"""What has to be there at the end, and what is: nothing lost, nothing doubled."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from temporalio.client import Client

from deploy.mail import MailSink
from store.database import Database
from store.records import read_record
from store.step_runs import list_step_runs
from tests.chaos.subjects import CALLED, Subject

_EXECUTIONS = """
select e.id, e.state, e.reason, e.record_id, e.parent_id, e.lanes, e.steps_run, e.finished_at, a.api_name,
       coalesce(e.overrides ->> 'token', e.trigger -> 'values' ->> 'token') as token
from executions e join automations a on a.id = e.automation_id
order by e.id
"""
_BY_HAND = "select count(*) from events where payload -> 'new' ? $1"


@dataclass(frozen=True)
class Line:
    """What is expected and what was found, counted; `note` says more."""

    what: str
    expected: int
    found: int
    note: str = ""

    @property
    def is_right(self) -> bool:
        return self.expected == self.found


@dataclass(frozen=True)
class Execution:
    row: Any
    subject: Subject
    runs: Sequence[Any]

    @property
    def id(self) -> UUID:
        return self.row["id"]

    def keys(self, step_type: str) -> set[str]:
        """Those under which its steps of this type left the house."""
        return {f"{self.id}:{run['sequence']}" for run in self.runs if run["step_type"] == step_type}

    def problems(self) -> Iterator[str]:
        """What is not as it must be in its state, its lanes and its history."""
        if self.row["state"] != self.subject.state or self.row["lanes"]:
            yield f"{self.row['state']} in lanes {list(self.row['lanes'])}: {self.row['reason']}"
        if [run["sequence"] for run in self.runs] != list(range(1, self.row["steps_run"] + 1)):
            yield f"sequence {[run['sequence'] for run in self.runs]} of {self.row['steps_run']} step runs"
        found, expected = Counter((run["step_id"], run["status"]) for run in self.runs), self.subject.expected_visits()
        if found != expected:
            yield f"visits: lost {dict(expected - found)}, too many {dict(found - expected)}"


@dataclass(frozen=True)
class Found:
    """All that is left behind.

    `by_hand` counts the changes that a person made; `tokens` are the orders, `calls` the requests by their key.
    """

    executions: Sequence[Execution]
    tokens: Sequence[str]
    records: Mapping[UUID, Any]
    events: int
    by_hand: int
    calls: Mapping[str, Sequence[int]]
    mails: Sequence[str]
    open_workflows: int
    workflows: int

    def of(self, subject: Subject) -> list[Execution]:
        return [execution for execution in self.executions if execution.subject == subject]

    def problems(self) -> list[str]:
        wrong = [f"{each.subject.name} {each.id}: {problem}" for each in self.executions for problem in each.problems()]
        return wrong + [f"record {id}: {problem}" for id, problem in self._wrong_records()]

    def _wrong_records(self) -> Iterator[tuple[UUID, str]]:
        hits: defaultdict[UUID, int] = defaultdict(int)
        for execution in self.executions:
            hits[execution.row["record_id"]] += execution.subject.hits
        for id, record in self.records.items():
            if record["field_values"]["hits"] != hits[id]:
                yield id, f"{record['field_values']['hits']} hits, and not {hits[id]}"

    def lines(self) -> Iterator[Line]:
        rows = [each.row for each in self.executions]
        expected = sum(each.subject.expected_visits().total() for each in self.executions)
        yield self._orders()
        yield Line("executions at their end", len(rows), sum(row["finished_at"] is not None for row in rows))
        yield Line("workflows, one each", len(rows), self.workflows)
        yield Line("workflows still open", 0, self.open_workflows)
        yield Line("started by other automations", *self._children())
        yield Line("step runs", expected, sum(len(each.runs) for each in self.executions))
        yield from self._effects()

    def _orders(self) -> Line:
        """Who gets no answer orders again: that makes two executions of one order, which both have to be right."""
        tokens = [each.row["token"] for each in self.executions if each.row["parent_id"] is None]
        again = f"{len(tokens) - len(set(tokens))} ordered twice, for want of an answer"
        return Line("orders that became an execution", len(self.tokens), len(set(tokens) & set(self.tokens)), again)

    def _children(self) -> tuple[int, int]:
        """One of each for every execution that starts some, and no two."""
        wanted = Counter((each.id, name) for each in self.executions for name in each.subject.starts)
        found = Counter((each.row["parent_id"], each.subject.name) for each in self.executions if each.row["parent_id"])
        return wanted.total(), found.total() if found == wanted else -1

    def _effects(self) -> Iterator[Line]:
        hits = sum(each.subject.hits for each in self.executions)
        changes = hits + sum(each.subject.changes for each in self.executions) + self.by_hand
        by_hand = f"{self.by_hand} by a person"
        yield Line("hits on records", hits, sum(record["field_values"]["hits"] for record in self.records.values()))
        yield Line("changes of records", changes, sum(record["revision"] - 1 for record in self.records.values()), by_hand)
        yield Line("events of changes", changes, self.events)
        requests = sum(map(len, self.calls.values()))
        yield _outside("HTTP calls by their key", self._keys("http_request"), self.calls, f"{requests} requests")
        mailed = [message.strip("<>").removesuffix("@everstep").replace(".", ":") for message in self.mails]
        yield _outside("mails by their Message-ID", self._keys("notify_member_via_email"), mailed, f"{len(mailed)} sent")

    def _keys(self, step_type: str) -> set[str]:
        return {key for each in self.executions for key in each.keys(step_type)}


def _outside(what: str, expected: set[str], found: Iterable[str], note: str) -> Line:
    """Every key at least once, and none that no step run knows."""
    strange = set(found) - expected
    return Line(what, len(expected), len(set(found)), f"{note}{f', {len(strange)} of nobody' if strange else ''}")


async def everything(
    database: Database,
    client: Client,
    mail: MailSink,
    subjects: Mapping[str, Subject],
    calls: Mapping[str, Sequence[int]],
    tokens: Sequence[str],
) -> Found:
    async with database.connection() as connection:
        executions = [
            Execution(row, subjects[row["api_name"]], await list_step_runs(connection, row["id"], size=50_000))
            for row in await connection.fetch(_EXECUTIONS)
        ]
        ids = {each.row["record_id"] for each in executions}
        return Found(
            executions=executions, tokens=tokens, records={id: await read_record(connection, id) for id in ids},
            events=await connection.fetchval("select count(*) from events where kind = 'field_updated'"),
            by_hand=await connection.fetchval(_BY_HAND, CALLED), calls=calls,
            mails=[str(message["Message-ID"]) for message in mail.messages()],
            open_workflows=(await client.count_workflows("ExecutionStatus = 'Running'")).count,
            workflows=(await client.count_workflows("")).count,
        )  # fmt: skip
