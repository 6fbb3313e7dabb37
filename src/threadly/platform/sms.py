"""Text messages from durable jobs: to the gateway that the settings name, or to the development mailbox.

The gateway is asked with POST of `{"to": …, "text": …}` and a bearer token, which most have or are easily
given; any 2xx is a yes.
"""

from collections.abc import Awaitable, Callable
from html import escape

import httpx
import msgspec

from threadly.platform.durable import Run
from threadly.platform.mail import Letter, keep_letter
from threadly.platform.telemetry.tracing import span
from threadly.platform.work import SYSTEM, Work
from threadly.settings import Settings

__all__ = ["GatewayDown", "GatewayRefused", "TextMessage", "deliver_text", "keep_text", "send_text"]

TIMEOUT_S = 10.0
ATTEMPTS = 10
# A number or a text that the gateway does not like; other answers are about the gateway, or about us.
ABOUT_THE_MESSAGE = frozenset({400, 404, 410, 413, 422})


class TextMessage(msgspec.Struct, frozen=True):
    """`recipient` is a telephone number as people write it."""

    recipient: str
    text: str


async def deliver_text(run: Run, write: Callable[[Work], Awaitable[TextMessage | None]]) -> None:
    """Deliver the message that `write` writes, or none, at least once. To be called once in a job.

    Like a letter it is written anew at each attempt and recorded nowhere.
    """
    if run.works.settings.sms_url is None:
        await run.transact("keep text message", lambda work: _keep(work, write))
    else:
        await run.step("send text message", lambda: _send(run, write), attempts=ATTEMPTS)


async def keep_text(work: Work, *, message: TextMessage) -> None:
    """Into the development mailbox, where no gateway is configured."""
    html = f"<p>{escape(message.text)}</p>"
    await keep_letter(work, letter=Letter(message.recipient, "Text message", message.text, html))


async def send_text(settings: Settings, message: TextMessage) -> None:
    """Returns once the gateway has taken it. Raises GatewayDown, and GatewayRefused when it never will."""
    with span("sms.send", kind="call"):
        await _ask_gateway(settings, message)


async def _ask_gateway(settings: Settings, message: TextMessage) -> None:
    assert settings.sms_url is not None
    headers = {"Authorization": f"Bearer {settings.sms_token}"} if settings.sms_token else {}
    try:
        async with httpx.AsyncClient(timeout=TIMEOUT_S) as client:
            response = await client.post(
                settings.sms_url, json={"to": message.recipient, "text": message.text}, headers=headers
            )
    except httpx.HTTPError as failure:
        raise GatewayDown(f"the gateway does not answer: {type(failure).__name__}") from None
    if response.status_code in ABOUT_THE_MESSAGE:
        raise GatewayRefused(f"the gateway answered {response.status_code}")
    if not response.is_success:
        raise GatewayDown(f"the gateway answered {response.status_code}")


async def _keep(work: Work, write: Callable[[Work], Awaitable[TextMessage | None]]) -> None:
    message = await write(work)
    if message is not None:
        await keep_text(work, message=message)


async def _send(run: Run, write: Callable[[Work], Awaitable[TextMessage | None]]) -> None:
    async with run.works.read(run.tenant, SYSTEM, fresh=True) as work:
        message = await write(work)
    if message is not None:
        await send_text(run.works.settings, message)


class GatewayDown(Exception):
    """Not taken now. It names nobody's number: what a job raises is logged and recorded."""


class GatewayRefused(GatewayDown):
    """This message will never be taken; as GatewayDown, it names nobody."""
