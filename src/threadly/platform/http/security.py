"""The security headers of every answer."""

from threadly.settings import Settings

__all__ = ["DATA_POLICY", "fixed_headers", "page_policy"]

HSTS_S = 63_072_000  # two years, what the preload list asks for

# For what is not a page: nothing in it may run, and nobody may frame it.
DATA_POLICY = b"default-src 'none'; frame-ancestors 'none'"

_PAGE_POLICY = (
    "default-src 'none'; script-src 'self'{nonce}; style-src 'self'; img-src 'self' data:{images}; "
    "font-src 'self'; connect-src 'self'; manifest-src 'self'; form-action 'self'; frame-ancestors 'none'; "
    "base-uri 'none'"
)


def fixed_headers(settings: Settings) -> tuple[tuple[bytes, bytes], ...]:
    """Those that are the same on every answer."""
    headers = [
        (b"x-content-type-options", b"nosniff"),
        (b"referrer-policy", b"strict-origin-when-cross-origin"),
        (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
        (b"cross-origin-opener-policy", b"same-origin"),
    ]
    if settings.secure_cookies:
        headers.append((b"strict-transport-security", f"max-age={HSTS_S}".encode()))
    return tuple(headers)


def page_policy(nonce: str | None, settings: Settings) -> bytes:
    """The content security policy of a page; scripts run from our own files or with this nonce only."""
    images = f" {settings.media_base_url}" if settings.media_base_url else ""
    return _PAGE_POLICY.format(nonce=f" 'nonce-{nonce}'" if nonce else "", images=images).encode()
