"""What an operator does from the command line."""

from collections.abc import Sequence
from datetime import datetime

import asyncpg

from threadly.modules import identity
from threadly.platform import relay
from threadly.platform.durable import engine
from threadly.platform.errors import Kind, Refusal
from threadly.platform.ids import UUID
from threadly.platform.runtime import Runtime, running
from threadly.platform.work import SYSTEM, Tenant
from threadly.settings import Settings

__all__ = [
    "add_tenant",
    "drop_dead_letter",
    "drop_job",
    "grant_role",
    "print_dead_letters",
    "print_failed_jobs",
    "replay",
    "resume_job",
    "retry_dead_letter",
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
        found = next((each for each in await runtime.tenants.all() if each.slug == tenant), None)
        if found is None:
            raise TenantUnknown
        async with runtime.works.write(found, SYSTEM) as work:
            profile = await identity.get_profile(work, id_or_username=username)
            await identity.set_role(work, user_id=profile.id, role=role)
    print(f"{username} is {role} now: in a browser at once, in programs when they next refresh their token.")


async def _tenant_with(runtime: Runtime, event_id: UUID) -> Tenant:
    for tenant in await runtime.tenants.all():
        async with runtime.works.read(tenant, SYSTEM) as work:
            letters = await relay.list_dead_letters(work, limit=10_000)
        if any(letter.event_id == event_id for letter in letters):
            return tenant
    raise relay.DeadLetterMissing
