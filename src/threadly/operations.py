"""What an operator does from the command line."""

import os
import sys
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

import asyncpg
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
)

from threadly.modules import identity, search, store
from threadly.platform import relay
from threadly.platform.durable import engine
from threadly.platform.errors import Kind, Refusal
from threadly.platform.ids import UUID
from threadly.platform.mail import site_url
from threadly.platform.runtime import Runtime, running
from threadly.platform.work import SYSTEM, Tenant
from threadly.settings import Settings

__all__ = [
    "add_tenant",
    "drop_dead_letter",
    "drop_job",
    "grant_role",
    "import_products",
    "print_dead_letters",
    "print_failed_jobs",
    "print_setup_link",
    "rebuild_search",
    "remove_second_factor",
    "replay",
    "resume_job",
    "retry_dead_letter",
    "rotate_keys",
]


class TenantTaken(Refusal):
    code = "platform.tenant_taken"
    kind = Kind.CONFLICT
    message = "A community with that slug or host exists already."


class SlugInvalid(Refusal):
    code = "platform.slug_invalid"
    kind = Kind.INVALID
    message = "A slug is lower-case letters, digits and dashes, and begins with a letter."


class TenantUnknown(Refusal):
    code = "platform.tenant_unknown"
    kind = Kind.MISSING
    message = "There is no community with that slug."


class NothingImported(Refusal):
    code = "store.nothing_imported"
    kind = Kind.INVALID
    message = "Nothing of the file could be imported."


async def print_dead_letters(settings: Settings) -> None:
    async with running(settings) as runtime:
        for tenant in await runtime.tenants.all():
            async with runtime.works.read(tenant, SYSTEM) as work:
                for letter in await relay.list_dead_letters(work):
                    print(
                        f"{tenant.slug}  {letter.event_id}  {letter.event} → {letter.reaction}  "
                        f"{letter.dead_at:%Y-%m-%d %H:%M}  {letter.error[:120]}"
                    )


async def retry_dead_letter(settings: Settings, *, event_id: UUID, reaction: str) -> None:
    async with running(settings) as runtime:
        tenant = await _tenant_with(runtime, event_id)
        async with runtime.works.write(tenant, SYSTEM) as work:
            await relay.retry_dead_letter(work, event_id=event_id, reaction=reaction)


async def drop_dead_letter(settings: Settings, *, event_id: UUID, reaction: str) -> None:
    async with running(settings) as runtime:
        tenant = await _tenant_with(runtime, event_id)
        async with runtime.works.write(tenant, SYSTEM) as work:
            await relay.drop_dead_letter(work, event_id=event_id, reaction=reaction)


async def replay(settings: Settings, *, event: str, reaction: str, since: datetime) -> None:
    async with running(settings) as runtime:
        for tenant in await runtime.tenants.all():
            async with runtime.works.write(tenant, SYSTEM) as work:
                count = await relay.replay_events(work, reaction=reaction, event=event, since=since)
            print(f"{tenant.slug}: {count} events")


async def print_failed_jobs(settings: Settings) -> None:
    for failed in await engine.list_failed_jobs(str(settings.database_url)):
        print(f"{failed.id}  {failed.job}  {failed.failed_at:%Y-%m-%d %H:%M}  {failed.error[:120]}")


async def resume_job(settings: Settings, *, job_id: str) -> None:
    await engine.resume_failed_job(str(settings.database_url), job_id)


async def drop_job(settings: Settings, *, job_id: str) -> None:
    await engine.drop_failed_job(str(settings.database_url), job_id)


async def add_tenant(settings: Settings, *, slug: str, name: str, hosts: Sequence[str]) -> None:
    """Only the owner writes the registry."""
    connection = await asyncpg.connect(settings.owner_database_url)
    try:
        async with connection.transaction():
            tenant_id = await connection.fetchval(
                "INSERT INTO platform.tenants (slug, name) VALUES ($1, $2) RETURNING id", slug, name
            )
            await connection.executemany(
                "INSERT INTO platform.tenant_hosts (host, tenant_id) VALUES (lower($1), $2)",
                [(host, tenant_id) for host in hosts],
            )
    except asyncpg.UniqueViolationError:
        raise TenantTaken from None
    except asyncpg.CheckViolationError:
        raise SlugInvalid from None
    finally:
        await connection.close()
    print(f"{name} answers at {', '.join(hosts)} within a quarter of a minute.")


async def grant_role(settings: Settings, *, tenant: str, username: str, role: str) -> None:
    async with running(settings) as runtime:
        found = await _tenant_of(runtime, slug=tenant)
        async with runtime.works.write(found, SYSTEM) as work:
            profile = await identity.get_profile(work, id_or_username=username)
            await identity.set_role(work, user_id=profile.id, role=role)
    print(f"{username} is {role} now: in a browser at once, in programs when they next refresh their token.")


async def rotate_keys(settings: Settings, *, tenant: str | None, distrust_old: bool) -> None:
    """Those that sign access tokens: of one community, or of all. Raises TenantUnknown."""
    async with running(settings) as runtime:
        every = [await _tenant_of(runtime, slug=tenant)] if tenant else await runtime.tenants.all()
        for each in every:
            async with runtime.works.write(each, SYSTEM) as work:
                key_id = await identity.rotate_signing_key(work, distrust_old=distrust_old)
            print(f"{each.slug}: signs with {key_id}")
    if distrust_old:
        print("Tokens of the old keys end within a second; programs go on with their refresh tokens.")
    else:
        print("Tokens of the old keys stay good until they expire.")


