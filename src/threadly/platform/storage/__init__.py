"""Files that are too large for the database: on the local disk, or in any S3-compatible store."""

from threadly.platform.storage.storage import (
    ObjectMissing,
    Storage,
    StorageUnavailable,
    StoredObject,
    storage_of,
)

__all__ = ["ObjectMissing", "Storage", "StorageUnavailable", "StoredObject", "storage_of"]
