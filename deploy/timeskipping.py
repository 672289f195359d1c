"""The test server whose clock jumps over waits. Tests of lists, counts and schedules use the dev server instead."""

from __future__ import annotations

import shlex
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any

from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest
from temporalio.testing import WorkflowEnvironment

from deploy import tools
from deploy.class_archive import with_archive
from deploy.processes import bound
from deploy.progress import Say, run_with_progress, say
from deploy.temporal import SEARCH_ATTRIBUTES
from deploy.tools import MissError, cache_folder

VERSION = "1.38.0"
INSTALL = (
    "The time-skipping test server is missing: install Java 11 or later and Maven (on Debian: "
    "apt install default-jre-headless maven), or set EVERSTEP_TEMPORAL_TEST_SERVER to the test server's program."
)
_POM = f"""\
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>everstep</groupId><artifactId>time-skipping</artifactId><version>1</version>
  <dependencies>
    <dependency>
      <groupId>io.temporal</groupId><artifactId>temporal-test-server</artifactId><version>{VERSION}</version>
    </dependency>
    <dependency>
      <groupId>org.slf4j</groupId><artifactId>slf4j-nop</artifactId><version>1.7.36</version>
    </dependency>
  </dependencies>
</project>
"""

_SHORT_LIVED = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
"""A server of a single test never earns back what the better compiler and the parallel collector cost."""


async def start_time_skipping_environment(
    test_server: Path | None = None, *, say: Say = say, **kwargs: Any
) -> WorkflowEnvironment:
    """The SDK's environment on a test server of its own, our search attributes known to it.

    `kwargs` go to `WorkflowEnvironment.start_time_skipping`; end it with `shutdown()`. Raises MissingToolError.
    """
    return await _started(await find_test_server(test_server, say=say), **kwargs)


async def _started(command: list[str], **kwargs: Any) -> WorkflowEnvironment:
    with tempfile.TemporaryDirectory(prefix="everstep-") as folder:
        environment = await WorkflowEnvironment.start_time_skipping(
            test_server_existing_path=str(_bound_program(command, Path(folder))),
            test_server_startup_timeout=timedelta(seconds=60),
            **kwargs,
        )
    try:
        await environment.client.operator_service.add_search_attributes(_our_search_attributes())
    except BaseException:
        await environment.shutdown()
        raise
    return environment


def _bound_program(command: list[str], folder: Path) -> Path:
    """A program for the SDK to start: ours starts it with a thread that may end, so its parent is left open (0)."""
    script = folder / "test-server"
    script.write_text(f'#!/bin/sh\nexec {shlex.join(bound(command, parent=0))} "$@"\n', encoding="utf-8")
    script.chmod(0o700)
    return script


def _our_search_attributes() -> AddSearchAttributesRequest:
    keyword = IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD
    return AddSearchAttributesRequest(namespace="default", search_attributes=dict.fromkeys(SEARCH_ATTRIBUTES, keyword))


async def find_test_server(setting: Path | None = None, *, say: Say = say) -> list[str]:
    """The command, less the port: setting, PATH, cache, the SDK's download, Java. Raises MissingToolError."""
    libraries, downloads = cache_folder() / f"test-server-{VERSION}", cache_folder() / "sdk-test-server"
    quick = [
        tools.set_to("EVERSTEP_TEMPORAL_TEST_SERVER", setting),
        tools.on_path("temporal-test-server"),
        tools.downloaded_to(downloads),
        lambda: _fetched_before(libraries),
    ]
    slow = [
        lambda: tools.sdk_download(WorkflowEnvironment.start_time_skipping, downloads, say=say),
        lambda: _fetched_by_maven(libraries, say=say),
    ]
    found = await tools.find("Time-skipping server", quick=quick, slow=slow, install=INSTALL, say=say)
    if not found.is_dir():
        return [str(found)]
    java = [str(tools.on_path("java")()), *_SHORT_LIVED, "-cp", f"{found}/*", "io.temporal.testserver.TestServer"]
    return await with_archive(java, found, _started, say=say)


def _fetched_before(libraries: Path) -> Path:
    """The folder of the Java libraries, if there is a Java to run them."""
    tools.on_path("java")()
    if not libraries.is_dir():
        raise MissError("no Java libraries fetched before")
    return libraries


async def _fetched_by_maven(libraries: Path, *, say: Say) -> Path:
    """Fetches into a folder beside `libraries` and renames it when it is whole."""
    tools.on_path("java")()
    maven = tools.on_path("mvn")()
    libraries.parent.mkdir(parents=True, exist_ok=True)
    log = libraries.parent / "fetch-test-server.log"
    say("Time-skipping server: fetching its Java libraries with Maven, once")
    with tempfile.TemporaryDirectory(dir=libraries.parent, prefix="fetch-") as folder:
        (Path(folder) / "pom.xml").write_text(_POM, encoding="utf-8")
        command = [str(maven), "-B", "-q", "-f", folder, "dependency:copy-dependencies", "-DincludeScope=runtime"]
        command += [f"-DoutputDirectory={folder}/libraries"]
        fetch = await run_with_progress("Fetching the test server", command, log=log, say=say)
        if fetch.exit_code:
            raise MissError(f"Maven could not fetch it, see {log}")
        _move_unless_there(Path(folder) / "libraries", libraries)
    return libraries


def _move_unless_there(source: Path, target: Path) -> None:
    """Another process may have been faster; what it made is as good."""
    try:
        source.rename(target)
    except OSError:
        if not target.is_dir():
            raise
