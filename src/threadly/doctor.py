"""`threadly doctor`: checks the installation, and says what is wrong and how to mend it."""

import shutil
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import asyncpg

from threadly.migrations import APPLICATION_ROLE, is_migrated
from threadly.migrations.partitions import look_at_partitions
from threadly.platform.durable.engine import list_failed_jobs
from threadly.platform.embedded import EmbeddedServers, NotStarted
from threadly.platform.errors import Refusal
from threadly.platform.storage import storage_of
from threadly.platform.valkey import Valkey
from threadly.processes import with_urls
from threadly.settings import Settings

__all__ = ["Finding", "examine", "findings"]

OLDEST_POSTGRES = 150_000
LONG_WAIT_S = 60
LEAST_FREE_BYTES = 500 * 1024 * 1024


@dataclass(frozen=True)
class Finding:
    """One thing looked at; `mend` is empty when it is well."""

    what: str
    mend: str = ""


async def examine(settings: Settings) -> int:
    """Print every finding. Returns 1 if anything is to be mended."""
    ill = 0
    try:
        with EmbeddedServers(settings) as urls:
            async for finding in findings(with_urls(settings, urls)):
                ill += bool(finding.mend)
                _say(finding)
    except NotStarted as reason:
        ill += 1
        _say(Finding("The embedded servers do not start", str(reason)))
    print("All is well." if not ill else f"{ill} to mend.")
    return 1 if ill else 0


async def findings(settings: Settings) -> AsyncIterator[Finding]:
    """Look at everything, the foundations first; what stands on something broken is left out."""
    yield _python()
    yield _disk(settings)
    try:
        connection = await asyncpg.connect(settings.database_url, timeout=5)
    except (OSError, asyncpg.PostgresError) as error:
        yield Finding(
            f"PostgreSQL does not answer: {error}",
            "Check DATABASE_URL and that the server runs; leave it unset to use the embedded one.",
        )
        return
    try:
        for check in DATABASE_CHECKS:
            finding = await _looked(check, settings, connection)
            yield finding
            if finding.mend and check in FOUNDATIONS:
                break
    finally:
        await connection.close()
    yield await _storage(settings)
    yield await _valkey(settings)


async def _looked(
    check: "Check", settings: Settings, connection: "asyncpg.Connection[asyncpg.Record]"
) -> Finding:
    try:
        return await check(settings, connection)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, Refusal) as error:
        what = check.__name__.strip("_").replace("_", " ")
        return Finding(
            f"The database does not let us look at this ({what}): {error}",
            "Check what DATABASE_URL and THREADLY_OWNER_DATABASE_URL name, and what their roles may do.",
        )


def _say(finding: Finding) -> None:
    print(f"✗ {finding.what}\n    {finding.mend}" if finding.mend else f"✓ {finding.what}")


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    mend = "" if sys.version_info >= (3, 11) else "Install Python 3.11 or newer."
    return Finding(f"Python {version}", mend)


def _disk(settings: Settings) -> Finding:
    home = settings.home.absolute()
    place = next(folder for folder in (home, *home.parents) if folder.exists())
    free = shutil.disk_usage(place).free
    text = f"{free / 1024**3:.1f} GiB free for {settings.home}"
    mend = "" if free > LEAST_FREE_BYTES else "Make room: PostgreSQL stops when the disk is full."
    return Finding(text, mend)


async def _server(_settings: Settings, connection: "asyncpg.Connection[asyncpg.Record]") -> Finding:
    number = int(await connection.fetchval("SHOW server_version_num"))
    text = f"PostgreSQL {await connection.fetchval('SHOW server_version')}"
    return Finding(text, "" if number >= OLDEST_POSTGRES else "Use PostgreSQL 15 or newer.")


async def _role(_settings: Settings, connection: "asyncpg.Connection[asyncpg.Record]") -> Finding:
    row = await connection.fetchrow(
        """
        SELECT r.rolname, r.rolsuper OR r.rolbypassrls,
               EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                       WHERE c.relowner = r.oid AND n.nspname NOT IN ('pg_catalog', 'information_schema'))
        FROM pg_roles r WHERE r.rolname = current_user
        """
    )
    assert row
    name, bypasses, owns = row
    if not (bypasses or owns):
        return Finding(f"Connected as {name}, who owns nothing and cannot bypass row level security")
    return Finding(
        f"Connected as {name}, who {'may bypass row level security' if bypasses else 'owns tables'}",
        "Let DATABASE_URL name a role that owns nothing, a member of threadly_app, and put the owner's "
        "address into THREADLY_OWNER_DATABASE_URL: else one tenant's rows are not safe from another.",
    )


async def _rights(_settings: Settings, connection: "asyncpg.Connection[asyncpg.Record]") -> Finding:
    row = await connection.fetchrow(
        """
        SELECT current_user, (
            SELECT pg_has_role(current_user, r.oid, 'usage') OR EXISTS (
                SELECT FROM pg_namespace n WHERE n.nspname = 'platform' AND n.nspowner = current_user::regrole
            )
            FROM pg_roles r WHERE r.rolname = $1
        )
        """,
        APPLICATION_ROLE,
    )
    assert row
    name, may = row
    if may is None:
        return Finding(
            f"There is no role {APPLICATION_ROLE}, to which the migrations grant what the application may do",
            f"As a superuser: CREATE ROLE {APPLICATION_ROLE}; GRANT {APPLICATION_ROLE} TO {name}; "
            "then run `threadly migrate up`.",
        )
    if may:
        return Finding(f"{name} may do what the migrations grant to {APPLICATION_ROLE}")
    return Finding(
        f"{name} is no member of {APPLICATION_ROLE}, to which the migrations grant what one may do",
        f"As a superuser: GRANT {APPLICATION_ROLE} TO {name}; or let DATABASE_URL name {APPLICATION_ROLE}.",
    )


