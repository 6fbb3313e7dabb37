"""Handing messages to the mail server that the settings name: one, or several over one connection."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.message import EmailMessage
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

import msgspec

from threadly.platform.loopback import is_loopback
from threadly.platform.telemetry.tracing import span

if TYPE_CHECKING:
    from aiosmtplib import SMTP, SMTPResponseException

__all__ = [
    "Away",
    "Delayed",
    "Refused",
    "SmtpServer",
    "SmtpSession",
    "hand_over",
    "smtp_server",
    "smtp_session",
]

COMMAND_TIMEOUT_S: Final = 20.0
# Of one message, however many commands it takes.
WHOLE_COMMANDS: Final = 3
PORTS: Final = {"smtp": 587, "smtps": 465}
PERMANENT: Final = 500  # RFC 5321, section 4.2.1: replies from here on will be the same tomorrow
ENHANCED: Final = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")
# RFC 3463: that the mailbox, its host or its syntax is bad, or that it is disabled.
DEAD_ADDRESS: Final = re.compile(r"5\.(1\.\d+|2\.1)")
# RFC 5321: no such mailbox, not local, no such name, no mail at all. Others are about us or the letter.
DEAD_ADDRESS_CODES: Final = frozenset({550, 551, 553, 556})


class Refused(Exception):
    """The server will never take this message for this recipient.

    `address_is_dead`: because there is no such mailbox, so that it would take no other message either.
    """

    def __init__(self, message: str, *, address_is_dead: bool = False) -> None:
        super().__init__(message)
        self.address_is_dead = address_is_dead


class Delayed(Exception):
    """The server did not take this message now. It names the reply's code and nobody's address: what a job
    raises is logged and recorded, longer than an account may last."""


class Away(Delayed):
    """The server takes no message at all now: it cannot be reached, hangs, or does not let us in."""


class SmtpServer(msgspec.Struct, frozen=True):
    """`timeout_s` is for each command."""

    host: str
    port: int
    tls: bool
    starttls: bool | None
    """None: where the server offers it."""
    username: str | None
    password: str | None
    timeout_s: float = COMMAND_TIMEOUT_S


def smtp_server(url: str, *, timeout_s: float = COMMAND_TIMEOUT_S) -> SmtpServer:
    """What `smtp[s]://[user:password@]host[:port]` says.

    A password leaves this machine over TLS only: with `smtp://` STARTTLS is then required.
    """
    parts = urlsplit(url)
    host = parts.hostname or "localhost"
    secret = parts.username is not None and not is_loopback(host)
    return SmtpServer(
        host=host,
        port=parts.port or PORTS[parts.scheme],
        tls=parts.scheme == "smtps",
        starttls=True if secret and parts.scheme == "smtp" else None,
        username=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
        timeout_s=timeout_s,
    )


async def hand_over(server: SmtpServer, message: EmailMessage) -> None:
    """Returns once the server has taken `message`.

    Raises Refused when it never will, and Delayed when it may later.
    """
    async with smtp_session(server) as session:
        await session.hand_over(message)


@asynccontextmanager
async def smtp_session(server: SmtpServer) -> AsyncIterator["SmtpSession"]:
    """A connection for several messages, one after the other; it is opened by the first. Raises Away."""
    # Imported here: only a worker that has mail to send needs it.
    from aiosmtplib import SMTP

    client = SMTP(
        hostname=server.host,
        port=server.port,
        use_tls=server.tls,
        start_tls=None if server.tls else server.starttls,
        username=server.username,
        password=server.password,
        timeout=server.timeout_s,
    )
    session = SmtpSession(client, server)
    try:
        yield session
    finally:
        await session.close()


class SmtpSession:
    """See `smtp_session`. After Away it is of no more use."""

    def __init__(self, client: "SMTP", server: SmtpServer) -> None:
        self._client = client
        self._server = server

    async def hand_over(self, message: EmailMessage) -> None:
        """Returns once the server has taken `message`. Raises Refused, Delayed and Away."""
        with span("mail.send", kind="call"):
            await self._hand_over(message)

    async def _hand_over(self, message: EmailMessage) -> None:
        from aiosmtplib import (
            SMTPAuthenticationError,
            SMTPDataError,
            SMTPException,
            SMTPRecipientsRefused,
            SMTPResponseException,
        )

        try:
            async with asyncio.timeout(self._server.timeout_s * WHOLE_COMMANDS):
                if not self._client.is_connected:
                    await self._client.connect()
                await self._client.send_message(message)
        except SMTPRecipientsRefused as refusal:
            raise _refusal(refusal.recipients[0], "recipient") from None
        except SMTPDataError as reply:
            raise _refusal(reply, "message") from None
        except SMTPAuthenticationError as reply:
            raise Away(f"the mail server does not know our password ({reply.code})") from None
        except SMTPResponseException as reply:
            raise Away(f"{type(reply).__name__} with {reply.code}") from None
        except (SMTPException, OSError, TimeoutError) as failure:
            raise Away(f"{type(failure).__name__}") from None

    async def close(self) -> None:
        """Says goodbye to a server that listens, and waits for none that does not."""
        from aiosmtplib import SMTPException

        try:
            if self._client.is_connected:
                async with asyncio.timeout(1.0):
                    await self._client.quit()
        except (SMTPException, OSError, TimeoutError):
            pass
        finally:
            self._client.close()


def _refusal(reply: "SMTPResponseException", what: str) -> Refused | Delayed:
    """The reply's code and enhanced status, and nothing of its text, which may quote the address."""
    found = ENHANCED.search(reply.message)
    status = found[1] if found else ""
    said = f"{what} refused with {reply.code}{f' {status}' if status else ''}"
    if reply.code < PERMANENT:
        return Delayed(said)
    dead = bool(DEAD_ADDRESS.fullmatch(status)) if status else reply.code in DEAD_ADDRESS_CODES
    return Refused(said, address_is_dead=dead and (what == "recipient" or bool(status)))
