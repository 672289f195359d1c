from __future__ import annotations

from pathlib import Path

import pytest

from deploy.errors import LocalServiceError
from deploy.mail import MailSink
from deploy.postgres import LocalPostgres
from deploy.services import running


async def test_services_run_within_the_block_only(tmp_path: Path) -> None:
    first, second = MailSink(tmp_path / "a"), MailSink(tmp_path / "b")
    async with running(first, second):
        assert await first.is_healthy()
        assert await second.is_healthy()
    assert not await first.is_healthy()
    assert not await second.is_healthy()


async def test_what_was_started_is_stopped_when_the_next_does_not_start(tmp_path: Path) -> None:
    first = MailSink(tmp_path)
    (tmp_path / "cluster").mkdir()
    (tmp_path / "cluster" / "PG_VERSION").write_text("12\n")
    with pytest.raises(LocalServiceError):
        async with running(first, LocalPostgres(tmp_path)):
            pytest.fail("not reached")
    assert not await first.is_healthy()
