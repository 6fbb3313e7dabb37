"""Limits of images and files, their sizes and their addresses: decisions without any I/O."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Final, Literal, get_args

from msgspec import Struct

from threadly.modules.media.judging import sort_of
from threadly.modules.media.types import File, Media, StoredFile, StoredMedia
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
    "Pass",
    "Variant",
    "address_of",
    "expiry_after",
    "file_address_of",
    "most_file_bytes",
    "path_of",
    "serving_of",
    "show",
    "show_file",
    "subject_of",
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


class Pass(Struct, frozen=True):
    """Lets in whoever has an address with it, until `expires` (Unix seconds), as long as something shows that
    upload; an `own` one, which only its member is given, as long as it is there."""

    upload_id: UUID
    expires: int
    own: bool = False


def show(stored: StoredMedia, settings: Settings, now: datetime) -> Media:
    """The image as APIs and pages show it; a private one at addresses that expire."""
    pass_ = Pass(stored.id, expiry_after(now)) if stored.private else None
    return Media(
        id=stored.id,
        url=address_of(stored.key, "large", settings, pass_),
        thumbnail_url=address_of(stored.key, "thumb", settings, pass_),
        width=stored.width,
        height=stored.height,
        alt=stored.alt,
        placeholder=stored.placeholder,
    )


def show_file(stored: StoredFile, settings: Settings, now: datetime) -> File:
    """The file as APIs and pages show it, at an address that expires."""
    return File(
        id=stored.id,
        url=file_address_of(stored.key, settings, Pass(stored.id, expiry_after(now))),
        name=stored.name,
        size_bytes=stored.size_bytes,
        content_type=stored.content_type,
        sort=sort_of(stored.content_type),
    )


def address_of(key: str, variant: Variant, settings: Settings, pass_: Pass | None = None) -> str:
    """Where a variant is served: a path, or a URL if a CDN stands in between."""
    address = f"{settings.media_base_url or ''}/media/{key}/{variant}"
    return f"{address}?{_signed(key, settings, pass_)}" if pass_ else address


def file_address_of(key: str, settings: Settings, pass_: Pass) -> str:
    return f"{settings.media_base_url or ''}/files/{key}?{_signed(key, settings, pass_)}"


def subject_of(key: str, upload_id: UUID, *, own: bool) -> str:
    """What the signature of an address is about."""
    return f"{key} {'own' if own else 'of'} {upload_id}"


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


def most_file_bytes(settings: Settings) -> int:
    return settings.media_file_mib * MEBIBYTE


def _signed(key: str, settings: Settings, pass_: Pass) -> str:
    subject = subject_of(key, pass_.upload_id, own=pass_.own)
    signature = sign_until(settings, subject, pass_.expires)
    whose = "own" if pass_.own else "of"
    return f"{whose}={pass_.upload_id}&expires={pass_.expires}&signature={signature}"
