"""The communities of this installation, by host name and by id, kept in memory for a short while."""

import asyncio
import time

import asyncpg

from threadly.platform.actor import Tenant
from threadly.platform.db import Database, DatabaseUnavailable, NotMigrated, RoleDenied
from threadly.platform.errors import Kind, Refusal

__all__ = ["PUBLIC_TENANT_ID", "TenantMissing", "Tenants"]

PUBLIC_TENANT_ID = 1
REFRESH_S = 15.0
RETRY_S = 1.0

LOAD = """
SELECT t.id, t.slug, t.name, h.host
FROM platform.tenants t LEFT JOIN platform.tenant_hosts h ON h.tenant_id = t.id
"""


class TenantMissing(Refusal):
    code = "platform.tenant_missing"
    kind = Kind.MISSING
    message = "There is no such community here."


class Tenants:
    """A host that belongs to no tenant shows the first one, `public`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._by_host: dict[str, Tenant] = {}
        self._by_id: dict[int, Tenant] = {}
        self._fresh_until = 0.0
        self._loading = asyncio.Lock()

    async def of_host(self, host: str) -> Tenant:
        """The tenant that answers at `host` (a Host header: name and maybe port)."""
        await self._refresh()
        return self._by_host.get(host.partition(":")[0].lower()) or self._by_id[PUBLIC_TENANT_ID]

    async def get(self, tenant_id: int) -> Tenant:
        """Raises TenantMissing."""
        await self._refresh()
        if tenant_id not in self._by_id:
            await self._load()
        try:
            return self._by_id[tenant_id]
        except KeyError:
            raise TenantMissing from None

    async def all(self) -> list[Tenant]:
        await self._refresh()
        return list(self._by_id.values())

    async def refresh(self) -> None:
        """Learn of a tenant that was added or renamed just now."""
        self.forget()
        await self._refresh()

    def forget(self) -> None:
        """Look again at the next question."""
        self._fresh_until = 0.0

    async def _refresh(self) -> None:
        if time.monotonic() < self._fresh_until:
            return
        async with self._loading:
            if time.monotonic() >= self._fresh_until:
                await self._load()

    async def _load(self) -> None:
        try:
            async with self._database.unbound(reads=True) as connection:
                rows = await connection.fetch(LOAD)
        except DatabaseUnavailable:
            # A tenant seldom changes: what was known serves on while the database is away.
            if self._by_id:
                self._fresh_until = time.monotonic() + RETRY_S
                return
            raise
        # Every request asks for this first: whatever else it wants is not there either.
        except (asyncpg.UndefinedTableError, asyncpg.InvalidSchemaNameError) as error:
            raise NotMigrated from error
        except asyncpg.InsufficientPrivilegeError as error:
            raise RoleDenied from error
        by_id = {row["id"]: Tenant(row["id"], row["slug"], row["name"]) for row in rows}
        self._by_host = {row["host"]: by_id[row["id"]] for row in rows if row["host"]}
        self._by_id = by_id
        self._fresh_until = time.monotonic() + REFRESH_S
