"""A whole `threadly up` in a temporary home, on a free port, to be killed in parts or as a whole."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Self

import asyncpg
import httpx
import psutil

from threadly.platform.embedded import EmbeddedPostgres

__all__ = [
    "PASSWORD",
    "START_TIMEOUT_S",
    "Installation",
    "Member",
    "clean_environ",
    "free_port",
    "halt",
    "is_ready",
    "poll",
    "resume",
    "threadly",
]

START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 60.0
REQUEST_TIMEOUT_S = 60.0
PASSWORD = "a quiet walk along the river"
# Read by Threadly itself, or naming servers that are not this test's.
_FOREIGN = ("THREADLY_", "DATABASE_", "VALKEY_", "PG")


class Member:
    """Somebody who signed up over the API."""

    def __init__(self, http: httpx.AsyncClient, username: str, answer: dict[str, Any]) -> None:
        self._http = http
        self.username = username
        self.id: str = answer["user"]["id"]
        self.tokens: list[str] = [answer["access_token"], answer["refresh_token"]]

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.tokens[0]}"}

    async def post(self, content: str, *, key: str | None = None) -> httpx.Response:
        headers = self.headers | ({"Idempotency-Key": key} if key else {})
        return await self._http.post("/api/v1/posts", json={"content": content}, headers=headers)

    async def feed(self) -> httpx.Response:
        return await self._http.get("/api/v1/posts", headers=self.headers)

    async def feed_contents(self) -> list[str]:
        answer = await self.feed()
        assert answer.status_code == 200, answer.text
        return [post["content"] for post in answer.json()["data"]]

    async def follow(self, other: "Member") -> None:
        answer = await self._http.post(f"/api/v1/users/{other.id}/follow", headers=self.headers)
        assert answer.status_code == 204, answer.text


class Installation:
    """`threadly up` as an operator starts it; all that it says is kept in `said`.

    As a context it starts when it is first asked to, is stopped at the end, whatever the test did to it, and
    has told no secret.
    """

    def __init__(self, *arguments: str, home: Path | None = None, **settings: object) -> None:
        self._directory = tempfile.TemporaryDirectory(prefix="threadly-fault-", ignore_cleanup_errors=True)
        self.place = Path(self._directory.name)
        self.home = home or self.place / "home"
        self.port = free_port()
        self._arguments = arguments or ("--no-demo",)
        self._settings = {"THREADLY_RATE_LIMIT_FACTOR": "1000"} | {
            f"THREADLY_{name.upper()}": str(value) for name, value in settings.items()
        }
        self._output = self.place / "output"
        self._process: subprocess.Popen[bytes] | None = None
        self.members: list[Member] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def said(self) -> str:
        return self._output.read_text(errors="replace") if self._output.exists() else ""

    @property
    def pid(self) -> int:
        assert self._process, "it was started"
        return self._process.pid

    # Start and stop

    def launch(self) -> None:
        command = [*threadly("up"), "--home", str(self.home), "--port", str(self.port), *self._arguments]
        with self._output.open("ab") as output:
            # Not from the repository, whose .env would count.
            self._process = subprocess.Popen(
                command, env=clean_environ(self._settings), cwd=self.place, stdout=output, stderr=output
            )

    def start(self) -> float:
        """Launch it and wait until it says that it runs. Returns how many seconds that took."""
        begun_at, said_before = time.monotonic(), len(self.said)
        self.launch()
        poll(
            lambda: "Threadly is running at" in self.said[said_before:] or self.exit_code() is not None,
            within_s=START_TIMEOUT_S,
        )
        assert self.exit_code() is None, self.said
        return time.monotonic() - begun_at

    def exit_code(self) -> int | None:
        return self._process.poll() if self._process else None

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to stop. Returns its exit code."""
        assert self._process
        self._process.send_signal(number)
        try:
            return self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            left = [(each.pid, each.status(), _command_line(each)[:5]) for each in self.processes()]
            raise AssertionError(f"It did not stop. These are left: {left}. It said:\n{self.said}") from None

    def kill(self) -> None:
        """kill -9 of `threadly up` itself, and of nothing else."""
        assert self._process
        self._process.kill()
        self._process.wait(STOP_TIMEOUT_S)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        try:
            if self.exit_code() is None:
                resume(self.processes())
                self.stop()
            self.assert_no_secret_was_told()
        finally:
            self.remove()

    def remove(self) -> None:
        """Leave nothing of it on this machine."""
        for process in self.processes():
            with suppress(psutil.NoSuchProcess):  # it was just ending by itself
                process.kill()
        self._directory.cleanup()

    # Its processes

    def processes(self) -> list[psutil.Process]:
        """Everything that runs in this home, whoever its parent is now; what is only waited for is gone."""
        return [each for each in psutil.process_iter() if each.pid != os.getpid() and self._runs_here(each)]

    def server(self, name: str) -> psutil.Process:
        """The main process of `postgres`, `valkey`, `sandbox`, `worker` or `web`."""
        mark = {
            "postgres": ["-D", str(self.home / "postgres")],
            "valkey": ["valkey.sock"],
            "sandbox": ["threadly", "sandbox"],
            "worker": ["threadly", "worker"],
            "web": ["threadly", "web"],
        }[name]
        for each in psutil.Process(self.pid).children():
            line = " ".join(_command_line(each))
            if " ".join(mark) in line:
                return each
        raise AssertionError(f"{name} does not run")

    def web_processes(self) -> list[psutil.Process]:
        """Those that serve requests, below the one that watches them."""
        children = self.server("web").children()
        return [each for each in children if "resource_tracker" not in " ".join(_command_line(each))]

    def everything_of(self, name: str) -> list[psutil.Process]:
        main = self.server(name)
        return [main, *main.children(recursive=True)]

    def _runs_here(self, process: psutil.Process) -> bool:
        try:
            if process.status() in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD):
                return False
            home = str(self.home)
            return (
                any(home in word for word in process.cmdline())
                or process.cwd().startswith(home)
                or process.environ().get("THREADLY_HOME") == home
            )
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            return False

    # What people do there

    @asynccontextmanager
    async def visit(self) -> AsyncIterator[httpx.AsyncClient]:
        async with httpx.AsyncClient(base_url=self.url, timeout=REQUEST_TIMEOUT_S) as http:
            yield http

    async def sign_up(self, http: httpx.AsyncClient, username: str) -> Member:
        body = {
            "name": username.title(),
            "username": username,
            "email": f"{username}@example.com",
            "password": PASSWORD,
        }
        answer = await http.post("/api/v1/auth/signup", json=body)
        assert answer.status_code == 201, answer.text
        member = Member(http, username, answer.json()["data"])
        self.members.append(member)
        return member

    @asynccontextmanager
    async def database(self) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
        """As the owner of the schema, who sees everything."""
        connection = await asyncpg.connect(EmbeddedPostgres(self.home).owner_url)
        try:
            yield connection
        finally:
            connection.terminate()

    # What it must not say

    def assert_no_secret_was_told(self, *more: str) -> None:
        secrets = {(self.home / "secret_key").read_text(), PASSWORD, "$argon2", "-----BEGIN", *more}
        secrets |= {token for member in self.members for token in member.tokens}
        logs = "".join(path.read_text(errors="replace") for path in (self.home / "logs").glob("*"))
        told = [secret[:12] for secret in secrets if secret and secret in self.said + logs]
        assert not told, f"secrets that begin so were told: {told}"


def threadly(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "threadly", *arguments]


def clean_environ(settings: Mapping[str, str]) -> dict[str, str]:
    """This process's environment with no settings in it but these."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
    return kept | dict(settings)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def poll(check: Callable[[], bool], *, within_s: float, every_s: float = 0.02) -> None:
    deadline = time.monotonic() + within_s
    while not check():
        assert time.monotonic() < deadline, f"not so within {within_s} s"
        time.sleep(every_s)


def halt(processes: Sequence[psutil.Process]) -> None:
    for process in processes:
        process.suspend()


def resume(processes: Sequence[psutil.Process]) -> None:
    for process in processes:
        with suppress(psutil.NoSuchProcess):  # it was just ending by itself
            process.resume()


async def is_ready(http: httpx.AsyncClient) -> bool:
    try:
        answer = await http.get("/ready")
    except httpx.TransportError:
        return False
    return answer.status_code == 200 and "down" not in answer.text


def _command_line(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return []
