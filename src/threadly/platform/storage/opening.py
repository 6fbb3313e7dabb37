"""Which store the settings name, and how patient we are with it."""

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

from threadly.settings import Settings

if TYPE_CHECKING:
    from obstore.store import ObjectStore, S3Config

__all__ = ["open_store"]

FOLDER: Final = "media"
CONNECT_TIMEOUT_S: Final = 3
TRY_TIMEOUT_S: Final = 8
RETRIES: Final = 3
RETRIED_FOR_S: Final = 10


def open_store(settings: Settings) -> "ObjectStore":
    """Connects to nothing yet."""
    parts = urlsplit(settings.storage_url or "")
    if parts.scheme in ("", "file"):
        return _local(Path(unquote(parts.path)) if parts.path else settings.home / FOLDER)
    if parts.scheme == "s3":
        return _s3(settings, endpoint=None, bucket=parts.netloc, prefix=parts.path)
    bucket, _, prefix = parts.path.strip("/").partition("/")
    endpoint = f"{parts.scheme.removeprefix('s3+')}://{parts.netloc}"
    return _s3(settings, endpoint=endpoint, bucket=bucket, prefix=prefix)


def _local(folder: Path) -> "ObjectStore":
    from obstore.store import LocalStore  # only where files are asked for

    # Relative to where the process stands, which a store does not take.
    return LocalStore(folder.absolute(), automatic_cleanup=True, mkdir=True)


def _s3(settings: Settings, *, endpoint: str | None, bucket: str, prefix: str) -> "ObjectStore":
    from obstore.store import S3Store  # only where files are asked for

    # Without a key of ours, the client looks for one where Amazon's machines and pods have it.
    config: S3Config = {
        "region": settings.storage_region,
        "virtual_hosted_style_request": endpoint is None,
    }
    if settings.storage_access_key and settings.storage_secret_key:
        config["access_key_id"] = settings.storage_access_key
        config["secret_access_key"] = settings.storage_secret_key
    if endpoint:
        config["endpoint"] = endpoint
    return S3Store(
        bucket,
        prefix=prefix.strip("/") or None,
        config=config,
        client_options={
            "allow_http": bool(endpoint and endpoint.startswith("http://")),
            "connect_timeout": timedelta(seconds=CONNECT_TIMEOUT_S),
            "timeout": timedelta(seconds=TRY_TIMEOUT_S),
        },
        retry_config={
            "max_retries": RETRIES,
            "retry_timeout": timedelta(seconds=RETRIED_FOR_S),
            "backoff": {"init_backoff": timedelta(milliseconds=200), "max_backoff": timedelta(seconds=2)},
        },
    )
