"""The payment sandbox as a process of its own, to be used, killed and started again."""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from threadly.sandbox.signing import webhook_secret

__all__ = ["KEY", "SandboxServer", "sandbox_server"]

KEY = "a key that only the tests know"
_START_TIMEOUT_S = 60.0
_STOP_TIMEOUT_S = 30.0


class SandboxServer:
    """`threadly sandbox` on a free port that stays the same over its starts."""

    def __init__(self, storage: Path, *arguments: str, key: str = KEY) -> None:
        self.storage = storage
        self.key = key
        self.port = _free_port()
        self._arguments = arguments
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def webhook_secret(self) -> str:
        return webhook_secret(self.key)

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"}

    @property
    def pid(self) -> int:
        assert self._process, "it was started"
        return self._process.pid

    def start(self) -> None:
        """Returns when it answers."""
        command = [sys.executable, "-m", "threadly", "sandbox", "--quiet", "--port", str(self.port)]
        foreign = ("THREADLY_", "DATABASE_", "VALKEY_")
        environ = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
        self._process = subprocess.Popen(
            [*command, "--storage", str(self.storage), *self._arguments],
            env=environ | {"THREADLY_SANDBOX_KEY": self.key},
            cwd="/",  # no .env there
        )
        deadline = time.monotonic() + _START_TIMEOUT_S
        while not self._answers():
            assert self._process.poll() is None, "it ended before it answered"
            assert time.monotonic() < deadline, "it did not answer in time"
            time.sleep(0.02)

    def stop(self) -> int:
        """SIGTERM. Returns the exit code."""
        assert self._process
        self._process.terminate()
        return self._process.wait(_STOP_TIMEOUT_S)

    def kill(self) -> None:
        """kill -9."""
        assert self._process
        self._process.kill()
        self._process.wait(_STOP_TIMEOUT_S)

    def client(self, *, timeout_s: float = 10.0) -> httpx.AsyncClient:
        """A client with the key. Close it."""
        return httpx.AsyncClient(base_url=self.url, headers=self.headers, timeout=timeout_s)

    def reset(self) -> None:
        """Behave and tell nobody, as at the start: for tests that share it."""
        httpx.put(f"{self.url}/v1/behaviour", json={}, headers=self.headers).raise_for_status()
        httpx.delete(f"{self.url}/v1/webhook_endpoint", headers=self.headers).raise_for_status()

    def _answers(self) -> bool:
        try:
            return httpx.get(self.url, timeout=10.0).status_code == 200
        except httpx.TransportError:
            return False


@contextmanager
def sandbox_server(*arguments: str, key: str = KEY) -> Iterator[SandboxServer]:
    """A running sandbox with a storage of its own; `arguments` are more of its command line."""
    with tempfile.TemporaryDirectory(prefix="threadly-sandbox-") as directory:
        server = SandboxServer(Path(directory) / "storage", *arguments, key=key)
        try:
            server.start()
            yield server
        finally:
            server.kill()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