async def remove_second_factor(settings: Settings, *, tenant: str, username: str) -> None:
    """For a member who has lost the app and the recovery codes, and is known to be who they say."""
    async with running(settings) as runtime:
        found = await _tenant_of(runtime, slug=tenant)
        async with runtime.works.write(found, SYSTEM) as work:
            profile = await identity.get_profile(work, id_or_username=username)
            await identity.remove_second_factor(work, user_id=profile.id)
    print(f"{username} signs in by password alone now.")


async def print_setup_link(settings: Settings, *, tenant: str, if_needed: bool) -> None:
    """The link by which a community gets its owner: on the terminal and nowhere else, since what the database
    keeps is a hash of it. Raises TenantUnknown, and CommunityOwned unless it is printed `if_needed` only."""
    async with running(settings) as runtime:
        found = await _tenant_of(runtime, slug=tenant)
        try:
            async with runtime.works.write(found, SYSTEM) as work:
                token = await identity.make_setup_link(work)
                url = await site_url(work)
        except identity.CommunityOwned:
            if if_needed:
                return
            raise
    print(f"{found.name} has no owner yet. Open this link to set it up; it works once, within a day:")
    print(f"\n  {url}/setup?token={token}\n", flush=True)


async def import_products(settings: Settings, *, tenant: str, file: Path, dry_run: bool) -> None:
    """A bar and the problems on standard error, the counts on standard output. Raises NothingImported."""
    counts, problems = store.ImportCounts(), list[store.ImportProblem]()
    began = time.monotonic()
    async with running(settings) as runtime:
        found = await _tenant_of(runtime, slug=tenant)
        with file.open("rb") as content, _import_bar() as bar:
            task = bar.add_task("Importing", total=_size_of(content))
            batches = store.import_products(runtime.works, found, SYSTEM, content, dry_run=dry_run)
            async for done in batches:
                counts += done.counts
                problems += done.problems[: store.MOST_PROBLEMS - len(problems)]
                bar.update(task, completed=content.tell())
    _print_problems(problems, counts.problem_count)
    _print_counts(counts, dry_run=dry_run, took_s=time.monotonic() - began)
    if counts.products_created + counts.products_updated + counts.products_unchanged == 0:
        raise NothingImported


def _size_of(file: BinaryIO) -> int:
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    return size


def _import_bar() -> Progress:
    return Progress(
        *(TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeElapsedColumn()),
        console=Console(stderr=True),
    )


def _print_problems(problems: Sequence[store.ImportProblem], count: int) -> None:
    for problem in problems:
        print(f"line {problem.line}: {problem.reason}", file=sys.stderr)
    if count > len(problems):
        print(f"and {count - len(problems):,} more problems", file=sys.stderr)


def _print_counts(counts: store.ImportCounts, *, dry_run: bool, took_s: float) -> None:
    if dry_run:
        print("A dry run: nothing is changed.")
    print(f"{counts.row_count:,} rows in {took_s:.1f} s, {counts.problem_count:,} problems")
    for what, created, updated, unchanged in (
        ("products", counts.products_created, counts.products_updated, counts.products_unchanged),
        ("variants", counts.variants_created, counts.variants_updated, counts.variants_unchanged),
    ):
        print(f"{what}: {created:,} created, {updated:,} updated, {unchanged:,} unchanged")


async def rebuild_search(settings: Settings, *, tenant: str) -> None:
    """A bar on standard error, the counts on standard output. Raises TenantUnknown, RebuildRunning."""
    await _enable_extensions(settings)
    rebuilt: search.Rebuild | None = None
    async with running(settings) as runtime:
        found = await _tenant_of(runtime, slug=tenant)
        with _count_bar() as bar:
            task = bar.add_task("Starting", total=None)
            async for rebuilt in search.rebuild_now(runtime.works, found):
                total = max(rebuilt.total, rebuilt.done)
                bar.update(task, description=rebuilt.stage, completed=rebuilt.done, total=total)
    if rebuilt is not None:
        for kind, count in sorted(rebuilt.sizes.items()):
            print(f"{kind}: {count:,}")


async def _enable_extensions(settings: Settings) -> None:
    """What was installed since the last migration is used from now on; only the owner can see to that."""
    connection = await asyncpg.connect(settings.owner_database_url or settings.database_url)
    try:
        await connection.execute("SELECT search.enable_extensions()")
    except asyncpg.InsufficientPrivilegeError:
        return  # not the owner: it stays as it is, which `threadly doctor` says
    finally:
        await connection.close()


def _count_bar() -> Progress:
    return Progress(
        *(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()),
        console=Console(stderr=True),
    )


async def _tenant_of(runtime: Runtime, *, slug: str) -> Tenant:
    """Raises TenantUnknown."""
    found = next((each for each in await runtime.tenants.all() if each.slug == slug), None)
    if found is None:
        raise TenantUnknown
    return found


async def _tenant_with(runtime: Runtime, event_id: UUID) -> Tenant:
    for tenant in await runtime.tenants.all():
        async with runtime.works.read(tenant, SYSTEM) as work:
            letters = await relay.list_dead_letters(work, limit=10_000)
        if any(letter.event_id == event_id for letter in letters):
            return tenant
    raise relay.DeadLetterMissing
