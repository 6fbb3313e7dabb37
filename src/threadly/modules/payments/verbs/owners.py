"""Whose it is what a provider tells: its account and its webhooks are one for all communities."""

from collections.abc import Iterable

from threadly.modules.payments.providers.interface import ProviderEvent
from threadly.modules.payments.repository.reconciliations import FIND_OWNERS
from threadly.platform.ids import parse_id
from threadly.platform.tenants import PUBLIC_TENANT_ID, Tenants
from threadly.platform.work import SYSTEM, Tenant, Work, Works

__all__ = ["find_owners", "owner_of"]


async def find_owners(work: Work, *, keys: Iterable[str | None]) -> dict[str | None, int]:
    """The id of the tenant whose charge or refund each key is: where none is, the first's, whose people run
    the installation and its accounts."""
    asked = set(keys)
    ids = [found for key in asked if (found := parse_id(key or ""))]
    rows = await work.all(FIND_OWNERS, ids) if ids else []
    return dict.fromkeys(asked, PUBLIC_TENANT_ID) | {row.key: row.tenant_id for row in rows}


async def owner_of(works: Works, tenants: Tenants, event: ProviderEvent) -> Tenant:
    """Whom a webhook concerns, at whatever host it arrived."""
    about = event.charge or event.refund
    key = about.key if about else None
    first = await tenants.get(PUBLIC_TENANT_ID)
    async with works.read(first, SYSTEM, fresh=True) as work:
        owners = await find_owners(work, keys=[key])
    return await tenants.get(owners[key])
