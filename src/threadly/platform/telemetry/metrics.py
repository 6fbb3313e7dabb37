"""Prometheus metrics, right with any number of processes.

Every process writes its numbers into files of its own under one directory (prometheus-client's multi-process
mode), and whichever web process answers /metrics adds them up. The directory must be named before this module
is imported: the command line does so with `prepare_metrics` and lets its children inherit it. Without one
(tests, a single process) the numbers stay in this process.

Gauges that are read rather than counted (pool sizes, queue lag) are `watch`ed: sampled every few seconds and
at each scrape of this very process.

What is counted for every request beyond its own histogram is gathered in memory first, and written every few
seconds (`add_counts`): a write into the shared files costs more than what it counts.
"""

import asyncio
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any, Literal, cast
from wsgiref.simple_server import WSGIRequestHandler, make_server

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
    make_wsgi_app,
)
from prometheus_client.exposition import ThreadingWSGIServer
from prometheus_client.multiprocess import MultiProcessCollector

from threadly.platform.telemetry.scraping import refuse_scraper
from threadly.settings import Settings

if TYPE_CHECKING:
    from wsgiref.types import StartResponse

__all__ = [
    "CONTENT_TYPE_LATEST",
    "METHODS",
    "SHED",
    "add_counts",
    "expose",
    "keep_sampling",
    "method_label",
    "observe_call",
    "observe_event",
    "observe_request",
    "read_gauges",
    "registry",
    "render_metrics",
    "sample_gauges",
    "watch",
]

SAMPLE_EVERY_S = 5.0
# A cap on label combinations, though routes are templates: a scanner must not grow memory.
MAX_SERIES = 2_000
# A client may call its method anything; what is none of these counts as one.
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
OTHER_METHOD = "_OTHER"
_BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0)

registry = CollectorRegistry()

SHED = Counter(
    "threadly_requests_shed", "Requests refused because too many were in flight.", registry=registry
)
_REQUEST_SECONDS = Histogram(
    "threadly_request_seconds",
    "Requests by method, route template and status class: count and duration until the last byte was sent.",
    ("method", "route", "status"),
    buckets=_BUCKETS_S,
    registry=registry,
)

_EVENT_SECONDS = Histogram(
    "threadly_event_seconds",
    "Facts by name (sign-ups, posts): count, and the time from commit until their reactions were committed.",
    ("event",),
    buckets=_BUCKETS_S,
    registry=registry,
)

_CALL_SECONDS = Histogram(
    "threadly_call_seconds",
    "Calls of other systems (payment providers): count by outcome, and how long they took.",
    ("system", "call", "outcome"),
    buckets=_BUCKETS_S,
    registry=registry,
)

_series: dict[tuple[str, str, int], Histogram] = {}


def method_label(method: str) -> str:
    """What a request is counted and named under, as OpenTelemetry does it."""
    return method if method in METHODS else OTHER_METHOD


def observe_request(method: str, route: str, status: int, duration_s: float) -> None:
    key = (method, route, status // 100)
    series = _series.get(key)
    if series is None:
        if len(_series) >= MAX_SERIES:
            return
        series = _series[key] = _REQUEST_SECONDS.labels(method, route, f"{status // 100}xx")
    series.observe(duration_s)


def observe_event(name: str, delay_s: float) -> None:
    _EVENT_SECONDS.labels(name).observe(max(0.0, delay_s))


def observe_call(system: str, call: str, outcome: str, duration_s: float) -> None:
    _CALL_SECONDS.labels(system, call, outcome).observe(max(0.0, duration_s))


def add_counts(histogram: Histogram, counts: Sequence[int], sum_s: float) -> None:
    """Many observations at once: how many fell into each bucket, the last being beyond all bounds.

    The library observes one at a time; it keeps each bucket by itself and adds them up when it is read.
    """
    for bucket, count in zip(histogram._buckets, counts, strict=True):
        if count:
            bucket.inc(count)
    histogram._sum.inc(sum_s)


Reading = float | Mapping[str, float]
# How the processes' readings become one: added up, the least or the most of them, the newest (for what all
# read of the same thing), or each by itself. Those of processes that ended are left out.
Together = Literal["livesum", "livemin", "livemax", "livemostrecent", "liveall"]
_watched: dict[str, tuple[Gauge, Callable[[], Reading]]] = {}


def watch(
    name: str,
    documentation: str,
    read: Callable[[], Reading],
    *,
    label: str | None = None,
    together: Together = "livesum",
) -> None:
    """A gauge that `read` tells: a number, or with `label` one number for each of its values.

    Watching a name again replaces its reader.
    """
    known = _watched.get(name)
    gauge = known[0] if known else _new_gauge(name, documentation, label, together)
    _watched[name] = (gauge, read)


def read_gauges() -> dict[str, Reading]:
    """What this process's gauges read now, by name."""
    return {name: read() for name, (_, read) in _watched.items()}


def sample_gauges() -> None:
    for gauge, read in _watched.values():
        reading = read()
        if isinstance(reading, Mapping):
            for value, number in reading.items():
                gauge.labels(value).set(number)
        else:
            gauge.set(reading)


async def keep_sampling(*, every_s: float = SAMPLE_EVERY_S) -> None:
    """Runs until cancelled: a task of every web and worker process."""
    while True:
        sample_gauges()
        await asyncio.sleep(every_s)


def expose(settings: Settings, port: int) -> None:
    """Answer /metrics for this process alone, which serves nothing else, from a thread of its own."""
    render = make_wsgi_app(registry)

    def answer(environ: dict[str, Any], start_response: "StartResponse") -> Iterable[bytes]:
        refused = refuse_scraper(
            settings,
            authorization=environ.get("HTTP_AUTHORIZATION", ""),
            address=environ.get("REMOTE_ADDR", ""),
            is_forwarded="HTTP_X_FORWARDED_FOR" in environ or "HTTP_FORWARDED" in environ,
        )
        if refused is None:
            return cast("Iterable[bytes]", render(environ, start_response))
        start_response(f"{refused.value} {refused.phrase}", [("Content-Type", "text/plain")])
        return [refused.phrase.encode()]

    server = make_server(settings.host, port, answer, ThreadingWSGIServer, handler_class=_Quiet)
    Thread(target=server.serve_forever, name="metrics", daemon=True).start()


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *_arguments: object) -> None:  # noqa: A002  # the name it has there
        """A scrape is no line of the log."""


def render_metrics() -> bytes:
    """The text that Prometheus scrapes, for all processes together."""
    sample_gauges()
    directory = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    if directory is None:
        return generate_latest(registry)
    _drop_gauges_of_the_dead(Path(directory))
    together = CollectorRegistry()
    MultiProcessCollector(together)  # type: ignore[no-untyped-call]  # the library left it unannotated
    return generate_latest(together)


def _drop_gauges_of_the_dead(directory: Path) -> None:
    """What a process held ended with it, however it ended; its counts stay."""
    for file in directory.glob("gauge_live*_*.db"):
        if not _is_alive(int(file.stem.rpartition("_")[2])):
            file.unlink(missing_ok=True)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # another user's
    return True


def _new_gauge(name: str, documentation: str, label: str | None, together: Together) -> Gauge:
    labels = (label,) if label else ()
    return Gauge(name, documentation, labels, registry=registry, multiprocess_mode=together)
