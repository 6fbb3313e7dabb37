"""Whom to write to: for modules that tell people something, never for what other people see."""

from collections.abc import Sequence

from threadly.modules.identity.repository.addressees import LIST_ADDRESSEES
from threadly.modules.identity.types import Addressee
from threadly.platform.ids import UUID
from threadly.platform.work import Work


async def list_addressees(work: Work, *, user_ids: Sequence[UUID]) -> list[Addressee]:
    """Those of the members who still have an account, in the order of their ids."""
    return await work.all(LIST_ADDRESSEES, list(user_ids), work.now)
