"""Cross-origin requests: from the origins in the settings only, and without cookies."""

from litestar.config.cors import CORSConfig

from threadly.settings import Settings

__all__ = ["cors_from"]

MAX_AGE_S = 600


def cors_from(settings: Settings) -> CORSConfig | None:
    """None, and so no CORS headers at all, where no origin is allowed."""
    if not settings.cors_origins:
        return None
    return CORSConfig(
        allow_origins=list(settings.cors_origins),
        allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
        allow_headers=[
            "Authorization",
            "Content-Type",
            "Idempotency-Key",
            "If-Match",
            "If-None-Match",
            "Traceparent",
            "X-Request-Id",
        ],
        expose_headers=[
            "Deprecation",
            "ETag",
            "Idempotent-Replayed",
            "Location",
            "Retry-After",
            "Sunset",
            "X-RateLimit-Limit",
            "X-RateLimit-Remaining",
            "X-RateLimit-Reset",
            "X-Request-Id",
            "X-Trace-Id",
        ],
        max_age=MAX_AGE_S,
    )
