"""The embedded servers as the settings want them: only what no address was given for."""

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Protocol

from threadly.platform.embedded.postgres import EmbeddedPostgres
from threadly.platform.embedded.server import EmbeddedServer
from threadly.platform.embedded.valkey import EmbeddedValkey
from threadly.platform.progress import Progress

__all__ = ["EmbeddedServers", "ServerUrls"]

# Long enough for the servers of another process to start, or, if we insist on owning them, to stop.
_OWNER_TIMEOUT_S = 15.0


class WhereServersAre(Protocol):
    """The part of the settings that matters here; taken by shape, so that nothing heavy is imported."""

    @property
    def home(self) -> Path: ...
    @property
    def database_url(self) -> str | None: ...
    @property
    def owner_database_url(self) -> str | None: ...
    @property
    def valkey_url(self) -> str | None: ...
    @property
    def postgres_bin(self) -> Path | None: ...
    @property
    def valkey_bin(self) -> Path | None: ...


@dataclass(frozen=True, kw_only=True)
class ServerUrls:
    """Where the data is, embedded or not."""

    owner_url: str
    app_url: str
    valkey_url: str


class EmbeddedServers:
    """A context with the servers running: started, found running, or elsewhere as the settings say.

    `attach=False` insists on owning them, for whoever runs long: an attacher's servers end with their owner.
    """

    def __init__(
        self, settings: WhereServersAre, *, attach: bool = True, progress: Progress | None = None
    ) -> None:
        self._settings = settings
        self._attach = attach
        self._progress = progress or Progress(None)
        self._stack = ExitStack()
        self._running: list[EmbeddedServer] = []

    @property
    def running(self) -> tuple[EmbeddedServer, ...]:
        """Those that this process runs, in the order they were started: for a supervisor to watch."""
        return tuple(server for server in self._running if server.owned)

    def __enter__(self) -> ServerUrls:
        """Raises NotStarted with one line that says what to do."""
        try:
            owner_url, app_url = self._database_urls()
            return ServerUrls(owner_url=owner_url, app_url=app_url, valkey_url=self._valkey_url())
        except BaseException:
            self._stack.close()
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def _database_urls(self) -> tuple[str, str]:
        given = self._settings.database_url
        if given:
            return self._settings.owner_database_url or given, given
        postgres = EmbeddedPostgres(self._settings.home, bin_dir=self._settings.postgres_bin)
        self._start(postgres)
        return postgres.owner_url, postgres.app_url

    def _valkey_url(self) -> str:
        if self._settings.valkey_url:
            return self._settings.valkey_url
        valkey = EmbeddedValkey(self._settings.home, bin_path=self._settings.valkey_bin)
        self._start(valkey)
        return valkey.url

    def _start(self, server: EmbeddedServer) -> None:
        self._stack.callback(server.stop)
        with self._progress.phase(f"Starting {server.name}") as phase:
            server.start(attach=self._attach, owner_timeout_s=_OWNER_TIMEOUT_S)
            phase.done = f"{server.name} ready" if server.owned else f"{server.name} found running"
        self._running.append(server)