async def _schema(settings: Settings, _connection: "asyncpg.Connection[asyncpg.Record]") -> Finding:
    # As the owner: the application role cannot see the migrations' mark.
    owner = await asyncpg.connect(settings.owner_database_url or settings.database_url, timeout=5)
    try:
        migrated = await is_migrated(owner)
    finally:
        await owner.close()
    text = "The schema is this version's" if migrated else "The schema is not this version's"
    return Finding(text, "" if migrated else "Run `threadly migrate up`.")


async def _partitions(settings: Settings, _connection: "asyncpg.Connection[asyncpg.Record]") -> Finding:
    owner = await asyncpg.connect(settings.owner_database_url or settings.database_url, timeout=5)
    try:
        found = await look_at_partitions(owner)
    finally:
        await owner.close()
    if found.ready and not found.misplaced:
        return Finding("Every order lies in its month's partition, and next month has one")
    next_month = "next month has one" if found.ready else "next month has none yet"
    return Finding(
        f"Orders in no month's partition: {found.misplaced}; {next_month}",
        "Run `threadly migrate up`: it sees to both, as each start of `threadly up` does. A running worker "
        "makes the months to come each day.",
    )


async def _events(_settings: Settings, connection: "asyncpg.Connection[asyncpg.Record]") -> Finding:
    waiting = await connection.fetchval("SELECT count(*) FROM platform.tenants_with_events()")
    if not waiting:
        return Finding("No event waits")
    oldest = await _oldest_waiting_s(connection)
    late = oldest > LONG_WAIT_S
    return Finding(
        f"Events wait in {waiting} communities, the oldest for {oldest:.0f} s",
        "Is a worker running? Start `threadly worker` and read its log." if late else "",
    )


async def _oldest_waiting_s(connection: "asyncpg.Connection[asyncpg.Record]") -> float:
    oldest = 0.0
    for row in await connection.fetch("SELECT tenant_id FROM platform.tenants_with_events()"):
        await connection.execute(f"SET app.tenant = {row[0]:d}")
        age = await connection.fetchval(
            "SELECT extract(epoch FROM now() - min(emitted_at)) FROM platform.outbox WHERE done_at IS NULL"
        )
        oldest = max(oldest, float(age or 0))
    return oldest


async def _dead_letters(_settings: Settings, connection: "asyncpg.Connection[asyncpg.Record]") -> Finding:
    dead = 0
    for row in await connection.fetch("SELECT id FROM platform.tenants"):
        await connection.execute(f"SET app.tenant = {row[0]:d}")
        dead += await connection.fetchval(
            "SELECT count(*) FROM platform.failed_reactions WHERE dead_at IS NOT NULL"
        )
    text = f"{dead} dead letters" if dead else "No dead letters"
    return Finding(text, "Read them with `threadly events dead`, then retry or drop each." if dead else "")


async def _failed_jobs(settings: Settings, _connection: "asyncpg.Connection[asyncpg.Record]") -> Finding:
    failed = len(await list_failed_jobs(str(settings.database_url)))
    text = f"{failed} failed jobs" if failed else "No failed jobs"
    return Finding(text, "Read them with `threadly jobs failed`, then resume or drop each." if failed else "")


async def _search(settings: Settings, _connection: "asyncpg.Connection[asyncpg.Record]") -> Finding:
    """What the server lacks is no fault: the search does without, and says so."""
    owner = await asyncpg.connect(settings.owner_database_url or settings.database_url, timeout=5)
    try:
        meaning = await owner.fetchval("SELECT search.has_meaning()")
        errors = await owner.fetchval("SELECT to_regclass('search.spellings_similar') IS NOT NULL")
    finally:
        await owner.close()
    goes_by = [
        "words",
        *(["meaning"] if meaning else []),
        *(["forgiving errors of typing"] if errors else []),
    ]
    lacking = [*([] if meaning else ["pgvector 0.8"]), *([] if errors else ["pg_trgm"])]
    hint = f" (with {' and '.join(lacking)} it can do more: see docs/search.md)" if lacking else ""
    return Finding(f"The search goes by {', '.join(goes_by)}{hint}")


async def _valkey(settings: Settings) -> Finding:
    valkey = Valkey(str(settings.valkey_url))
    try:
        await valkey.ping()
    except Refusal:
        return Finding(
            "Valkey does not answer: no cache, no rate limits, and live pages poll",
            "Check VALKEY_URL and that the server runs; leave it unset to use the embedded one.",
        )
    finally:
        await valkey.aclose()
    return Finding("Valkey answers")


async def _storage(settings: Settings) -> Finding:
    try:
        await storage_of(settings).check()
    except Refusal as refusal:
        return Finding(
            f"The store of images cannot be reached: {refusal.__cause__ or refusal}".partition("\n")[0],
            "Check THREADLY_STORAGE_URL and its keys; leave it unset to keep images under THREADLY_HOME.",
        )
    return Finding("The store of images answers")


Check = Callable[[Settings, "asyncpg.Connection[asyncpg.Record]"], Awaitable[Finding]]
DATABASE_CHECKS: tuple[Check, ...] = (
    _server,
    _role,
    _rights,
    _schema,
    _partitions,
    _events,
    _dead_letters,
    _failed_jobs,
    _search,
)
# Without them nothing that comes after can be looked at.
FOUNDATIONS: tuple[Check, ...] = (_rights, _schema)
