"""Which function runs which step type."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

from activities.results import Result
from activities.services import Services
from activities.situation import Situation
from store.database import Connection

if TYPE_CHECKING:
    from activities.writing import Attempt

S = TypeVar("S")
Handler = Callable[[S, Situation, Services], Awaitable[Result]]
WaitedHandler = Callable[[Connection, "Attempt", Services], Awaitable[Result]]
ConnectedHandler = Callable[[S, Situation, Services, Connection], Awaitable[Result]]


@dataclass(frozen=True)
class Runner:
    """One of them runs the step; `writes` in the transaction that also writes the history."""

    runs: Handler[Any] | None = None
    reads: ConnectedHandler[Any] | None = None
    writes: ConnectedHandler[Any] | None = None
    goes_on: WaitedHandler | None = None
    """After a wait, where the step has more to say than down which path; in the transaction that writes it."""


HANDLERS: dict[str, Runner] = {}


def runs(step_type: str) -> Callable[[Handler[S]], Handler[S]]:
    """Registers the function below it as the one that runs steps of this type.

    It gets the step, what the step sees, and the worker's services; it returns a Result, raises an EverstepError for an expected
    failure, and lets anything unexpected pass.
    """

    def register(handler: Handler[S]) -> Handler[S]:
        HANDLERS[step_type] = Runner(runs=handler)
        return handler

    return register


def reads(step_type: str) -> Callable[[ConnectedHandler[S]], ConnectedHandler[S]]:
    """The same for a local step that asks the database: it also gets the connection on which its history is written later."""

    def register(handler: ConnectedHandler[S]) -> ConnectedHandler[S]:
        HANDLERS[step_type] = Runner(reads=handler)
        return handler

    return register


def writes(step_type: str) -> Callable[[ConnectedHandler[S]], ConnectedHandler[S]]:
    """The same for a step that writes rows: it also gets the connection on whose transaction its history is written.

    So its effect and its history are there together or not at all, and an expected failure takes its effect back. Such a step
    runs as a local activity. It may raise ChangedMeanwhileError to be run again.
    """

    def register(handler: ConnectedHandler[S]) -> ConnectedHandler[S]:
        HANDLERS[step_type] = Runner(writes=handler)
        return handler

    return register


def goes_on(step_type: str) -> Callable[[WaitedHandler], WaitedHandler]:
    """Registers the function below it as what is asked once a wait of such a step is over: how it goes on, or waits on.

    It is called in the transaction that writes the result. It stands below the function that runs the step.
    """

    def register(handler: WaitedHandler) -> WaitedHandler:
        HANDLERS[step_type] = replace(HANDLERS[step_type], goes_on=handler)
        return handler

    return register
