"""Where a dependency is, and where its proxy stands: addresses in, addresses out, nothing else."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from json import dumps
from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, quote, urlencode, urlsplit

__all__ = ["Place", "Route", "arguments_for", "before_database", "before_provider", "before_valkey"]

LOOPBACK = "127.0.0.1"
POSTGRES_PORT, VALKEY_PORT, HTTP_PORT = 5432, 6379, 80


@dataclass(frozen=True, slots=True)
class Place:
    """A unix socket's path, or a host and a port."""

    path: str | None = None
    host: str | None = None
    port: int | None = None


@dataclass(frozen=True, slots=True)
class Route:
    """A proxy to be: `name` is what experiments call the dependency, `url` how clients get to the proxy."""

    name: str
    listen: Place
    upstream: Place
    url: str


# A port of this machine that nobody listens on.
FreePort = Callable[[], int]


def before_database(name: str, url: str, directory: Path, free_port: FreePort) -> Route | None:
    """None where nobody can stand in between: several hosts, or a certificate checked for the host's name."""
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query))
    given = query.get("host", "")
    if given.startswith("/"):
        port = int(query.get("port", POSTGRES_PORT))
        upstream = Place(path=f"{given}/.s.PGSQL.{port}")
        # Named so that libpq finds it: by the port.
        listen = Place(path=str(directory / f".s.PGSQL.{port}"))
        told = urlencode({**query, "host": str(directory), "port": str(port)}, safe="/", quote_via=quote)
        return Route(name, listen, upstream, _joined(parts._replace(query=told)))
    if given or "," in parts.netloc or query.get("sslmode") == "verify-full" or not parts.hostname:
        return None
    return _before_tcp(name, url, POSTGRES_PORT, free_port)


def before_valkey(url: str, directory: Path, free_port: FreePort) -> Route | None:
    """None over TLS, whose certificate is of the host's name."""
    parts = urlsplit(url)
    if parts.scheme == "unix":
        listen = directory / "valkey.sock"
        url = _joined(parts._replace(path=str(listen)))
        return Route("valkey", Place(path=str(listen)), Place(path=parts.path), url)
    return None if parts.scheme == "rediss" else _before_tcp("valkey", url, VALKEY_PORT, free_port)


def before_provider(name: str, url: str, free_port: FreePort) -> Route | None:
    """None over TLS: who stands in between there cannot be trusted, and is not."""
    return None if urlsplit(url).scheme == "https" else _before_tcp(name, url, HTTP_PORT, free_port)


def arguments_for(routes: list[Route], ready_file: Path) -> list[str]:
    """What the process is told on its command line; the database's address comes in DATABASE_URL, as it may
    hold a password."""
    told = {each.name: {"listen": asdict(each.listen), "upstream": asdict(each.upstream)} for each in routes}
    return [str(ready_file), dumps(told)]


def _before_tcp(name: str, url: str, default_port: int, free_port: FreePort) -> Route:
    parts = urlsplit(url)
    listen = Place(host=LOOPBACK, port=free_port())
    upstream = Place(host=parts.hostname or "localhost", port=parts.port or default_port)
    who, at, _ = parts.netloc.rpartition("@")
    netloc = f"{who}{at}{LOOPBACK}:{listen.port}"
    return Route(name, listen, upstream, _joined(parts._replace(netloc=netloc)))


def _joined(parts: SplitResult) -> str:
    """As `urlunsplit`, which leaves the slashes out where there is no host."""
    query = f"?{parts.query}" if parts.query else ""
    return f"{parts.scheme}://{parts.netloc}{parts.path}{query}"
