"""Following one's own clicks: a cookie names the follower, whose requests are recorded whole and told live.

On the demo everybody follows, until they turn it off; elsewhere it takes the permission. Each answer that is
followed carries a ticket, with which the browser may add what it measured itself.
"""

import hmac
import re
from base64 import urlsafe_b64encode
from secrets import token_hex
from time import perf_counter_ns
from typing import Any, Final

import msgspec
from litestar import Request

from threadly.platform.actor import Actor
from threadly.platform.http.exchange import Exchange, exchange_of
from threadly.platform.keys import derive_key, sign
from threadly.platform.telemetry.spans import Recording
from threadly.platform.telemetry.tracing import follow
from threadly.settings import Settings

__all__ = [
    "FOLLOW_COOKIE",
    "LAST_COOKIE",
    "MAY_FOLLOW",
    "OFF",
    "UNFOLLOWED",
    "Ticket",
    "Tickets",
    "cookie_that_follows",
    "follow_if_asked",
    "follower_of",
    "last_cookie",
    "last_trace_of",
]

FOLLOW_COOKIE: Final = "threadly_follow"
# The ticket of what a redirect came from, for the page after it. A script of ours reads it.
LAST_COOKIE: Final = "threadly_last"
OFF: Final = "off"
MAY_FOLLOW: Final = "atlas.follow"
# `opt={UNFOLLOWED: True}`: a route that is no step of anybody's: a stream, or a look at what was followed.
UNFOLLOWED: Final = "unfollowed"
LIFETIME_S: Final = 30 * 86_400
LAST_LIFETIME_S: Final = 30

_FOLLOW = re.compile(rb"(?:^|;\s*)threadly_follow=([0-9a-f]{32}|off)(?:;|$)")
_LAST = re.compile(rb"(?:^|;\s*)threadly_last=([0-9a-f]{32})\.[\w.-]{1,96}(?:;|$)")
_TICKET = re.compile(
    r"(?P<trace>[0-9a-f]{32})\.(?P<span>[0-9a-f]{16})\.(?P<start>[0-9a-f]{1,16})\.(?P<took>[0-9a-f]{1,12})"
    r"\.(?P<signature>[\w-]{22})",
    re.ASCII,
)


def follower_of(headers: dict[bytes, bytes]) -> str | None:
    """The key of who follows, "off", or None where there is no cookie."""
    return _read(headers, b"threadly_follow", _FOLLOW)


def last_trace_of(headers: dict[bytes, bytes]) -> str | None:
    """The trace of the click that a redirect came from, a moment ago."""
    return _read(headers, b"threadly_last", _LAST)


def follow_if_asked(request: Request[Any, Any, Any], actor: Actor, settings: Settings) -> None:
    """Follow this request, if who sends it wants that and may."""
    exchange, scope = exchange_of(request.scope), request.scope
    exchange.may_follow = settings.demo or actor.may(MAY_FOLLOW)
    if not exchange.may_follow or request.route_handler.opt.get(UNFOLLOWED):
        return
    key = follower_of(exchange.headers)
    if key is None and settings.demo and not scope["path"].startswith("/api/"):
        key = token_hex(16)
        exchange.extra.append((b"set-cookie", cookie_that_follows(key, settings).encode()))
    if key is None or key == OFF:
        return
    exchange.follower = key
    _name(exchange, f"{scope['method']} {scope.get('path_template') or scope['path']}")
    follow(follower=key)


def _name(exchange: Exchange, name: str) -> None:
    """Who watches knows from the start what is on its way."""
    recording = exchange.trail.recording
    if recording is not None and recording.spans:
        recording.spans[0].name = name


def cookie_that_follows(key: str, settings: Settings) -> str:
    """The Set-Cookie that turns it on with this key; with OFF, off."""
    secure = "; Secure" if settings.secure_cookies else ""
    return f"{FOLLOW_COOKIE}={key}; Path=/; Max-Age={LIFETIME_S}; HttpOnly; SameSite=Lax{secure}"


def last_cookie(ticket: str, settings: Settings) -> bytes:
    """The Set-Cookie that tells the next page of this request."""
    secure = "; Secure" if settings.secure_cookies else ""
    return f"{LAST_COOKIE}={ticket}; Path=/; Max-Age={LAST_LIFETIME_S}; SameSite=Lax{secure}".encode()


class Ticket(msgspec.Struct, frozen=True):
    """Which request of ours an answer came from: its trace and span, when it began (µs since the epoch) and
    how long it took until the answer began."""

    trace_id: str
    span_id: str
    start_us: int
    took_us: int


class Tickets:
    """Writes and reads them. They are good for the one follower whose request it was."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._key = derive_key(settings.secret_key or token_hex(), "followed")

    def headers(self, recording: Recording, *, leads_on: bool) -> list[tuple[bytes, bytes]]:
        """What goes on an answer that is followed: the one header that scripts can read of all answers
        (https://www.w3.org/TR/server-timing/) and, where it leads on, a cookie for the page there."""
        ticket = self.write(recording, follower=recording.follower or "")
        found = [(b"server-timing", b'journey;desc="%s"' % ticket.encode())]
        if leads_on:
            found.append((b"set-cookie", last_cookie(ticket, self._settings)))
        return found

    def write(self, recording: Recording, *, follower: str) -> str:
        root = recording.spans[0]
        start_us = (recording.anchor_ns + root.started_ns) // 1_000
        took_us = (perf_counter_ns() - root.started_ns) // 1_000
        body = f"{recording.trail.trace_id}.{root.id:016x}.{start_us:x}.{took_us:x}"
        return f"{body}.{self._sign(body, follower)}"

    def read(self, text: str, *, follower: str) -> Ticket | None:
        """None for what is not ours, or another follower's."""
        found = _TICKET.fullmatch(text)
        if found is None:
            return None
        body, _, signature = text.rpartition(".")
        if not hmac.compare_digest(signature, self._sign(body, follower)):
            return None
        return Ticket(found["trace"], found["span"], int(found["start"], 16), int(found["took"], 16))

    def _sign(self, body: str, follower: str) -> str:
        signed = sign(self._key, f"{follower}.{body}".encode())[:16]
        return urlsafe_b64encode(signed).decode().rstrip("=")


def _read(headers: dict[bytes, bytes], name: bytes, value: re.Pattern[bytes]) -> str | None:
    raw = headers.get(b"cookie")
    if raw is None or name not in raw:
        return None
    found = value.search(raw)
    return found[1].decode() if found else None
