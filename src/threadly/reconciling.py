"""`threadly doctor --reconcile`: holds providers, ledger, payments, orders and stock against each other."""

import structlog

from threadly.modules import payments, store
from threadly.platform.db import DatabaseUnavailable
from threadly.platform.runtime import Runtime, running
from threadly.platform.work import SYSTEM, Tenant
from threadly.settings import Settings

__all__ = ["reconcile"]

log = structlog.get_logger(__name__)


async def reconcile(settings: Settings) -> int:
    """Print what was compared and every difference that is open. Returns 1 if there is any, or if a provider
    could not be asked or compared, which holds up none of the others. Raises DatabaseUnavailable."""
    open_differences, unreached = 0, 0
    async with running(settings) as runtime:
        try:
            for tenant in await runtime.tenants.all():
                print(f"{tenant.name} ({tenant.slug})")
                unreached += not await _compare(runtime, tenant)
                open_differences += await _print_differences(runtime, tenant)
        finally:
            await payments.close_cashier(runtime.works)
    if open_differences:
        print(f"{open_differences:,} differences to settle: see /manage/reconciliation.")
    elif not unreached:
        print("All books agree.")
    return 1 if open_differences or unreached else 0


async def _compare(runtime: Runtime, tenant: Tenant) -> bool:
    """Whether every provider could be asked."""
    providers = sorted(payments.cashier_of(runtime.works).providers)
    if not providers:
        print("  No payment provider is configured, so there is nobody to ask.")
    answered = True
    for provider in providers:
        try:
            (made,) = await payments.reconcile(runtime.works, tenant, provider=provider)
        except payments.ProviderError as error:
            print(f"  ✗ {provider} cannot be asked now: {error}. Is it running? Try again later.")
            answered = False
        except DatabaseUnavailable:
            raise
        except Exception as error:
            log.exception("a provider could not be compared", provider=provider, tenant=tenant.slug)
            print(f"  ✗ {provider} could not be compared: {type(error).__name__}, see the log. {error}")
            answered = False
        else:
            print(
                f"  ✓ {provider}, {made.since:%Y-%m-%d %H:%M} to {made.until:%Y-%m-%d %H:%M}: "
                f"{made.matched:,} matched, {made.healed:,} healed, {made.differences:,} new differences"
            )
    return answered


async def _print_differences(runtime: Runtime, tenant: Tenant) -> int:
    """How many there are."""
    count, after = 0, None
    async with runtime.works.read(tenant, SYSTEM, fresh=True) as work:
        while True:
            page = await payments.list_discrepancies(work, settled=False, after=after, limit=100)
            for each in page.items:
                print(f"  ✗ {each.kind} {each.subject}: {each.explanation}")
            count += len(page.items)
            after = page.after
            if after is None:
                break
        for wrong in await store.list_order_discrepancies(work):
            print(f"  ✗ {wrong.kind} {wrong.subject}: {wrong.explanation}{_figures(wrong)}")
            count += 1
    return count


def _figures(wrong: store.OrderDiscrepancy) -> str:
    if wrong.expected_minor is None or wrong.found_minor is None:
        return ""
    return f" (expected {wrong.expected_minor:,}, found {wrong.found_minor:,})"
