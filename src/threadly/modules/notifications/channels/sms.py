"""By text message, to numbers whose owner has typed the code that was sent there."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Final

from threadly.modules.notifications.channels import ChannelDown, Parcel, Undeliverable, Unwanted
from threadly.modules.notifications.channels.phones import LIST_NUMBERS
from threadly.modules.notifications.types import ChannelName
from threadly.platform.durable import Run
from threadly.platform.ids import UUID
from threadly.platform.mail import site_url
from threadly.platform.sms import GatewayDown, GatewayRefused, TextMessage, keep_text, send_text
from threadly.platform.work import SYSTEM

__all__ = ["SMS", "Sms"]

# Two parts of the usual alphabet, with room for the link.
LONGEST_TITLE: Final = 180


class Sms:
    name: ChannelName = "sms"
    at_once = 4

    @asynccontextmanager
    async def open(self, run: Run, parcels: Sequence[Parcel]) -> AsyncIterator["SmsSender"]:
        async with run.works.read(run.tenant, SYSTEM, fresh=True) as work:
            url = await site_url(work)
            found = await work.all(LIST_NUMBERS, [parcel.recipient.id for parcel in parcels])
        yield SmsSender(run, url, {each.user_id: each.number for each in found})


class SmsSender:
    def __init__(self, run: Run, url: str, numbers: Mapping[UUID, str]) -> None:
        self._run = run
        self._url = url
        self._numbers = numbers

    async def send(self, parcel: Parcel) -> None:
        (delivery,) = parcel.deliveries
        works, tenant = self._run.works, self._run.tenant
        number = self._numbers.get(delivery.recipient.id)
        if number is None:
            raise Unwanted("there is no confirmed number")
        text = f"{tenant.name}: {delivery.title[:LONGEST_TITLE]} {self._url}{delivery.url}"
        message = TextMessage(number, text)
        if works.settings.sms_url is None:
            async with works.write(tenant, SYSTEM) as work:
                await keep_text(work, message=message)
            return
        try:
            await send_text(works.settings, message)
        except GatewayRefused as refused:
            raise Undeliverable(str(refused)) from None
        except GatewayDown as down:
            raise ChannelDown(str(down)) from None


SMS: Final = Sms()
