from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from deploy import tools
from deploy.errors import MissingToolError
from deploy.tools import MissError


def executable(path: Path) -> Path:
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


async def failing_download() -> Path:
    raise MissError("the download failed")


async def test_the_first_hit_wins_and_nothing_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    said, program = list[str](), executable(tmp_path / "temporal")
    quick = [tools.set_to("X", None), tools.on_path("temporal"), tools.kept_at(tmp_path / "none")]
    assert await tools.find("Temporal", quick=quick, slow=[], install="Install it.", say=said.append) == program
    assert said == []


async def test_each_miss_is_one_line_and_the_end_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    said = list[str]()
    quick = [tools.set_to("X", None), tools.on_path("no-such-program"), tools.kept_at(tmp_path / "none")]
    with pytest.raises(MissingToolError, match=r"^Install it\.$"):
        await tools.find("It", quick=quick, slow=[failing_download], install="Install it.", say=said.append)
    assert said == [
        "It: X is not set",
        "It: no `no-such-program` on PATH",
        "It: not built before",
        "It: the download failed",
    ]


async def test_what_several_want_at_once_is_fetched_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    said, fetches, built = list[str](), list[str](), tmp_path / "built"

    async def build() -> Path:
        fetches.append("a build")
        await asyncio.sleep(0)
        return executable(built)

    async def find() -> Path:
        return await tools.find("The tool", quick=[tools.kept_at(built)], slow=[build], install="", say=said.append)

    assert await asyncio.gather(find(), find()) == [built, built]
    assert fetches == ["a build"]
    assert said == ["The tool: not built before", "The tool: another process is getting it"]


async def test_a_setting_that_leads_nowhere_is_not_passed_over(tmp_path: Path) -> None:
    quick = [tools.set_to("X", tmp_path / "none"), tools.kept_at(executable(tmp_path / "temporal"))]
    with pytest.raises(MissingToolError, match="X is set to"):
        await tools.find("It", quick=quick, slow=[], install="", say=print)


def test_a_download_cut_short_is_not_taken(tmp_path: Path) -> None:
    (tmp_path / "temporal-half").write_text("")
    with pytest.raises(MissError):
        tools.downloaded_to(tmp_path)()
    whole = executable(tmp_path / "temporal-whole")
    assert tools.downloaded_to(tmp_path)() == whole


def test_the_cache_is_where_the_user_keeps_caches(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert tools.cache_folder() == tmp_path / "everstep"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert tools.cache_folder() == Path.home() / ".cache" / "everstep"
