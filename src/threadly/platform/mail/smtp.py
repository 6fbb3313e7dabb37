"""Handing a message to the mail server that the settings name."""

import asyncio
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

import msgspec

from threadly.platform.loopback import is_loopback

__all__ = ["Delayed", "Refused", "SmtpServer", "hand_over", "smtp_server"]

COMMAND_TIMEOUT_S = 20.0
WHOLE_TIMEOUT_S = 60.0
PORTS = {"smtp": 587, "smtps": 465}
PERMANENT = 500  # RFC 5321, section 4.2.1: replies from here on will be the same tomorrow


class Refused(Exception):
    """The server will never take this message for this recipient."""


class Delayed(Exception):
    """The server did not take this message now. It names the reply's code and nobody's address: what a job
    raises is logged and recorded, longer than an account may last."""


class SmtpServer(msgspec.Struct, frozen=True):
    host: str
    port: int
    tls: bool
    starttls: bool | None
    """None: where the server offers it."""
    username: str | None
    password: str | None


def smtp_server(url: str) -> SmtpServer:
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
    )


async def hand_over(server: SmtpServer, message: EmailMessage) -> None:
    """Returns once the server has taken `message`.

    Raises Refused when it never will, and Delayed, OSError or TimeoutError when it may later.
    """
    # Imported here: only a worker that has mail to send needs it.
    from aiosmtplib import SMTPException, SMTPRecipientsRefused, SMTPResponseException, send

    try:
        async with asyncio.timeout(WHOLE_TIMEOUT_S):
            await send(
                message,
                hostname=server.host,
                port=server.port,
                use_tls=server.tls,
                start_tls=None if server.tls else server.starttls,
                username=server.username,
                password=server.password,
                timeout=COMMAND_TIMEOUT_S,
            )
    except SMTPRecipientsRefused as refusal:
        code = refusal.recipients[0].code
        raise (Refused if code >= PERMANENT else Delayed)(f"recipient refused with {code}") from None
    except SMTPResponseException as reply:
        raise Delayed(f"{type(reply).__name__} with {reply.code}") from None
    except SMTPException as failure:
        raise Delayed(f"{type(failure).__name__}") from None
