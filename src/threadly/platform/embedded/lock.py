"""A lock on a file, held by a process: the kernel lets go of it however that process ends."""

import fcntl
import os
from pathlib import Path

__all__ = ["FileLock"]


class FileLock:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    @property
    def held(self) -> bool:
        """Whether this object holds it."""
        return self._descriptor is not None

    def try_acquire(self) -> bool:
        """Take the lock unless someone else holds it; true as well when this object holds it already."""
        if self.held:
            return True
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        os.truncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
        self._descriptor = descriptor
        return True

    def release(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def find_holder(self) -> int | None:
        """The pid of the process that holds it, as it wrote it down."""
        try:
            return int(self._path.read_text())
        except (FileNotFoundError, ValueError):
            return None
