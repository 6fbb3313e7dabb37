"""The command line: what an operator types, run as they would run it, against the servers of the tests."""

import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest
from msgspec.structs import replace

from tests.platform.test_events import BreadBaked
from threadly.doctor import findings
from threadly.platform.embedded import EmbeddedPostgres
from threadly.platform.ids import new_id
from threadly.platform.relay import MAX_ATTEMPTS
from threadly.platform.work import SYSTEM, Tenant, Works
from threadly.settings import Settings


@pytest.fixture
def scratch_database(settings: Settings, postgres: EmbeddedPostgres) -> Iterator[Settings]:
    """A database of the test's own, empty."""
    name = f"scratch_{secrets.token_hex(4)}"
    urls = postgres.create_database(name)
    yield replace(settings, database_url=urls.app_url, owner_database_url=urls.owner_url)
    postgres.drop_database(name)


DEAD = """
INSERT INTO platform.failed_reactions
    (tenant_id, event_id, reaction, attempts, next_attempt_at, error, dead_at)
VALUES ($1, $2, 'test.choke', $3, now(), 'too dry', now())
"""

FAILED_JOB = """
INSERT INTO dbos.workflow_status (workflow_uuid, status, name, queue_name, application_version)
VALUES ($1, 'ERROR', 'test.choke', 'test', '1')
"""


