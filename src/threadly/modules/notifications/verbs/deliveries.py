"""What the channels send, put into words at the time that it is sent."""

from collections.abc import Sequence
from typing import cast

from threadly.modules import identity
from threadly.modules.notifications.channels import Delivery
from threadly.modules.notifications.repository.reading import WORD_DELIVERIES, DeliveryRow
from threadly.modules.notifications.rules import NEEDS
from threadly.modules.notifications.types import ChannelName, Kind
from threadly.modules.notifications.verbs.reading import entry_of
from threadly.platform.ids import UUID
from threadly.platform.work import Work

__all__ = ["read_deliveries"]


async def read_deliveries(work: Work, *, ids: Sequence[UUID]) -> list[Delivery]:
    """Those that are still wanted: not of what was read meanwhile, nor to people who are gone or lost the
    permission to know; to who is suspended only what is decided about them. In the order in which they are
    due; two statements, however many, and one for each permission that some of them need."""
    rows = await _permitted(work, await work.all(WORD_DELIVERIES, list(ids)))
    people = await identity.list_addressees(work, user_ids=list({row.user_id for row in rows}))
    by_id = {person.id: person for person in people}
    return [
        _worded(work, row, person)
        for row in rows
        if (person := by_id.get(row.user_id)) and (row.kind == "moderation" or not person.suspended)
    ]


async def _permitted(work: Work, rows: Sequence[DeliveryRow]) -> list[DeliveryRow]:
    needed = {NEEDS[kind] for kind in NEEDS if any(row.kind == kind for row in rows)}
    holders = {
        permission: set(await identity.list_permitted(work, permission=permission)) for permission in needed
    }
    return [
        row
        for row in rows
        if (permission := NEEDS.get(cast(Kind, row.kind))) is None or row.user_id in holders[permission]
    ]


def _worded(work: Work, row: DeliveryRow, recipient: identity.Addressee) -> Delivery:
    entry = entry_of(row)
    return Delivery(
        id=row.delivery_id,
        tenant_id=work.tenant.id,
        notification_id=entry.id,
        channel=cast(ChannelName, row.channel),
        recipient=recipient,
        kind=entry.kind,
        title=entry.title,
        text=entry.text,
        url=entry.url,
        at=entry.updated_at,
    )
