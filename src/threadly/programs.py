"""The programs that `up` supervises, each told all by its environment.

The process of `up` lives as long as the installation, so only small things are imported here.
"""

import contextlib
import os
import socket
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import msgspec

from threadly.faults.places import Route, arguments_for, before_database, before_provider, before_valkey
from threadly.platform.embedded import NotStarted
from threadly.platform.embedded.server import own_directory, socket_directory
from threadly.platform.keys import key_for
from threadly.platform.supervisor import Program
from threadly.settings import Settings, variable_of

__all__ = ["environment", "faults", "payment_sandbox", "setup_link", "web", "with_sandbox_found", "worker"]

READY_TIMEOUT_S = 1.0
SANDBOX_PORT_OFFSET = 10
FAULTS_STOP_TIMEOUT_S = 3.0
SETUP_LINK_STOP_TIMEOUT_S = 1.0


def environment(settings: Settings) -> dict[str, str]:
    """This process's environment, with the settings as variables."""
    environ = dict(os.environ)
    for field in settings.__struct_fields__:
        value = getattr(settings, field)
        environ.pop(variable_of(field), None)
        if value is not None and value != ():
            environ[variable_of(field)] = ",".join(value) if isinstance(value, tuple) else str(value)
    return environ


def with_sandbox_found(settings: Settings) -> Settings:
    """With the sandbox that an `up` on this home runs, unless the settings name another."""
    note = _sandbox_note(settings)
    if settings.sandbox_url is not None or settings.env == "production" or not note.exists():
        return settings
    key = settings.sandbox_key or _sandbox_key(settings)
    return msgspec.structs.replace(settings, sandbox_url=note.read_text(), sandbox_key=key)


def _sandbox_note(settings: Settings) -> Path:
    """Where `up` writes down its sandbox's address, for other commands on the same home."""
    return settings.home / "run" / "sandbox.url"


@contextmanager
def payment_sandbox(settings: Settings) -> Iterator[tuple[list[Program], Settings]]:
    """The payment sandbox, and the settings that name it; none when another is named, or in production.

    Its money is invented, so in production it is offered only when THREADLY_SANDBOX_URL says so. It starts
    while the database is prepared, and is stopped by the end of the context at the latest.
    """
    if settings.sandbox_url is not None or settings.env == "production":
        yield [], settings
        return
    port = _free_port(near=settings.port + SANDBOX_PORT_OFFSET)
    known_settings = msgspec.structs.replace(
        settings,
        sandbox_url=f"http://127.0.0.1:{port}",
        sandbox_key=settings.sandbox_key or _sandbox_key(settings),
    )
    program = _sandbox(known_settings, port)
    program.start()
    note = _sandbox_note(settings)
    note.parent.mkdir(parents=True, exist_ok=True)
    note.write_text(str(known_settings.sandbox_url))
    try:
        yield [program], known_settings
    finally:
        note.unlink(missing_ok=True)
        program.stop()


def _sandbox(settings: Settings, port: int) -> Program:
    # By the address of this machine, which web knows as the first community's.
    host = _reachable(settings.host)
    host = f"[{host}]" if ":" in host else host
    webhook_url = f"http://{host}:{settings.port}/webhooks/sandbox"
    storage = settings.home.absolute() / "sandbox"
    command = [sys.executable, "-m", "threadly", "sandbox", "--quiet", "--port", str(port)]
    command += ["--storage", str(storage), "--webhook-url", webhook_url]
    return Program(
        "payment sandbox",
        command,
        # It needs to know none of the other secrets.
        environ=environment(Settings(sandbox_key=settings.sandbox_key)),
        ready=lambda: _answers("127.0.0.1", port, "/"),
    )


def _sandbox_key(settings: Settings) -> str:
    """The sandbox's key follows from the installation's secret, so that it is the same at every start."""
    return key_for(settings, "payment sandbox").hex()


