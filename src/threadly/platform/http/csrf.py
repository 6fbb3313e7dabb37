"""Cross-site request forgery: a signed double submit, for requests that a browser signs in by cookie.

Litestar's own protection cannot tell cookie requests from token requests and keeps the token itself in the
cookie, hence this one. The cookie holds a random value that scripts cannot read; a form carries its HMAC,
masked anew for each page so that compression gives nothing away (BREACH).
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from secrets import token_bytes, token_urlsafe

from litestar.types import HTTPScope, Receive

from threadly.platform.http.exchange import Connection, Exchange, exchange_of
from threadly.platform.http.forms import FormRequest, is_form
from threadly.platform.http.refusals import CsrfMissing
from threadly.platform.keys import derive_key, sign
from threadly.settings import Settings

__all__ = ["COOKIE", "FIELD", "SESSION_COOKIE", "Csrf", "csrf_token"]

COOKIE = "threadly_csrf"
FIELD = "_csrf"
HEADER = b"x-csrf-token"
SESSION_COOKIE = "threadly_session"
_LENGTH = 32


class Csrf:
    def __init__(self, settings: Settings, secret: str) -> None:
        self._key = derive_key(secret, "csrf")
        self._secure = settings.secure_cookies
        self._origins = frozenset({settings.public_url, *settings.cors_origins})

    def token(self, request: Connection) -> str:
        """What a form of this page must carry; the first call for a visitor also sets the cookie."""
        exchange = exchange_of(request.scope)
        value = exchange.csrf_value or request.cookies.get(COOKIE)
        if not value:
            value = token_urlsafe(_LENGTH)
            exchange.extra.append((b"set-cookie", self._cookie(value)))
        exchange.csrf_value = value
        return _mask(self._expected(value))

    async def check(self, scope: HTTPScope, receive: Receive) -> None:
        """Raises CsrfMissing if an unsafe request comes by cookie without proof of where it comes from."""
        exchange = exchange_of(scope)
        request = FormRequest(scope, receive)
        if not self._applies(exchange, request):
            return
        if self._is_foreign(exchange.headers):
            raise CsrfMissing("This request came from another site.")
        value = request.cookies.get(COOKIE)
        if not value:
            raise CsrfMissing  # before anything is read
        sent = exchange.headers.get(HEADER, b"").decode("latin-1") or await _field(request)
        if not sent or not self._matches(value, sent):
            raise CsrfMissing

    def _applies(self, exchange: Exchange, request: Connection) -> bool:
        if _is_by_token(exchange.headers) or request.route_handler.opt.get("csrf") is False:
            return False
        return not request.scope["path"].startswith("/api/") or SESSION_COOKIE in request.cookies

    def _is_foreign(self, headers: dict[bytes, bytes]) -> bool:
        """Told by headers that browsers set and scripts cannot."""
        origin = headers.get(b"origin")
        if origin is None:
            return headers.get(b"sec-fetch-site") == b"cross-site"
        text = origin.decode("latin-1")
        host = headers.get(b"host", b"").decode("latin-1")
        return text not in self._origins and (not host or text.partition("://")[2] != host)

    def _matches(self, value: str, sent: str) -> bool:
        token = _unmask(sent)
        return token is not None and hmac.compare_digest(token, self._expected(value))

    def _expected(self, value: str) -> bytes:
        return sign(self._key, value.encode())

    def _cookie(self, value: str) -> bytes:
        secure = "; Secure" if self._secure else ""
        return f"{COOKIE}={value}; Path=/; HttpOnly; SameSite=Lax{secure}".encode()


def csrf_token(request: Connection) -> str:
    """For templates: `<input type="hidden" name="_csrf" value="{{ csrf_token }}">`."""
    csrf: Csrf = request.app.state.csrf
    return csrf.token(request)


def _is_by_token(headers: dict[bytes, bytes]) -> bool:
    """Whether a token signs the request in, and so no cookie does. Other schemes, which browsers send by
    themselves (Basic, to a proxy that asks for a password), leave the cookie to count."""
    return headers.get(b"authorization", b"").partition(b" ")[0].lower() == b"bearer"


async def _field(request: FormRequest) -> str | None:
    """The field of a form; what was read of it is kept for the handler."""
    if not is_form(request):
        return None
    found = (await request.form()).get(FIELD)
    return found if isinstance(found, str) else None


def _mask(token: bytes) -> str:
    mask = token_bytes(_LENGTH)
    return urlsafe_b64encode(mask + _xor(mask, token)).decode().rstrip("=")


def _unmask(text: str) -> bytes | None:
    try:
        raw = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        return None
    return _xor(raw[:_LENGTH], raw[_LENGTH:]) if len(raw) == 2 * _LENGTH else None


def _xor(left: bytes, right: bytes) -> bytes:
    return (int.from_bytes(left) ^ int.from_bytes(right)).to_bytes(_LENGTH)
