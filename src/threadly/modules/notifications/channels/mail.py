"""By mail: letters over one connection to the mail server; without one, into the development mailbox."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

from threadly.modules.notifications.channels import ChannelDown, NotNow, Parcel, Undeliverable, Unwanted
from threadly.modules.notifications.channels.letters import compose_letter
from threadly.modules.notifications.channels.returned import note_returned
from threadly.modules.notifications.types import ChannelName
from threadly.platform.durable import Run
from threadly.platform.mail import (
    Away,
    Delayed,
    Letter,
    Refused,
    SmtpSession,
    compose,
    keep_letter,
    signed_id,
    site_url,
    smtp_server,
    smtp_session,
)
from threadly.platform.work import SYSTEM

__all__ = ["MAIL", "Mail"]


class Mail:
    """Nothing is sent to an address that nobody has confirmed, or not since mail came back from there."""

    name: ChannelName = "mail"
    at_once = 1

    @asynccontextmanager
    async def open(self, run: Run, _parcels: Sequence[Parcel]) -> AsyncIterator["MailSender"]:
        settings = run.works.settings
        async with run.works.read(run.tenant, SYSTEM) as work:
            url = await site_url(work)
        if settings.smtp_url is None:
            yield MailSender(run, url, None)
            return
        server = smtp_server(settings.smtp_url, timeout_s=settings.smtp_timeout_s)
        async with smtp_session(server) as session:
            yield MailSender(run, url, session)


class MailSender:
    def __init__(self, run: Run, url: str, session: SmtpSession | None) -> None:
        self._run = run
        self._url = url
        self._session = session

    async def send(self, parcel: Parcel) -> None:
        if not parcel.recipient.email_verified:
            raise Unwanted("the address is not confirmed")
        settings, tenant = self._run.works.settings, self._run.tenant
        letter = compose_letter(parcel, settings=settings, site=tenant.name, site_url=self._url)
        if self._session is None:
            await self._keep(letter)
            return
        letter_id = signed_id(settings, str(parcel.id), tenant_id=tenant.id, recipient=letter.recipient)
        at = self._run.works.clock()
        message = compose(letter, sender=settings.mail_from, letter_id=letter_id, at=at)
        try:
            await self._session.hand_over(message)
        except Refused as refused:
            if refused.address_is_dead:
                async with self._run.works.write(tenant, SYSTEM) as work:
                    await note_returned(work, email=letter.recipient, reason=str(refused))
            raise Undeliverable(str(refused)) from None
        except Away as away:
            raise ChannelDown(str(away)) from None
        except Delayed as delayed:
            raise NotNow(str(delayed)) from None

    async def _keep(self, letter: Letter) -> None:
        async with self._run.works.write(self._run.tenant, SYSTEM) as work:
            await keep_letter(work, letter=letter)


MAIL: Final = Mail()
