"""Payments that their buyer approves at the provider's own site, before they are collected."""

from functools import partial
from typing import Protocol, runtime_checkable

import msgspec

from threadly.modules.payments.cashier import cashier_of
from threadly.modules.payments.errors import MethodUnavailable, ProviderAway
from threadly.modules.payments.providers.interface import ProviderError
from threadly.modules.payments.types import ProviderName
from threadly.platform.money import Money
from threadly.platform.work import Works

__all__ = ["Approval", "begin_approval"]


class Approval(msgspec.Struct, frozen=True):
    """`token` becomes that of the Method, once the buyer has approved it at `url`."""

    token: str
    url: str


@runtime_checkable
class Approving(Protocol):
    """A provider that has its buyers approve."""

    async def create_order(
        self, *, amount: Money, reference: str, return_url: str, cancel_url: str
    ) -> tuple[str, str]: ...


async def begin_approval(
    works: Works,
    provider: ProviderName,
    *,
    amount: Money,
    reference: str,
    return_url: str,
    cancel_url: str,
) -> Approval:
    """Ask the provider where its buyer approves the amount, and comes back from to `return_url`. Nothing is
    charged. Call it outside of any Work.

    Raises MethodUnavailable for a provider that does not work like this or is not configured, ProviderAway.
    """
    cashier = cashier_of(works)
    found = cashier.providers.get(provider)
    if not isinstance(found, Approving):
        raise MethodUnavailable
    create = partial(
        found.create_order,
        amount=amount,
        reference=reference,
        return_url=return_url,
        cancel_url=cancel_url,
    )
    try:
        token, url = await cashier.call(provider, "create_order", create)
    except ProviderError as error:
        raise ProviderAway from error
    return Approval(token, url)
