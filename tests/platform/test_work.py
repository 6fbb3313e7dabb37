"""Work: one transaction, facts that become durable with it, and tenants kept apart."""

from contextlib import suppress
from types import NoneType

import asyncpg
import pytest

from threadly.platform.db import StatementTooSlow, sql
from threadly.platform.ids import new_id
from threadly.platform.work import ANONYMOUS, SYSTEM, CommittedNothing, Tenant, Works

PUT = sql(
    "test.put",
    "INSERT INTO platform.job_steps (job_id, step, output) VALUES ($1, $2, '{}')",
    into=NoneType,
)
COUNT_ALL = sql("test.count", "SELECT count(*) FROM platform.job_steps", into=int)


async def test_what_a_work_wrote_is_there_after_it_and_nothing_of_a_work_that_raised(
    works: Works, tenant: Tenant
) -> None:
    async with works.write(tenant, SYSTEM) as work:
        await work.run(PUT, str(new_id()), "kept")
    with pytest.raises(ZeroDivisionError):
        async with works.write(tenant, SYSTEM) as work:
            await work.run(PUT, str(new_id()), "undone")
            raise ZeroDivisionError
    async with works.read(tenant) as work:
        assert await work.one(COUNT_ALL) == 1


async def test_a_work_that_swallowed_an_error_of_the_database_does_not_claim_to_be_done(
    works: Works, tenant: Tenant
) -> None:
    job_id = str(new_id())
    with pytest.raises(CommittedNothing):
        async with works.write(tenant, SYSTEM) as work:
            await work.run(PUT, job_id, "once")
            with suppress(asyncpg.UniqueViolationError):
                await work.run(PUT, job_id, "once")
    async with works.read(tenant) as work:
        assert await work.one(COUNT_ALL) == 0


async def test_a_query_with_no_where_returns_nothing_of_another_tenant(
    works: Works, tenant: Tenant, other_tenant: Tenant
) -> None:
    async with works.write(tenant, SYSTEM) as work:
        await work.run(PUT, str(new_id()), "ours")
    async with works.read(other_tenant) as work:
        assert await work.one(COUNT_ALL) == 0
    async with works.write(other_tenant, SYSTEM) as work:
        assert await work.one(COUNT_ALL) == 0
    async with works.read(tenant) as work:
        assert await work.one(COUNT_ALL) == 1


async def test_a_row_cannot_be_written_into_another_tenant(
    works: Works, tenant: Tenant, other_tenant: Tenant
) -> None:
    smuggle = sql(
        "test.smuggle",
        "INSERT INTO platform.job_steps (job_id, step, output, tenant_id) VALUES ('x', 'y', '{}', $1)",
        into=NoneType,
    )
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with works.write(tenant, SYSTEM) as work:
            await work.run(smuggle, other_tenant.id)


async def test_a_statement_that_takes_too_long_is_refused_and_the_connection_goes_on(
    works: Works, tenant: Tenant
) -> None:
    impatient = sql("test.impatient", "SET statement_timeout = '50ms'", into=NoneType)
    slow = sql("test.slow", "SELECT pg_sleep(5)", into=NoneType)
    patient = sql("test.patient", "RESET statement_timeout", into=NoneType)
    with pytest.raises(StatementTooSlow):
        async with works.write(tenant, SYSTEM) as work:
            await work.run(impatient)
            await work.run(slow)
    async with works.write(tenant, SYSTEM) as work:
        await work.run(patient)
        assert await work.one(COUNT_ALL) == 0


async def test_the_application_role_cannot_bypass_the_policies(works: Works, tenant: Tenant) -> None:
    about_me = sql(
        "test.role",
        """
        SELECT r.rolsuper OR r.rolbypassrls OR r.rolcreaterole
               OR EXISTS (SELECT FROM pg_class c WHERE c.relowner = r.oid AND c.relkind IN ('r', 'p'))
        FROM pg_roles r WHERE r.rolname = current_user
        """,
        into=bool,
    )
    async with works.read(tenant, ANONYMOUS) as work:
        assert await work.one(about_me) is False
        for escape in ("SET ROLE threadly_owner", "SET SESSION AUTHORIZATION postgres"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await work.run(sql("test.escape", escape, into=NoneType))


async def test_every_table_with_rows_of_tenants_has_row_level_security(
    owner: "asyncpg.Connection[asyncpg.Record]",
) -> None:
    # The registry itself, what processes say of themselves, the migration's mark, and the durable engine's
    # own tables are no tenant's; the words that the search knows are nobody's, and the application may not
    # read them.
    unprotected = await owner.fetch(
        """
        SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'dbos')
          AND NOT (c.relrowsecurity AND EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid))
        """
    )
    assert {row[0] for row in unprotected} == {
        "admin.process_minutes",
        "platform.tenants",
        "platform.tenant_hosts",
        "public.alembic_version",
        "search.spellings",
    }
