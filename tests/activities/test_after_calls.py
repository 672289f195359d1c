"""Writing after a call: again while Postgres is away, and to its end although the worker is told to stop."""

import asyncio
from datetime import timedelta

import asyncpg
import pytest

from activities.after_calls import written


class Writing:
    """Fails so often, and then waits until it is let go."""

    def __init__(self, *failures: Exception) -> None:
        self._failures = list(failures)
        self.began, self.let_go = asyncio.Event(), asyncio.Event()
        self.times, self.is_over = 0, False

    async def __call__(self) -> str:
        self.times += 1
        if self._failures:
            raise self._failures.pop(0)
        self.began.set()
        await self.let_go.wait()
        self.is_over = True
        return "written"


async def test_a_cancellation_waits_until_it_is_written() -> None:
    writing = Writing()
    task = asyncio.create_task(written(writing))
    await writing.began.wait()
    task.cancel()
    asyncio.get_running_loop().call_soon(writing.let_go.set)
    with pytest.raises(asyncio.CancelledError):
        await task
    assert writing.is_over


async def test_it_is_written_again_while_postgres_is_away() -> None:
    writing = Writing(ConnectionError(), asyncpg.AdminShutdownError("away"))
    writing.let_go.set()
    assert (await written(writing), writing.times) == ("written", 3)


@pytest.mark.parametrize("failure", [asyncpg.DataError("refused"), ValueError()])
async def test_what_stays_wrong_is_not_tried_again(failure: Exception) -> None:
    writing = Writing(failure)
    with pytest.raises(type(failure)):
        await written(writing)
    assert writing.times == 1


async def test_patience_has_an_end() -> None:
    writing = Writing(*(ConnectionError() for _ in range(9)))
    with pytest.raises(ConnectionError):
        await written(writing, timedelta(0))
    assert writing.times == 1