def _free_port(*, near: int) -> int:
    """`near` if it is free on this machine, otherwise any."""
    for port in (near, 0):
        with socket.socket() as probe, contextlib.suppress(OSError, OverflowError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return int(probe.getsockname()[1])
    raise NotStarted("No port is free on 127.0.0.1: end some of the programs that listen there.")


def faults(settings: Settings) -> tuple[list[Program], Settings]:
    """The process that experiments act in, and the settings of those whom it stands in the way of; without
    experiments nothing stands there."""
    if not (settings.experiments or settings.demo):
        return [], settings
    directory = own_directory(socket_directory(settings.home.absolute(), "faults", ".s.PGSQL.5432"))
    routes = _routes(settings, directory)
    urls = {name: route.url for name, route in routes.items()}
    served_settings = msgspec.structs.replace(
        settings,
        experiments=True,
        intercepted=tuple(urls),
        database_url=urls.get("postgresql", settings.database_url),
        database_replica_url=urls.get("postgresql-replica", settings.database_replica_url),
        valkey_url=urls.get("valkey", settings.valkey_url),
        sandbox_url=urls.get("sandbox", settings.sandbox_url),
    )
    return [_faults_program(settings, list(routes.values()))], served_settings


def _routes(settings: Settings, directory: Path) -> dict[str, Route]:
    """What can be intercepted: Stripe and PayPal cannot, for their certificates are theirs."""

    def free_port() -> int:
        return _free_port(near=0)

    assert settings.database_url, "the edge names the database"
    assert settings.valkey_url, "the edge names Valkey"
    routes = [
        before_database("postgresql", settings.database_url, directory, free_port),
        before_valkey(settings.valkey_url, directory, free_port),
    ]
    if url := settings.database_replica_url:
        replica = own_directory(directory / "replica")
        routes.append(before_database("postgresql-replica", url, replica, free_port))
    if settings.sandbox_url:
        routes.append(before_provider("sandbox", settings.sandbox_url, free_port))
    return {route.name: route for route in routes if route is not None}


def _faults_program(settings: Settings, routes: list[Route]) -> Program:
    ready_file = settings.home.absolute() / "run" / "faults.ready"
    ready_file.parent.mkdir(parents=True, exist_ok=True)
    ready_file.unlink(missing_ok=True)
    return Program(
        "proxies for experiments",
        # Not by way of our command line, which would double what it takes.
        [sys.executable, "-m", "threadly.faults", *arguments_for(routes, ready_file)],
        # It needs to know none of the other secrets.
        environ=environment(Settings(database_url=settings.database_url, home=settings.home)),
        ready=ready_file.exists,
        stop_timeout_s=FAULTS_STOP_TIMEOUT_S,
    )


def worker(settings: Settings, environ: Mapping[str, str]) -> Program:
    ready_file = settings.home.absolute() / "run" / "worker.ready"
    ready_file.parent.mkdir(parents=True, exist_ok=True)
    ready_file.unlink(missing_ok=True)
    command = [sys.executable, "-m", "threadly", "worker", "--ready-file", str(ready_file)]
    # The engine has some fifty threads, of which one runs at a time: heaps of their own cost 10 MB.
    environ = {**environ, "MALLOC_ARENA_MAX": "1"}
    return Program("worker", command, environ=environ, ready=ready_file.exists)


def setup_link(environ: Mapping[str, str]) -> Program:
    """Prints the link by which a community without an owner gets one, and ends."""
    command = [sys.executable, "-m", "threadly", "setup-link", "--if-needed"]
    return Program("setup link", command, environ=environ, stop_timeout_s=SETUP_LINK_STOP_TIMEOUT_S)


def web(settings: Settings, environ: Mapping[str, str]) -> Program:
    command = [sys.executable, "-m", "threadly", "web"]
    return Program(
        "web",
        command,
        environ=environ,
        ready=lambda: _answers(_reachable(settings.host), settings.port, "/ready"),
    )


def _answers(host: str, port: int, path: str) -> bool:
    try:
        with socket.create_connection((host, port), timeout=READY_TIMEOUT_S) as connection:
            connection.sendall(f"GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode())
            return b" 200 " in connection.recv(64)
    except OSError:
        return False


def _reachable(host: str) -> str:
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  # compared, not bound
