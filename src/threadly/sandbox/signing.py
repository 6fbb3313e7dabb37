"""How a webhook proves that it comes from us."""

import hashlib
import hmac

__all__ = ["sign", "webhook_secret"]


def webhook_secret(key: str) -> str:
    """The secret that signs webhooks unless the endpoint names one: it follows from the API's `key`."""
    return hmac.new(key.encode(), b"webhook", hashlib.sha256).hexdigest()


def sign(secret: str, *, at: int, body: bytes) -> str:
    """The header `Sandbox-Signature` of `body` sent `at` (seconds since 1970)."""
    digest = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"
