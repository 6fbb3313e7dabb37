"""Limits of images, their sizes and their addresses: decisions without any I/O."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Final, Literal, get_args

from threadly.modules.media.types import Media, StoredMedia
from threadly.platform.ids import UUID
from threadly.platform.signing import sign_until
from threadly.settings import Settings

__all__ = [
    "EDGES",
    "MEBIBYTE",
    "MOST_ALT_CHARACTERS",
    "MOST_ATTACHED",
    "MOST_UPLOAD_BYTES",
    "PRESS_LIMITS",
    "VARIANTS",
    "Variant",
    "address_of",
    "expiry_after",
    "path_of",
    "serving_of",
    "show",
]

MOST_ATTACHED: Final = 10
MOST_ALT_CHARACTERS: Final = 1_000
MEBIBYTE: Final = 1_048_576
MOST_UPLOAD_BYTES: Final = 10 * MEBIBYTE

# What the press may spend on one image. A telephone's largest picture has 50 megapixels. The pixels of an
# animation are those of all its frames.
PRESS_LIMITS: Final[Mapping[str, int]] = {
    "pixels": 50_331_648,
    "edge": 16_000,
    "main_edge": 2_560,
    "frames": 240,
    "moving_pixels": 60_000_000,
    "moving_edge": 800,
    "memory_bytes": 1_610_612_736,
    "cpu_s": 10,
}
# The longest side of each smaller form, in pixels.
EDGES: Final[Mapping[str, int]] = {"large": 1_600, "medium": 800, "thumb": 320}

# "main" is the picture itself, made at the upload; the others are made later and are WebP.
Variant = Literal["main", "large", "medium", "thumb"]
VARIANTS: Final[tuple[str, ...]] = get_args(Variant)

# A signed address works for one to two of these. Rounded, so that a page that is shown again has the same
# addresses, and browsers find the pictures in their caches.
SIGNED_FOR: Final = timedelta(hours=1)


def show(stored: StoredMedia, settings: Settings, now: datetime) -> Media:
    """The image as APIs and pages show it; a private one at addresses that expire."""
    expires = expiry_after(now) if stored.private else None
    return Media(
        id=stored.id,
        url=address_of(stored.key, "large", settings, expires=expires),
        thumbnail_url=address_of(stored.key, "thumb", settings, expires=expires),
        width=stored.width,
        height=stored.height,
        alt=stored.alt,
        placeholder=stored.placeholder,
    )


def address_of(key: str, variant: Variant, settings: Settings, *, expires: int | None = None) -> str:
    """Where a variant is served: a path, or a URL if a CDN stands in between. `expires` in Unix seconds."""
    address = f"{settings.media_base_url or ''}/media/{key}/{variant}"
    if expires is None:
        return address
    return f"{address}?expires={expires}&signature={sign_until(settings, key, expires)}"


def expiry_after(now: datetime) -> int:
    """When an address signed now ends, in Unix seconds."""
    whole = int(SIGNED_FOR.total_seconds())
    return (int(now.timestamp()) // whole + 2) * whole


def path_of(tenant_id: int, place: UUID, variant: str) -> str:
    """Where the store has it."""
    return f"{tenant_id}/{place}/{variant}"


def serving_of(variant: str, made: Collection[str]) -> str:
    """Which of the forms that were `made` answers for `variant`: it, or the next larger one."""
    larger = VARIANTS[: VARIANTS.index(variant) + 1]
    return next((each for each in reversed(larger) if each in made), "main")
