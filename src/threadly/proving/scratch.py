"""A whole installation of its own in a temporary directory, of which any part can be killed."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx
import psutil

from threadly.platform.embedded import EmbeddedPostgres, EmbeddedValkey
from threadly.platform.embedded.postgres import DatabaseUrls

__all__ = ["NotRunning", "Scratch"]

START_TIMEOUT_S = 90.0
STOP_TIMEOUT_S = 30.0
READY_LINE = "Threadly is running at"
# Ours to say: the scratch home has the embedded servers and the defaults, whatever this one is told.
FOREIGN = ("THREADLY_", "DATABASE_", "VALKEY_", "PG")


class NotRunning(Exception):
    """It did not start; the message is the end of what it said."""


class Scratch:
    """`threadly up` on a home that nobody else uses, from entering the context until it ends."""

    def __init__(self) -> None:
        self._directory = tempfile.TemporaryDirectory(prefix="threadly-proof-", ignore_cleanup_errors=True)
        self.place = Path(self._directory.name)
        self.home = self.place / "home"
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._output = self.place / "output"
        self._process: psutil.Popen

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "threadly", "up", "--home", str(self.home), "--no-demo"]
        with self._output.open("wb") as output:
            self._process = psutil.Popen(
                [*command, "--port", str(self.port), "--workers", "2"],
                env=_environment(),
                cwd=self.place,
                stdout=output,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                start_new_session=True,  # a Ctrl-C is for us, who then stop it in order
            )
        try:
            self._await_ready()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        everyone = [self._process, *self._children()]
        if self._process.is_running():
            self._process.terminate()
        for left in psutil.wait_procs(everyone, timeout=STOP_TIMEOUT_S)[1]:
            left.kill()
        self._process.wait()
        self._directory.cleanup()

    @property
    def said(self) -> str:
        return self._output.read_text(errors="replace")

    @property
    def urls(self) -> DatabaseUrls:
        return EmbeddedPostgres(self.home).urls()

    @property
    def valkey_url(self) -> str:
        return EmbeddedValkey(self.home).url

    def kill(self, target: str) -> int | None:
        """kill -9 of a process; None if there is none just now. Returns its pid."""
        for process in self._children():
            try:
                if _is(process, target):
                    process.send_signal(signal.SIGKILL)
                    return int(process.pid)
            except psutil.NoSuchProcess:
                continue
        return None

    def sandbox(self) -> tuple[str, str]:
        """Its address and key, as its neighbours were told by their environment."""
        for process in self._children():
            try:
                environ = process.environ()
            except (psutil.NoSuchProcess, psutil.AccessDenied):
                continue
            if "THREADLY_SANDBOX_URL" in environ:
                return environ["THREADLY_SANDBOX_URL"], environ["THREADLY_SANDBOX_KEY"]
        raise NotRunning("No process of the installation knows a payment sandbox.")

    def secret_key(self) -> str:
        return (self.home / "secret_key").read_text()

    def _children(self) -> list[psutil.Process]:
        try:
            return self._process.children(recursive=True)
        except psutil.NoSuchProcess:
            return []

    def _await_ready(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        while READY_LINE not in self.said:
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise NotRunning(self.said[-2_000:])
            time.sleep(0.05)
        httpx.get(f"{self.url}/ready", timeout=10).raise_for_status()


def _is(process: psutil.Process, target: str) -> bool:
    words = process.cmdline()
    if target == "web process":  # one that serves, under the one that starts them
        parent = process.parent()
        return parent is not None and "web" in parent.cmdline()[-1:]
    return target in words[3:4]  # python -m threadly <target>


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    return {**kept, "THREADLY_RATE_LIMIT_FACTOR": "1000000", "THREADLY_LOG_LEVEL": "warning"}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
