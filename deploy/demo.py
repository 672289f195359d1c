"""`make demo`: everything on this machine, the examples in it, and what they do as they do it."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path
from urllib.parse import quote

import httpx2
from rich.console import Console
from rich.markup import escape

from deploy.examples import ExampleError, call, load_examples
from deploy.exits import run
from deploy.stack import Stack, whole_stack
from deploy.timeline import Timeline, is_at_rest

FOLDER = Path(os.environ.get("EVERSTEP_FOLDER", ".everstep"))
_WATCH = 90.0
_BEGUN, _GONE_ON = 5, 3
"""Executions that start at the least, by each of the two acts."""


async def main() -> int:
    """0 at its own end and at Ctrl-C, 1 where an execution of the examples failed or went nowhere."""
    try:
        async with whole_stack(FOLDER) as stack, _client(stack) as client:
            return await _show(stack, client, once=os.environ.get("DEMO_ONCE") == "1")
    except (ExampleError, httpx2.HTTPError) as error:
        print(f"\nThe API does not answer as it should: {error}. See {FOLDER}/logs.", flush=True)
        return 1
    except asyncio.CancelledError:
        print("\nStopped.", flush=True)
        return 0


def _client(stack: Stack) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(base_url=stack.api, timeout=20, headers={"Authorization": f"Bearer {stack.key}"})


async def _show(stack: Stack, client: httpx2.AsyncClient, *, once: bool) -> int:
    console = Console()
    console.print("Loading objects, team, leads and automations from examples/ …")
    leads = await load_examples(client)
    known = {execution["id"] for execution in (await call(client, "GET", "/executions?size=200"))["items"]}
    timeline = Timeline(client, console, known)
    await _begin(client, stack.api, console, leads)
    done = await _watch(timeline, stack, console, _BEGUN)
    await _go_on(client, console, leads)
    done = await _watch(timeline, stack, console, _BEGUN + _GONE_ON) and done
    _print_addresses(stack, console)
    if once:
        return 0 if done else 1
    console.print("\nEverything stays up; new executions show here. Ctrl-C stops it all.")
    while True:
        if ended := stack.ended():
            console.print(f"[red]Ended by itself:[/] {', '.join(ended)}. Stopping the rest.")
            return 1
        await timeline.follow()
        await asyncio.sleep(1)


async def _begin(client: httpx2.AsyncClient, api: str, console: Console, leads: dict[str, str]) -> None:
    """A form comes in twice, one execution is started by the API, and two leads ask for a demo, which starts others."""
    console.print("Calling the webhook twice and the API once; two leads ask for a demo …\n")
    for email, seats in (("lise@fission.example", 80), ("grace@cobol.example", 4)):
        payload = {"contact": {"email": email}, "company": {"seats": seats}, "source": "demo"}
        await call(client, "POST", "/webhooks/demo-request/demo-form", json=payload)
    start = {"record_id": leads["ada@analytical.example"], "variables": {"check_url": f"{api}/health/live"}}
    await call(client, "POST", "/automations/score-lead/executions", json=start)
    for email in ("sofia@rotating-tops.example", "emmy@symmetry.example"):
        for stage in ("New", "Demo requested"):
            await call(client, "PATCH", f"/records/{leads[email]}", json={"stage": stage})


async def _go_on(client: httpx2.AsyncClient, console: Console, leads: dict[str, str]) -> None:
    """One of them is won, which ends her offer and welcomes her; the other has a question."""
    console.print("\nOne lead is won, and the other opens a ticket …\n")
    await call(client, "PATCH", f"/records/{leads['emmy@symmetry.example']}", json={"stage": "Won"})
    values = {"customer": [leads["sofia@rotating-tops.example"]], "urgency": "Urgent", "question": "Why does it wait?"}
    await call(client, "POST", "/objects/ticket/records", json={"name": "Nobody can sign in", "stage": "New", "values": values})


async def _watch(timeline: Timeline, stack: Stack, console: Console, at_least: int) -> bool:
    """Until so many executions are at rest, and none is under way; whether they all got there, and none failed.

    The customer answers what she is asked.
    """
    end, answered = time.monotonic() + _WATCH, len(stack.texts.texts())
    while time.monotonic() < end:
        answered += await _answer(stack, console, answered)
        executions = await timeline.follow()
        if len(executions) >= at_least and all(map(is_at_rest, executions)) and answered == len(stack.texts.texts()):
            return all(execution["state"] != "failed" for execution in executions)
        await asyncio.sleep(0.3)
    return False


async def _answer(stack: Stack, console: Console, answered: int) -> int:
    """How many texts were read; a question among them gets its answer, as from a telephone."""
    new = stack.texts.texts()[answered:]
    for text in new:
        console.print(f"  [cyan]text to {text.to}:[/] {escape(text.body)}", highlight=False)
        if "?" in text.body:
            console.print(f"  [cyan]text from {text.to}:[/] Thursday", highlight=False)
            await stack.texts.receive(f"{stack.api}/texts/twilio/incoming", text.to, "Thursday")
    return len(new)


def _print_addresses(stack: Stack, console: Console) -> None:
    console.print()
    for name, address in {**stack.addresses(), "API key": stack.key}.items():
        console.print(f"  {name:<18} {address}", highlight=False, soft_wrap=True)
    for message in stack.mail.messages()[-3:]:
        console.print(f"  {'  mail':<18} to {message['To']}: {escape(message['Subject'])}", highlight=False, soft_wrap=True)
    if stack.web_ui:
        console.print("\n  In the Temporal Web UI:")
        for what, query in _QUERIES.items():
            address = f"{stack.web_ui}/namespaces/default/workflows?query={quote(query)}"
            console.print(f"  {what:<18} {address}", highlight=False, soft_wrap=True)


_QUERIES = {
    "one automation": 'Automation="demo-request"',
    "waiting": 'State="paused"',
    "low priority": 'Priority="low"',
    "big and waiting": 'Automation="demo-request" AND State="paused" AND Priority="regular"',
}


if __name__ == "__main__":
    run(main)