def threadly(settings: Settings, *arguments: str) -> subprocess.CompletedProcess[str]:
    environ = {
        **os.environ,
        "DATABASE_URL": str(settings.database_url),
        "THREADLY_OWNER_DATABASE_URL": str(settings.owner_database_url),
        "VALKEY_URL": str(settings.valkey_url),
        "THREADLY_HOME": str(settings.home),
    }
    return subprocess.run(
        [sys.executable, "-m", "threadly", *arguments],
        env=environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_help_names_every_command(settings: Settings) -> None:
    said = threadly(settings, "--help").stdout
    for command in (
        *("up", "web", "worker", "sandbox", "migrate", "seed", "import", "doctor"),
        *("events", "jobs", "keys", "tenants", "role"),
    ):
        assert f"\n  {command} " in said


def test_a_bad_setting_stops_the_start_with_one_line_that_names_it(settings: Settings) -> None:
    refused = subprocess.run(
        [sys.executable, "-m", "threadly", "web"],
        env={**os.environ, "THREADLY_PORT": "eighty"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert refused.returncode == 2
    assert refused.stderr.startswith("THREADLY_PORT")
    assert refused.stderr.count("\n") == 1


def test_migrate_status_says_that_nothing_is_missing(settings: Settings) -> None:
    said = threadly(settings, "migrate", "status")
    assert (said.returncode, said.stdout) == (0, "The schema is up to date.\n")


def test_migrations_go_down_to_nothing_and_up_again(settings: Settings, scratch_database: Settings) -> None:
    assert threadly(scratch_database, "migrate", "up").returncode == 0
    down = threadly(scratch_database, "migrate", "down", "--to", "base", "--yes")
    assert (down.returncode, down.stdout) == (0, "Done.\n")
    status = threadly(scratch_database, "migrate", "status")
    assert status.returncode == 1
    assert status.stdout.splitlines()[0].startswith("0001")
    assert threadly(scratch_database, "migrate", "up").stdout.startswith("0001")


async def test_the_same_seed_makes_the_same_rows(scratch_database: Settings) -> None:
    assert threadly(scratch_database, "migrate", "up").returncode == 0
    query = """
        SELECT md5(string_agg(p::text, '' ORDER BY id)) FROM (
            SELECT id, author_id, content, like_count, comment_count FROM feed.posts) p
    """
    digests = []
    connection = await asyncpg.connect(scratch_database.owner_database_url)
    for _ in range(2):
        seeded = threadly(
            scratch_database,
            *("seed", "--users", "20", "--posts", "60", "--follows", "80"),
            *("--seed", "7", "--until", "2026-01-01"),
        )
        assert seeded.returncode == 0, seeded.stderr
        digests.append(await connection.fetchval(query))
        assert await connection.fetchval("SELECT count(*) FROM feed.follows") == 80
        await connection.execute("TRUNCATE feed.posts, feed.follows, feed.authors, identity.users CASCADE")
    await connection.close()
    assert digests[0]
    assert digests[0] == digests[1]


async def test_products_are_imported_once_and_problems_named_by_line(
    settings: Settings, tenant: Tenant, tmp_path: Path, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    file = tmp_path / "products.csv"
    file.write_text('Handle,Title,Variant Price\nlamp,Lamp,$50.99\npot,Pot,free\nchair,Chair,"50,99"\n')
    command = ("import", "products", str(file), "--tenant", tenant.slug)
    for more, changed in (("--dry-run",), 2), ((), 2), ((), 0):
        said = threadly(settings, *command, *more)
        assert said.returncode == 0, said.stderr
        assert "line 3: “free” is no price in USD." in said.stderr
        assert "3 rows in" in said.stdout
        assert f"products: {changed} created, 0 updated, {2 - changed} unchanged" in said.stdout
    prices = await owner.fetch("SELECT price_minor FROM store.products WHERE tenant_id = $1", tenant.id)
    assert [row[0] for row in prices] == [5_099, 5_099]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("Handle,Vendor\nlamp,Maker\n", "no column Title and no column Variant Price"),
        ("Title,Price\nLamp,free\n", "Nothing of the file could be imported."),
        ("", "no column Title"),
    ],
)
def test_a_file_of_which_nothing_can_be_imported_is_an_error(
    settings: Settings, tenant: Tenant, tmp_path: Path, content: str, says: str
) -> None:
    file = tmp_path / "products.csv"
    file.write_text(content)
    said = threadly(settings, "import", "products", str(file), "--tenant", tenant.slug)
    assert (said.returncode, says in said.stderr) == (1, True)


async def test_a_missing_table_is_a_missing_migration_only_where_one_is_missing(
    scratch_database: Settings, tmp_path: Path
) -> None:
    file = tmp_path / "products.csv"
    file.write_text("Title,Price\nLamp,50.99\n")
    command = ("import", "products", str(file))
    for each in (command, ("jobs", "failed")):
        said = threadly(scratch_database, *each)
        assert (said.returncode, said.stderr) == (
            1,
            "The database is not prepared yet: run `threadly migrate up` first.\n",
        )

    assert threadly(scratch_database, "migrate", "up").returncode == 0
    connection = await asyncpg.connect(scratch_database.owner_database_url)
    await connection.execute("DROP TABLE store.stock_movements CASCADE")
    await connection.close()
    said = threadly(scratch_database, *command)
    assert said.returncode == 1
    assert "migrate up" not in said.stderr
    assert 'relation "store.stock_movements" does not exist' in said.stderr


async def test_dead_letters_are_listed_retried_and_dropped(
    settings: Settings, works: Works, tenant: Tenant, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    async with works.write(tenant, SYSTEM) as work:
        work.emit(BreadBaked(loaf_id=new_id()))
    event_id = str(await owner.fetchval("SELECT id FROM platform.outbox WHERE tenant_id = $1", tenant.id))
    await owner.execute(DEAD, tenant.id, event_id, MAX_ATTEMPTS)

    listed = threadly(settings, "events", "dead").stdout
    assert f"{tenant.slug}  {event_id}  test.bread_baked → test.choke" in listed
    assert threadly(settings, "events", "retry", event_id, "test.choke").returncode == 0
    assert await owner.fetchval(
        "SELECT dead_at IS NULL FROM platform.failed_reactions WHERE event_id = $1", event_id
    )
    gone = threadly(settings, "events", "drop", event_id, "test.choke")
    assert gone.returncode == 1
    assert "no such dead letter" in gone.stderr


async def test_failed_jobs_are_listed_resumed_and_dropped(
    settings: Settings, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    resumed, dropped = str(new_id()), str(new_id())
    for job_id in (resumed, dropped):
        await owner.execute(FAILED_JOB, job_id)
    listed = threadly(settings, "jobs", "failed").stdout
    assert f"{resumed}  test.choke  " in listed
    assert [each.what for each in [each async for each in findings(settings)] if "failed jobs" in each.what]

    assert threadly(settings, "jobs", "resume", resumed).returncode == 0
    row = await owner.fetchrow(
        "SELECT status, queue_name FROM dbos.workflow_status WHERE workflow_uuid = $1", resumed
    )
    assert row
    assert tuple(row) == ("ENQUEUED", "test")
    assert threadly(settings, "jobs", "drop", dropped).returncode == 0
    assert dropped not in threadly(settings, "jobs", "failed").stdout
    gone = threadly(settings, "jobs", "drop", resumed)
    assert (gone.returncode, "no such failed job" in gone.stderr) == (1, True)
    away = threadly(replace(settings, database_url="postgresql://nobody@127.0.0.1:1/none"), "jobs", "failed")
    assert (away.returncode, away.stderr.count("\n")) == (1, 1)


async def test_a_tenant_is_added_with_its_hosts_once(
    settings: Settings, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    slug = f"acme-{new_id().hex[-8:]}"
    added = threadly(settings, "tenants", "add", slug, "Acme Corp", f"{slug}.example", f"WWW.{slug}.example")
    assert added.returncode == 0, added.stderr
    hosts = await owner.fetch(
        "SELECT host FROM platform.tenant_hosts h JOIN platform.tenants t ON t.id = h.tenant_id"
        " WHERE slug = $1 ORDER BY host",
        slug,
    )
    assert [row[0] for row in hosts] == [f"{slug}.example", f"www.{slug}.example"]
    again = threadly(settings, "tenants", "add", slug, "Acme Corp", "other.example")
    assert (again.returncode, "exists already" in again.stderr) == (1, True)


async def test_signing_keys_are_rotated_and_the_old_ones_trusted_no_more_when_asked(
    settings: Settings, works: Works, tenant: Tenant, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    async def keys() -> list[tuple[str, bool]]:
        rows = await owner.fetch(
            "SELECT id::text, retired_at IS NULL FROM identity.signing_keys WHERE tenant_id = $1 ORDER BY id",
            tenant.id,
        )
        return [(row[0], row[1]) for row in rows]

    rotate = ("keys", "rotate", "--tenant", tenant.slug)
    for current in range(2):
        said = threadly(settings, *rotate)
        assert (said.returncode, "stay good" in said.stdout) == (0, True), said.stderr
        assert [used for _, used in await keys()] == [False] * current + [True]
    said = threadly(settings, *rotate, "--distrust-old")
    assert "end within a second" in said.stdout
    ((key_id, used),) = await keys()
    assert (used, f"{tenant.slug}: signs with {key_id}" in said.stdout) == (True, True)
    assert threadly(settings, "keys", "rotate", "--tenant", "nowhere").returncode == 1


async def test_doctor_finds_nothing_to_mend_in_a_healthy_installation(settings: Settings) -> None:
    found = [finding async for finding in findings(settings)]
    # Other tests leave events and jobs in their own tenants: what becomes of those is not this test's matter.
    others = ("wait", "dead letters", "failed jobs")
    ill = [each.what for each in found if each.mend and not any(word in each.what for word in others)]
    assert ill == []
    assert len(found) > 6


async def test_doctor_names_an_owner_that_the_application_connects_as(settings: Settings) -> None:
    as_owner = replace(settings, database_url=settings.owner_database_url)
    found = [finding async for finding in findings(as_owner)]
    (role,) = [each for each in found if each.what.startswith("Connected as")]
    assert "owns tables" in role.what
    assert "THREADLY_OWNER_DATABASE_URL" in role.mend
    assert "The schema is this version's" in [each.what for each in found], "it goes on"


async def test_doctor_names_servers_that_do_not_answer(settings: Settings) -> None:
    away = {"valkey_url": "unix:///nowhere/valkey.sock", "storage_url": "s3+http://127.0.0.1:9/pictures"}
    found = [finding async for finding in findings(replace(settings, **away))]
    assert "THREADLY_STORAGE_URL" in found[-2].mend
    assert "VALKEY_URL" in found[-1].mend
    without_database = replace(settings, database_url="postgresql://nobody@127.0.0.1:1/none")
    found = [finding async for finding in findings(without_database)]
    assert "DATABASE_URL" in found[-1].mend
