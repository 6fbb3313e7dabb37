"""The door for mail that comes back: /mail/bounces takes what a mail server or a provider posts, with the
secret that both know.

A message (RFC 3464, 5965) may have been written by anybody and only passed on, so it counts for a letter that
it can name by our signed Message-ID. A provider's JSON counts as it is.
"""

import hmac
from typing import Annotated, Any, Final, Literal

import msgspec
from litestar import Request, Response, post
from litestar.types import ControllerRouterHandler
from msgspec import Meta

from threadly.modules.notifications.channels.returned import note_complaint, note_returned
from threadly.platform.errors import Kind, Refusal
from threadly.platform.http.envelope import Success
from threadly.platform.http.exchange import exchange_of
from threadly.platform.http.refusals import BodyTooLarge
from threadly.platform.mail import MailReport, is_dead_status, read_reports, tenant_of_letter
from threadly.platform.runtime import Runtime
from threadly.platform.work import SYSTEM, Tenant

__all__ = ["BounceDoorClosed", "BounceSecretWrong", "BounceUnreadable", "bounce_route"]

MOST_BYTES: Final = 524_288
JSON_TYPE: Final = b"application/json"
Address = Annotated[str, Meta(min_length=3, max_length=254)]


class BounceDoorClosed(Refusal):
    code = "notifications.bounce_door_closed"
    kind = Kind.MISSING
    message = "There is no such door: set THREADLY_BOUNCE_SECRET to open it."


class BounceSecretWrong(Refusal):
    code = "notifications.bounce_secret_wrong"
    kind = Kind.UNAUTHENTICATED
    message = "Send `Authorization: Bearer …` with THREADLY_BOUNCE_SECRET."


class BounceUnreadable(Refusal):
    code = "notifications.bounce_unreadable"
    kind = Kind.INVALID
    message = (
        "Send the message that came back as message/rfc822, or JSON: a list of "
        '{"kind": "bounced" or "complained", "recipient": "…", "status": "5.1.1"}.'
    )


class Notice(msgspec.Struct, frozen=True):
    """What a provider says of one address; without a `status` it is for good."""

    kind: Literal["bounced", "complained"]
    recipient: Address
    status: Annotated[str, Meta(max_length=20)] = "5.0.0"


class Handled(msgspec.Struct, frozen=True):
    """How many were about somebody here."""

    handled: int


def bounce_route(runtime: Runtime) -> ControllerRouterHandler:
    """POST /mail/bounces: known by its secret, so neither admitted nor limited as a person is."""

    @post(
        "/mail/bounces",
        status_code=200,
        opt={"admit": False, "csrf": False},
        include_in_schema=False,
        request_max_body_size=MOST_BYTES,
    )
    async def take_bounce(request: Request[Any, Any, Any]) -> Response[Success[Handled]]:
        headers = exchange_of(request.scope).headers
        _require_secret(runtime, headers.get(b"authorization", b""))
        body = await request.body()
        if len(body) > MOST_BYTES:
            raise BodyTooLarge
        if headers.get(b"content-type", b"").partition(b";")[0].strip().lower() == JSON_TYPE:
            tenant = await runtime.tenants.of_host(headers.get(b"host", b"").decode("latin-1"))
            handled = await _take_notices(runtime, tenant, body)
        else:
            handled = await _take_message(runtime, body)
        return Response(Success(data=Handled(handled)))

    return take_bounce


def _require_secret(runtime: Runtime, header: bytes) -> None:
    """Raises BounceDoorClosed and BounceSecretWrong."""
    secret = runtime.settings.bounce_secret
    if secret is None:
        raise BounceDoorClosed
    scheme, _, shown = header.partition(b" ")
    if scheme.lower() != b"bearer" or not hmac.compare_digest(shown.strip(), secret.encode()):
        raise BounceSecretWrong


async def _take_notices(runtime: Runtime, tenant: Tenant, body: bytes) -> int:
    try:
        notices = msgspec.json.decode(body, type=list[Notice])
    except msgspec.DecodeError:
        raise BounceUnreadable from None
    handled = 0
    for each in notices:
        if each.kind == "complained" or is_dead_status(each.status):
            handled += await _note(runtime, tenant, each.kind, each.recipient, each.status)
    return handled


async def _take_message(runtime: Runtime, body: bytes) -> int:
    handled = 0
    for report in read_reports(body):
        for recipient in report.recipients:
            tenant = await _sender_of(runtime, report, recipient)
            if tenant is not None:
                handled += await _note(runtime, tenant, report.kind, recipient, report.status)
                break
    return handled


async def _sender_of(runtime: Runtime, report: MailReport, recipient: str) -> Tenant | None:
    tenant_id = tenant_of_letter(runtime.settings, report.message_id, recipient=recipient)
    return None if tenant_id is None else await runtime.tenants.get(tenant_id)


async def _note(runtime: Runtime, tenant: Tenant, kind: str, recipient: str, status: str) -> bool:
    async with runtime.works.write(tenant, SYSTEM) as work:
        if kind == "complained":
            return await note_complaint(work, email=recipient) is not None
        return await note_returned(work, email=recipient, reason=f"bounced with {status}") is not None
