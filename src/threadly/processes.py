"""The processes of an installation: `up` starts the others, `web` serves, each told all by its environment.

The process of `up` lives as long as the installation, so only small things are imported here.
"""

import os
import secrets
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import msgspec

from threadly.platform.embedded import EmbeddedServers, NotStarted, ServerUrls
from threadly.platform.loopback import is_loopback
from threadly.platform.progress import Progress
from threadly.platform.supervisor import Program, Supervised, Supervisor, interrupt_on_stop_signals
from threadly.platform.telemetry.processes import METRICS_VARIABLE, prepare_metrics
from threadly.settings import Settings, variable_of

__all__ = ["located", "run_up", "run_web"]

READY_TIMEOUT_S = 1.0
WEB_STOP_TIMEOUT_S = 10


def run_up(settings: Settings, *, demo: bool) -> int:
    """Start everything, say where it is, and keep it running until asked to stop. Returns the exit code."""
    interrupt_on_stop_signals()
    progress = Progress()
    try:
        _refuse_strangers(settings, demo=demo)
        _refuse_taken_port(settings)
        servers = EmbeddedServers(settings, attach=False, progress=progress)
        with servers as urls:
            prepare_metrics(settings.home / "run" / "metrics")
            environ = _environment(with_urls(settings, urls))
            if _run_once("prepare", *(["--demo"] if demo else []), environ=environ):
                return 1
            programs: list[Supervised] = [
                *servers.running,
                _worker(settings, environ),
                _web(settings, environ),
            ]
            supervisor = Supervisor(programs, progress=progress)
            return supervisor.run(on_ready=lambda: progress.say(_welcome(settings, demo=demo)))
    except NotStarted as reason:
        print(reason, file=sys.stderr)  # noqa: T201  # the terminal is where it is read
        return 1
    except KeyboardInterrupt:
        return 0


def run_web(settings: Settings) -> int:
    """Serve HTTP with `settings.workers` processes until asked to stop."""
    with located(settings) as located_settings:
        os.environ.update(_environment(located_settings))
        if METRICS_VARIABLE not in os.environ:  # else `up` has named the directory that its children share
            prepare_metrics(settings.home / "run" / "metrics")
        serve = _serve_granian if settings.server == "granian" else _serve_uvicorn
        serve(located_settings)
    return 0


@contextmanager
def located(settings: Settings) -> Iterator[Settings]:
    """The settings with every address in them: the embedded servers' own, found running or started for the
    time of this context. Raises NotStarted."""
    with EmbeddedServers(settings) as urls:
        yield with_urls(settings, urls)


def with_urls(settings: Settings, urls: ServerUrls) -> Settings:
    return msgspec.structs.replace(
        settings,
        database_url=urls.app_url,
        owner_database_url=urls.owner_url,
        valkey_url=urls.valkey_url,
        secret_key=settings.secret_key or _kept_secret(settings.home),
    )


def _kept_secret(home: Path) -> str:
    """The home's own secret, made at the first start: for installations where nobody sets one."""
    path = home / "secret_key"
    home.mkdir(parents=True, exist_ok=True)
    try:
        with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(48))
    except FileExistsError:
        pass
    return path.read_text()


def _environment(settings: Settings) -> dict[str, str]:
    """This process's environment, with the settings as variables."""
    environ = dict(os.environ)
    for field in settings.__struct_fields__:
        value = getattr(settings, field)
        environ.pop(variable_of(field), None)
        if value is not None and value != ():
            environ[variable_of(field)] = ",".join(value) if isinstance(value, tuple) else str(value)
    return environ


def _run_once(*arguments: str, environ: Mapping[str, str]) -> int:
    # In a process of its own: what migrates and seeds is large, and this process stays.
    return subprocess.run([sys.executable, "-m", "threadly", *arguments], env=environ, check=False).returncode


def _worker(settings: Settings, environ: Mapping[str, str]) -> Program:
    ready_file = settings.home.absolute() / "run" / "worker.ready"
    ready_file.parent.mkdir(parents=True, exist_ok=True)
    ready_file.unlink(missing_ok=True)
    command = [sys.executable, "-m", "threadly", "worker", "--ready-file", str(ready_file)]
    return Program("worker", command, environ=environ, ready=ready_file.exists)


def _web(settings: Settings, environ: Mapping[str, str]) -> Program:
    command = [sys.executable, "-m", "threadly", "web"]
    return Program("web", command, environ=environ, ready=lambda: _answers(settings))


def _answers(settings: Settings) -> bool:
    try:
        with socket.create_connection(
            (_reachable(settings.host), settings.port), timeout=READY_TIMEOUT_S
        ) as connection:
            connection.sendall(b"GET /ready HTTP/1.0\r\nHost: localhost\r\n\r\n")
            return b" 200 " in connection.recv(64)
    except OSError:
        return False


def _refuse_strangers(settings: Settings, *, demo: bool) -> None:
    """Everybody knows the demo's password, and the mailbox of development shows links to new ones."""
    if settings.env == "production":
        if demo:
            raise NotStarted("The demo's passwords are public, so it is not for production: add --no-demo.")
        return
    if (demo or settings.smtp_url is None) and not is_loopback(settings.host):
        raise NotStarted(
            f"Development is for this machine only, not for THREADLY_HOST={settings.host}: add --no-demo "
            "and set THREADLY_ENV=production with THREADLY_BASE_URL and THREADLY_SECRET_KEY."
        )


def _refuse_taken_port(settings: Settings) -> None:
    with socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise NotStarted(
                f"Cannot listen on {settings.host} port {settings.port} ({error.strerror}): "
                "stop what runs there, or choose another with --port."
            ) from None


def _reachable(host: str) -> str:
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  # compared, not bound


def _welcome(settings: Settings, *, demo: bool) -> str:
    lines = [
        "",
        f"Threadly is running at {settings.public_url}",
        f"  API documentation  {settings.public_url}/docs",
    ]
    if demo:
        lines += [
            f"  Mail it would send {settings.public_url}/dev/mailbox",
            "  Sign in as         alex@example.com, sarah@example.com, mona@example.com (moderator)",
            "                     or omar@example.com (admin); the password is: threadly-demo",
        ]
    return "\n".join([*lines, "Press Ctrl-C to stop.", ""])


def _serve_granian(settings: Settings) -> None:
    from granian import Granian
    from granian.constants import HTTPModes, Interfaces, Loops

    from threadly.platform.telemetry import SERVER_LOG_CONFIG

    Granian(
        "threadly.app:create_app",
        factory=True,
        address=settings.host,
        port=settings.port,
        interface=Interfaces.ASGI,
        workers=settings.workers,
        loop=Loops.uvloop,
        http=HTTPModes.http1,
        log_dictconfig=dict(SERVER_LOG_CONFIG),
        respawn_failed_workers=True,
        workers_kill_timeout=WEB_STOP_TIMEOUT_S,
    ).serve()


def _serve_uvicorn(settings: Settings) -> None:
    import uvicorn

    from threadly.platform.telemetry import SERVER_LOG_CONFIG

    uvicorn.run(
        "threadly.app:create_app",
        factory=True,
        host=settings.host,
        port=settings.port,
        workers=settings.workers,
        loop="uvloop",
        log_config=dict(SERVER_LOG_CONFIG),
        access_log=False,
        # Whose word about addresses counts is said by THREADLY_TRUSTED_PROXIES alone, for either server.
        proxy_headers=False,
        timeout_graceful_shutdown=WEB_STOP_TIMEOUT_S,
    )
