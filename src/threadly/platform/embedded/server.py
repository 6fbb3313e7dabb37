"""What the embedded servers have in common: one owner per home, found, started, watched and stopped alike."""

import hashlib
import os
import stat
import tempfile
import time
from abc import ABC, abstractmethod
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, ClassVar, Self

from threadly.platform.embedded.lock import FileLock
from threadly.platform.embedded.process import Account, Child, NotStarted, poll_until

__all__ = ["EmbeddedServer", "own_directory", "socket_directory"]

# A socket's path may have 107 bytes on Linux and 103 on macOS; servers add a little to what we choose.
_SOCKET_PATH_MAX_BYTES = 90
_LOG_MAX_BYTES = 10 * 1024 * 1024


class EmbeddedServer(ABC):
    """A server on a unix socket under `home`, run by whichever process came first and shared by the others.

    The owner starts it and stops it; an attacher only uses it while the owner runs. Use it as a context, or
    call `start` and `stop`.
    """

    short_name: ClassVar[str]
    """What its files are called."""
    socket_name: ClassVar[str]

    def __init__(self, home: Path) -> None:
        self.home = home.resolve()
        self.socket_directory = socket_directory(self.home, self.short_name, self.socket_name)
        self._log_path = self.home / "logs" / f"{self.short_name}.log"
        self._lock = FileLock(self.home / f"{self.short_name}.lock")
        self._child: Child | None = None

    @property
    @abstractmethod
    def name(self) -> str:
        """What people call it, with its version when that is known."""

    @abstractmethod
    def is_ready(self) -> bool:
        """Whether everyone may use it now, whoever started it."""

    @abstractmethod
    def _accepts(self) -> bool:
        """Whether it takes connections: `is_ready` but for what `_prepare` does."""

    @abstractmethod
    def _launch(self) -> Child:
        """Start it, after clearing away what a killed owner left. Raises NotStarted."""

    @abstractmethod
    def _prepare(self) -> None:
        """What the owner does to a server that accepts, before others may use it."""

    @abstractmethod
    def _end(self, child: Child) -> None:
        """Stop it in its own best way."""

    @property
    def owned(self) -> bool:
        """Whether this object runs the server, as opposed to using someone else's."""
        return self._lock.held

    def start(self, *, attach: bool = True, owner_timeout_s: float = 30.0, timeout_s: float = 60.0) -> None:
        """Return once the server serves: started here, or, with `attach`, found running.

        Raises NotStarted when it is not ready within `timeout_s`, or when another process has it and within
        `owner_timeout_s` neither lets go of it nor, with `attach`, gets it ready.
        """
        _make_passage(self.home)
        deadline = time.monotonic() + owner_timeout_s
        while not self._lock.try_acquire():
            if attach and self.is_ready():
                return
            if time.monotonic() >= deadline:
                raise NotStarted(
                    f"Process {self._lock.find_holder()} already runs {self.name} of {self.home}: "
                    "stop it first, or choose another home."
                )
            time.sleep(0.02)
        try:
            self._start_owned(timeout_s=timeout_s)
        except BaseException:
            self.stop()
            raise

    def _start_owned(self, *, timeout_s: float) -> None:
        if self._child is not None and self._child.exit_code() is None:
            return
        child = self._child = self._launch()
        poll_until(
            lambda: child.exit_code() is not None or self._accepts(), timeout_s=timeout_s, interval_s=0.005
        )
        if child.exit_code() is not None:
            raise NotStarted(f"{self.name} did not start: {self._last_words()}")
        if not self._accepts():
            raise NotStarted(f"{self.name} was not ready after {timeout_s:.0f} s: {self._last_words()}")
        self._prepare()

    def _open_log(self) -> BinaryIO:
        """The log to append to; one that has outgrown its limit starts anew."""
        self._log_path.parent.mkdir(exist_ok=True)
        log = self._log_path.open("ab")
        if log.tell() > _LOG_MAX_BYTES:
            log.truncate(0)
        return log

    def _last_words(self) -> str:
        lines = self._log_path.read_text(errors="replace").splitlines() if self._log_path.exists() else []
        telling = [line for line in lines[-20:] if "FATAL" in line or "ERROR" in line] or lines[-1:]
        return f"{telling[-1] if telling else 'it said nothing'} (see {self._log_path})"

    @property
    def pid(self) -> int | None:
        """The server's process, when this object started it."""
        return self._child.pid if self._child else None

    def exit_code(self) -> int | None:
        """None while it runs, and always for an attacher; else what it ended with."""
        return self._child.exit_code() if self._child else None

    def stop(self) -> None:
        """Stop the server if it is ours, and let others own it."""
        if self._child is not None:
            self._end(self._child)
            self._child = None
        self._lock.release()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def own_directory(path: Path, *, account: Account | None = None) -> Path:
    """Make `path`, or take it as it is, a directory that only `account` (by default we) may use."""
    _make_passage(path.parent)
    path.mkdir(mode=0o700, exist_ok=True)
    found = path.lstat()
    owner = account.uid if account else os.geteuid()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in (owner, os.geteuid()):
        raise NotStarted(
            f"{path} belongs to another user: start Threadly as that user, or choose another home."
        )
    path.chmod(0o700)
    if account and found.st_uid != account.uid:
        os.chown(path, account.uid, account.gid)
    return path


def _make_passage(path: Path) -> None:
    """Make a directory that leads to others; one that is already there keeps its modes."""
    if path.is_dir():
        return
    try:
        path.mkdir(parents=True, exist_ok=True)
        # Root's servers run as someone else, who has to pass through; passing is not listing.
        path.chmod(0o711 if os.geteuid() == 0 else 0o700)
    except OSError as error:
        raise NotStarted(f"{path} cannot be made: {error.strerror}. Choose another home.") from error


def socket_directory(home: Path, short_name: str, socket_name: str) -> Path:
    """Under `home`, or if that is too long under the temporary directory: the same place for everyone."""
    near = home / "run" / short_name
    if len(os.fsencode(near / socket_name)) <= _SOCKET_PATH_MAX_BYTES:
        return near
    fingerprint = hashlib.sha256(os.fsencode(home)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"threadly-{fingerprint}-{short_name}"
