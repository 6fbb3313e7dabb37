"""Who may read /metrics: they tell how a community's business goes."""

import hmac
from http import HTTPStatus

from threadly.platform.loopback import is_loopback
from threadly.settings import Settings

__all__ = ["refuse_scraper"]


def refuse_scraper(
    settings: Settings, *, authorization: str, address: str, is_forwarded: bool
) -> HTTPStatus | None:
    """Why not, or None: with a token who bears it may; without one, in production, who is on this machine.

    A proxy on this machine brings requests from anywhere, so what `is_forwarded` is not of this machine.
    """
    if settings.metrics_token is not None:
        scheme, _, token = authorization.partition(" ")
        expected = settings.metrics_token.encode()
        is_theirs = scheme.lower() == "bearer" and hmac.compare_digest(
            token.strip().encode("utf-8", "surrogatepass"), expected
        )
        return None if is_theirs else HTTPStatus.UNAUTHORIZED
    if settings.env == "production" and (is_forwarded or not is_loopback(address)):
        return HTTPStatus.FORBIDDEN
    return None
