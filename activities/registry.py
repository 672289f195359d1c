"""Which function runs which step type."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from activities.results import Result
from activities.services import Services
from activities.situation import Situation

S = TypeVar("S")
Handler = Callable[[S, Situation, Services], Awaitable[Result]]

HANDLERS: dict[str, Handler[Any]] = {}


def runs(step_type: str) -> Callable[[Handler[S]], Handler[S]]:
    """Registers the function below it as the one that runs steps of this type.

    It gets the step, what the step sees, and the worker's services; it returns a Result, raises an EverstepError for an expected
    failure, and lets anything unexpected pass.
    """

    def register(handler: Handler[S]) -> Handler[S]:
        HANDLERS[step_type] = handler
        return handler

    return register
