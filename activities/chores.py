"""All that a worker does beside its activities, each for itself and again and again."""

import asyncio
from collections.abc import Coroutine
from datetime import timedelta
from functools import partial
from typing import Any

from activities.bulk_requesting import bulk_request_once
from activities.bulk_starting import bulk_start_once
from activities.failing_workflows import FailingWorkflows
from activities.keeping import keep
from activities.launching import launch_once
from activities.notifying import send_due
from activities.planning import fire_due_once, scan_once
from activities.reconciling import Reconciler
from activities.recovering import recover_once
from activities.relaying import relay_once
from activities.scheduling import sync_schedules_once
from activities.services import Services
from activities.sweeping import sweep_idempotent_requests
from activities.switching import sweep_once
from activities.telling import PACED_EVERY, tell_once, tell_paced_once
from activities.unreadable import answer_what_waited
from store.wakeups import EVENTS, keep_hearing

Chore = Coroutine[Any, Any, Any]


def chores(services: Services) -> list[Chore]:
    kinds = (
        relaying, planning, scheduling, launching, bulk_starting, bulk_requesting, telling, making_up, recovering, sending,
        sweeping, forgetting,
    )  # fmt: skip
    return [chore for kind in kinds for chore in kind(services)]


def relaying(services: Services) -> list[Chore]:
    """Events are heard of when they are written; asking is for what was missed."""
    woken = asyncio.Event()
    return [
        keep_hearing(services.database, EVENTS, woken),
        keep(partial(relay_once, services), timedelta(seconds=1), woken),
        keep(partial(answer_what_waited, services), timedelta(seconds=2)),
    ]


def planning(services: Services, every: timedelta = timedelta(seconds=1)) -> list[Chore]:
    return [keep(partial(scan_once, services), every), keep(partial(fire_due_once, services), every)]


def scheduling(services: Services, every: timedelta = timedelta(seconds=1)) -> list[Chore]:
    return [keep(partial(sync_schedules_once, services), every)]


def launching(services: Services) -> list[Chore]:
    return [keep(partial(launch_once, services), timedelta(seconds=0.2))]


def bulk_starting(services: Services) -> list[Chore]:
    return [keep(partial(bulk_start_once, services), timedelta(seconds=0.2))]


def bulk_requesting(services: Services) -> list[Chore]:
    return [keep(partial(bulk_request_once, services), timedelta(seconds=0.2))]


def telling(services: Services) -> list[Chore]:
    return [
        keep(partial(tell_once, services), timedelta(seconds=0.2)),
        keep(partial(tell_paced_once, services), PACED_EVERY),
    ]


def making_up(services: Services, every: timedelta = timedelta(seconds=2)) -> list[Chore]:
    return [keep(Reconciler(services).sweep, every), keep(FailingWorkflows(services).sweep, every)]


def recovering(services: Services, every: timedelta = timedelta(seconds=0.5)) -> list[Chore]:
    return [keep(partial(recover_once, services), every)]


def sending(services: Services, every: timedelta = timedelta(seconds=2)) -> list[Chore]:
    return [keep(partial(send_due, services), every)]


def sweeping(services: Services, every: timedelta = timedelta(seconds=0.5)) -> list[Chore]:
    return [keep(partial(sweep_once, services), every)]


def forgetting(services: Services, every: timedelta = timedelta(minutes=1)) -> list[Chore]:
    return [keep(partial(sweep_idempotent_requests, services), every)]
