"""The gateway as a Python object: `Client(url, key).start_execution("demo-request", StartBody(record_id=…))`."""

from client.errors import ClientError, Mistake, ProblemError, UnexpectedAnswerError, UnreachableError
from client.operations import Operations
from client.paging import each
from client.transport import ServerSentEvent

__all__ = [
    "Client",
    "ClientError",
    "Mistake",
    "ProblemError",
    "ServerSentEvent",
    "UnexpectedAnswerError",
    "UnreachableError",
    "each",
]


class Client(Operations):
    """Calls are answered by models of `client.models`; a body is one of them, or a mapping that says the same.

    To be closed, or used as a context manager.
    """
