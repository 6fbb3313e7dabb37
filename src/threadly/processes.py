"""The processes of an installation: `up` starts the others (`programs.py`), `web` serves.

The process of `up` lives as long as the installation, so only small things are imported here.
"""

import os
import resource
import secrets
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import msgspec

from threadly import programs
from threadly.platform.embedded import EmbeddedServers, NotStarted, ServerUrls
from threadly.platform.loopback import is_loopback
from threadly.platform.progress import Progress
from threadly.platform.shared_metrics import METRICS_VARIABLE, prepare_metrics
from threadly.platform.supervisor import Supervised, Supervisor, interrupt_on_stop_signals
from threadly.settings import Settings

__all__ = ["allow_connections", "located", "refuse_bad_files", "run_up", "run_web", "with_urls"]

WEB_STOP_TIMEOUT_S = 10
SETUP_LINK_TIMEOUT_S = 30.0
# Open at once in one process that serves: streams and sockets stay, and browsers keep others for a while.
MOST_CONNECTIONS = 8_192
# Files besides: logs, the pools, what is being uploaded.
SPARE_FILES = 512


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
            located_settings = msgspec.structs.replace(with_urls(settings, urls), demo=demo)
            with programs.payment_sandbox(located_settings) as (sandbox, known_settings):
                true_environ = programs.environment(known_settings)
                if _run_once("prepare", *(["--demo"] if demo else []), environ=true_environ):
                    return 1
                faults, served_settings = programs.faults(known_settings)
                environ = programs.environment(served_settings)
                supervised: list[Supervised] = [
                    *servers.running,
                    *sandbox,
                    *faults,
                    programs.worker(settings, environ),
                    programs.web(settings, environ),
                ]
                link = programs.setup_link(true_environ)

                def on_ready() -> None:
                    progress.say(_welcome(known_settings, demo=demo))
                    if not demo:  # which has its owner from the start
                        # Not waited for here: who waits does not supervise.
                        link.start()
                        Thread(target=link.wait, kwargs={"timeout_s": SETUP_LINK_TIMEOUT_S}).start()

                try:
                    return Supervisor(supervised, progress=progress).run(on_ready=on_ready)
                finally:
                    link.stop()
    except NotStarted as reason:
        print(reason, file=sys.stderr)  # noqa: T201  # the terminal is where it is read
        return 1
    except KeyboardInterrupt:
        return 0


def run_web(settings: Settings) -> int:
    """Serve HTTP with `settings.workers` processes until asked to stop."""
    with located(settings) as located_settings:
        os.environ.update(programs.environment(located_settings))
        if METRICS_VARIABLE not in os.environ:  # else `up` has named the directory that its children share
            prepare_metrics(settings.home / "run" / "metrics")
        refuse_bad_files(located_settings)
        serve = _serve_granian if settings.server == "granian" else _serve_uvicorn
        serve(located_settings)
    return 0


def refuse_bad_files(settings: Settings) -> None:
    """Before anything is started that would end because of them. Raises BadSetting."""
    if settings.objectives or settings.prices:  # else they are the ones that a test holds to be good
        from threadly.modules import admin  # it is large

        admin.read_objectives(settings)
        admin.read_prices(settings)


@contextmanager
def located(settings: Settings) -> Iterator[Settings]:
    """The settings with every address in them: the embedded servers' own, found running or started for the
    time of this context. Raises NotStarted."""
    with EmbeddedServers(settings) as urls:
        yield programs.with_sandbox_found(with_urls(settings, urls))


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


def _run_once(*arguments: str, environ: Mapping[str, str]) -> int:
    # In a process of its own: what migrates and seeds is large, and this process stays.
    return subprocess.run([sys.executable, "-m", "threadly", *arguments], env=environ, check=False).returncode


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


def _welcome(settings: Settings, *, demo: bool) -> str:
    lines = [
        "",
        f"Threadly is running at {settings.public_url}",
        f"  API documentation  {settings.public_url}/docs",
    ]
    if settings.sandbox_url:
        lines.append(f"  Test cards         {settings.sandbox_url}")
    if settings.env == "development" and settings.smtp_url is None:
        lines.append(f"  Mail it would send {settings.public_url}/dev/mailbox")
    if demo:
        lines += [
            "  Sign in as         alex@example.com, sarah@example.com, ada@example.com (seller),",
            "                     mona@example.com (moderator) or omar@example.com (admin);",
            "                     the password is: threadly-demo",
        ]
    return "\n".join([*lines, "Press Ctrl-C to stop.", ""])


def _serve_granian(settings: Settings) -> None:
    from granian import Granian
    from granian.constants import HTTPModes, Interfaces, Loops

    from threadly.platform.telemetry import SERVER_LOG_CONFIG

    os.register_at_fork(after_in_child=_end_when_told)
    allow_connections(MOST_CONNECTIONS)
    Granian(
        "threadly.app:create_app",
        factory=True,
        address=settings.host,
        port=settings.port,
        interface=Interfaces.ASGI,
        workers=settings.workers,
        # Its default, 1,024, is used up by as many open pages, and whoever comes then waits unanswered.
        backpressure=MOST_CONNECTIONS,
        loop=Loops.uvloop,
        http=HTTPModes.http1,
        log_dictconfig=dict(SERVER_LOG_CONFIG),
        respawn_failed_workers=True,
        workers_kill_timeout=WEB_STOP_TIMEOUT_S,
    ).serve()


def allow_connections(count: int) -> None:
    """So many open files for this process and its children, as far as the system lets it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count + SPARE_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))


def _end_when_told() -> None:
    """In a worker that has just begun: the handlers it inherits would swallow a stop that comes before it has
    set its own, and it would then be waited for in vain."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)


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
