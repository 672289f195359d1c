"""`make fuzz`: requests made of the API's own description, good ones and bad ones, at a gateway with real services behind it.

None may be answered by a 5xx, nor by anything that the description does not say.
"""

import argparse
import asyncio
import json
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2

from deploy.examples import call, load_examples
from deploy.exits import run
from deploy.stack import Stack, whole_stack
from tests.fuzz.known import VARIABLE

CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,ignored_auth"
_UNBOUNDED = ("stream_bulk_start", "stream_execution")
"""Operations that answer for as long as somebody listens."""


def parsed_options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--cases", type=int, default=2_000, help="of each route (default: 2,000)")
    parser.add_argument("--seed", type=int, help="to draw the same again")
    parser.add_argument("--only", action="append", default=[], help="the name of an operation; may be said several times")
    return parser.parse_args(arguments)


@asynccontextmanager
async def subject(folder: Path) -> AsyncIterator[Stack]:
    """Everything up, the examples in it, without a limit on requests."""
    os.environ["EVERSTEP_REQUESTS_PER_MINUTE"] = "1000000"
    async with whole_stack(folder) as stack:
        yield stack


async def fuzz(stack: Stack, cases: int, *, seed: int | None = None, only: Sequence[str] = ()) -> int:
    """The exit code of schemathesis: 0 where every answer was as it should be."""
    headers = {"Authorization": f"Bearer {stack.key}"}
    async with httpx2.AsyncClient(base_url=stack.api, headers=headers, timeout=20) as client:
        known = await _known(client)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "schemathesis.cli", "run", f"{stack.api}/openapi.json",
        "--header", f"Authorization: {headers['Authorization']}", "--max-examples", str(cases), "--checks", CHECKS,
        "--phases", "examples,fuzzing", "--workers", "2", "--request-timeout", "20", "--generation-database", "none",
        "--suppress-health-check", "all", "--no-color", "--warnings", "off", "--continue-on-failure", "--max-failures", "30",
        *(["--seed", str(seed)] if seed is not None else []),
        *(part for name in _UNBOUNDED for part in ("--exclude-operation-id", name)),
        *(part for name in only for part in ("--include-operation-id", name)),
        env={**os.environ, "SCHEMATHESIS_HOOKS": "tests.fuzz.known", VARIABLE: json.dumps(known)},
    )  # fmt: skip
    try:
        return await process.wait()
    finally:
        if process.returncode is None:
            process.kill()


async def _known(client: httpx2.AsyncClient) -> dict[str, list[str]]:
    """What is there to be asked for, by the names of parameters."""
    leads = list((await load_examples(client)).values())
    start = {"record_id": leads[0]}
    executions = [await call(client, "POST", "/automations/score-lead/executions", json=start) for _ in range(5)]
    automations = [each["api_name"] for each in (await call(client, "GET", "/automations"))["items"]]
    return {
        "record_id": leads,
        "execution_id": [each["id"] for each in executions],
        "automations/api_name": automations,
        "webhooks/api_name": ["demo-request"],
        "objects/api_name": ["lead"],
        "automation": automations,
        "name": ["demo-form"],
        "state": ["paused", "completed"],
    }


async def main() -> int:
    options = parsed_options(sys.argv[1:])
    with tempfile.TemporaryDirectory() as folder:
        async with subject(Path(folder)) as stack:
            return await fuzz(stack, options.cases, seed=options.seed, only=options.only)


if __name__ == "__main__":
    run(main)
