"""The Temporal dev server: one binary with server and Web UI, its data in one file."""

from __future__ import annotations

import asyncio
import os
import tempfile
from pathlib import Path

from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.client import Client
from temporalio.service import RPCError
from temporalio.testing import WorkflowEnvironment

from deploy import tools
from deploy.ports import announced_port, is_answering
from deploy.processes import ChildProcess, environment_without
from deploy.progress import Say, run_with_progress, say
from deploy.services import until_ready
from deploy.tools import MissError, cache_folder

SEARCH_ATTRIBUTES = ("Automation", "Record", "State", "Priority")
CLI_MODULE = "github.com/temporalio/cli/cmd/temporal@v1.5.1"  # later tags can't be installed by `go install`
INSTALL = (
    "The Temporal server is missing: install the Temporal CLI (https://docs.temporal.io/cli) or Go 1.25 or later "
    "(https://go.dev/dl), or set EVERSTEP_TEMPORAL_ADDRESS to a running server."
)
# A step less of dispatch for the first activities of a workflow task, and task queues that know priorities.
DYNAMIC_CONFIG = ("system.enableActivityEagerExecution=true", "matching.useNewMatcher=true")


async def find_temporal_cli(setting: Path | None = None, *, say: Say = say) -> Path:
    """The `temporal` program: setting, PATH, cache, the SDK's download, a build by Go. Raises MissingToolError."""
    built, downloads = cache_folder() / "bin" / "temporal", cache_folder() / "sdk-dev-server"
    quick = [
        tools.set_to("EVERSTEP_TEMPORAL_CLI", setting),
        tools.on_path("temporal"),
        tools.downloaded_to(downloads),
        tools.kept_at(built),
    ]
    slow = [
        lambda: tools.sdk_download(WorkflowEnvironment.start_local, downloads, say=say),
        lambda: _built_by_go(built, say=say),
    ]
    return await tools.find("Temporal CLI", quick=quick, slow=slow, install=INSTALL, say=say)


async def _built_by_go(target: Path, *, say: Say) -> Path:
    """Builds beside `target` and moves it there when it is whole, so that a build cut short leaves nothing."""
    go = tools.on_path("go")()
    target.parent.mkdir(parents=True, exist_ok=True)
    log = target.parent.parent / "build-temporal.log"
    with tempfile.TemporaryDirectory(dir=target.parent.parent, prefix="build-") as folder:
        say("Temporal CLI: building it with Go; this takes some minutes, once")
        command = [str(go), "install", CLI_MODULE]
        env = os.environ | {"GOBIN": folder}
        build = await run_with_progress("Building the Temporal CLI", command, log=log, env=env, say=say)
        if build.exit_code:
            raise MissError(f"the build by Go failed, see {log} ({build.log_tail(1)})")
        os.replace(Path(folder) / "temporal", target)
    return target


class TemporalDevServer:
    """A server of our own, or, with `external_address`, somebody else's that is only checked.

    Without `data_dir` all is in memory and gone with `stop`. Ports are preferences, chosen once: `restart` keeps them.
    `codec` is an address that the Web UI has encrypted payloads decoded at.
    """

    def __init__(
        self,
        data_dir: Path | None,
        *,
        port: int = 7233,
        ui_port: int = 8233,
        ui: bool = True,
        codec: str | None = None,
        log: Path | None = None,
        cli: Path | None = None,
        external_address: str | None = None,
        external_ui_address: str | None = None,
        say: Say = say,
    ) -> None:
        self._data_dir, self._cli, self._say = data_dir, cli, say
        self._port, self._ui_port, self._ui, self._codec = port, ui_port, ui, codec
        self._external_address, self._external_ui_address = external_address, external_ui_address
        self._log = log or _log_beside(data_dir)
        self._process: ChildProcess | None = None

    @property
    def address(self) -> str:
        """host:port of the gRPC service; final once started."""
        return self._external_address or f"127.0.0.1:{self._port}"

    @property
    def ui_address(self) -> str | None:
        """http address of the Web UI, if there is one."""
        if self._external_address:
            return self._external_ui_address
        return f"http://127.0.0.1:{self._ui_port}" if self._ui else None

    @property
    def log(self) -> Path:
        return self._log

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    async def start(self) -> None:
        """Returns when the namespace and the search attributes are there. Raises LocalServiceError."""
        if not self._external_address:
            if self._process is None:
                self._process = await self._prepared()
            self._process.start()
        seconds = 10 if self._external_address else 60
        try:
            await until_ready(f"Temporal ({self.address})", self.is_healthy, process=self._process, seconds=seconds)
        except BaseException:
            await self.kill()
            raise

    async def stop(self) -> None:
        if self._process is not None:
            await self._process.stop()

    async def kill(self) -> None:
        """SIGKILL, as a crash would."""
        if self._process is not None:
            await self._process.kill()

    async def restart(self) -> None:
        await self.stop()
        await self.start()

    async def is_healthy(self) -> bool:
        """Whether it serves workflows in the namespace `default`, and the Web UI answers."""
        host, _, port = self.address.rpartition(":")
        if not await is_answering(host, int(port)):
            return False
        if self._process is not None and self._ui and not await is_answering("127.0.0.1", self._ui_port):
            return False
        try:
            async with asyncio.timeout(5):
                return await _has_search_attributes(self.address)
        except (RPCError, RuntimeError, TimeoutError):
            return False

    async def _prepared(self) -> ChildProcess:
        cli = await find_temporal_cli(self._cli, say=self._say)
        self._port = announced_port(self._port, "Temporal", self._say)
        if self._ui:
            self._ui_port = announced_port(self._ui_port, "Temporal Web UI", self._say)
        return ChildProcess(self._command(cli), log=self._log, env=environment_without("TEMPORAL_"))

    def _command(self, cli: Path) -> list[str]:
        command = [str(cli), "server", "start-dev", "--ip", "127.0.0.1", "--port", str(self._port)]
        command += ["--ui-port", str(self._ui_port)] if self._ui else ["--headless"]
        if self._ui and self._codec:
            command += ["--ui-codec-endpoint", self._codec]
        if self._data_dir is not None:
            self._data_dir.mkdir(parents=True, exist_ok=True)
            command += ["--db-filename", str(self._data_dir.resolve() / "temporal.sqlite")]
        for value in DYNAMIC_CONFIG:
            command += ["--dynamic-config-value", value]
        for name in SEARCH_ATTRIBUTES:
            command += ["--search-attribute", f"{name}=Keyword"]
        return command


def _log_beside(data_dir: Path | None) -> Path:
    if data_dir is not None:
        return data_dir / "temporal.log"
    return Path(tempfile.gettempdir()) / f"everstep-temporal-{os.getpid()}.log"


async def _has_search_attributes(address: str) -> bool:
    client = await Client.connect(address)
    answer = await client.operator_service.list_search_attributes(ListSearchAttributesRequest(namespace="default"))
    return set(SEARCH_ATTRIBUTES) <= set(answer.custom_attributes)
