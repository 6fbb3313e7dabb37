"""Logs, traces and metrics: one trail through all of them, and no secret in any."""

import asyncio
import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import threadly
from threadly.platform.http.admission import TooManyRequests
from threadly.platform.runtime import Runtime
from threadly.platform.telemetry import (
    configure_logging,
    continue_trace,
    current_traceparent,
    current_trail,
    identify,
    span,
    tracing,
)
from threadly.platform.telemetry.keeper import HELD_SPANS, Keeper
from threadly.platform.telemetry.otlp import taking
from threadly.platform.telemetry.parts import LogLine, Part, SpanRecord
from threadly.platform.telemetry.redaction import REDACTED, redact, redact_text
from threadly.platform.telemetry.tracing import begin_journey, end_journey
from threadly.settings import Settings

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = f"00-{TRACE}-b7ad6b7169203331-01"


class Taken:
    """A taker that remembers."""

    def __init__(self) -> None:
        self.parts: list[Part] = []
        self.lines: list[LogLine] = []

    async def __call__(self, parts: Sequence[Part], lines: Sequence[LogLine]) -> None:
        self.parts += parts
        self.lines += lines

    @property
    def spans(self) -> dict[str, SpanRecord]:
        return {each.name: each for part in self.parts for each in part.spans}


@contextmanager
def recording_with(taken: Taken, **settings: Any) -> Iterator[Keeper]:
    before, keeper = tracing.keeper(), Keeper(Settings(**settings), "tests", takers=[taken])
    tracing.record_with(keeper)
    yield keeper
    tracing.record_with(before)


@pytest.fixture
def taken() -> Taken:
    return Taken()


@pytest.fixture
def keeper(taken: Taken) -> Iterator[Keeper]:
    """Keeps everything that is recorded while the test runs, and hands it to `taken` when flushed."""
    with recording_with(taken, trace_sample=1) as keeper:
        yield keeper


Logged = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def logged() -> Iterator[Logged]:
    """The lines that were logged, decoded."""
    root, stream = logging.getLogger(), StringIO()
    handlers, level, before = root.handlers[:], root.level, structlog.get_config()
    configure_logging(Settings(log_format="json", log_level="info"), stream=stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.handlers[:], root.level = handlers, level
    structlog.configure(**before)


# Trails


def test_a_trail_continues_the_trace_that_caused_it() -> None:
    with continue_trace(PARENT) as trail:
        assert trail.trace_id == TRACE
        assert current_traceparent() == PARENT
    assert current_trail() is None


def test_without_a_cause_a_new_trace_begins() -> None:
    with continue_trace(None) as first, continue_trace(None) as second:
        assert first.trace_id != second.trace_id
        assert current_trail() is second


@given(st.text())
def test_no_traceparent_breaks_anything(text: str) -> None:
    with continue_trace(text) as trail:
        assert len(trail.trace_id) == 32


async def test_tasks_keep_apart_what_they_serve() -> None:
    async def serve(name: str) -> tuple[str, str | None]:
        with continue_trace(None) as trail:
            identify(tenant=name)
            await asyncio.sleep(0)
            current = current_trail()
            assert current is trail
            return name, current.tenant

    for name, tenant in await asyncio.gather(*(serve(f"tenant{number}") for number in range(5))):
        assert name == tenant


# Spans


async def test_spans_nest_under_the_span_that_caused_them(keeper: Keeper, taken: Taken) -> None:
    with continue_trace(PARENT), span("outer", kind="job"), span("inner", kind="sql") as it:
        it.set(rows=3)
        sent = current_traceparent()
    await keeper.flush()
    outer, inner = taken.spans["outer"], taken.spans["inner"]
    assert (outer.parent, inner.parent) == ("b7ad6b7169203331", outer.id)
    assert (inner.kind, inner.attributes) == ("sql", {"rows": 3})
    assert sent == f"00-{TRACE}-{inner.id}-01"


async def test_parallel_tasks_nest_under_what_began_them(keeper: Keeper, taken: Taken) -> None:
    async def ask(name: str) -> None:
        with span(name):
            await asyncio.sleep(0)
            with span(f"{name}, inside"):
                await asyncio.sleep(0)

    with continue_trace(None), span("both"):
        await asyncio.gather(ask("one"), ask("two"))
    await keeper.flush()
    spans = taken.spans
    assert spans["one"].parent == spans["two"].parent == spans["both"].id
    assert spans["one, inside"].parent == spans["one"].id
    assert spans["two, inside"].parent == spans["two"].id


async def test_a_task_may_outlive_the_span_that_began_it(keeper: Keeper, taken: Taken) -> None:
    begun = asyncio.Event()

    async def linger() -> None:
        await begun.wait()
        with span("late"):
            assert (current_traceparent() or "").startswith(f"00-{TRACE}")

    with continue_trace(PARENT):
        with span("short"):
            task = asyncio.create_task(linger())
        begun.set()
        await task
    await keeper.flush()
    assert taken.spans["late"].parent == "b7ad6b7169203331"


async def test_a_root_span_has_the_id_that_logs_and_answers_show(keeper: Keeper, taken: Taken) -> None:
    journey = begin_journey(None, name="request")
    end_journey(journey)
    await keeper.flush()
    (part,) = taken.parts
    assert (part.trace_id, part.spans[0].id) == (journey.trail.trace_id, journey.trail.span_id)
    assert part.spans[0].parent is None


async def test_a_span_names_the_line_that_asked_for_it(
    keeper: Keeper, taken: Taken, runtime: Runtime
) -> None:
    with continue_trace(None), span("here"):
        async with runtime.database.unbound():
            pass
    await keeper.flush()
    assert taken.spans["here"].source is None  # tests are no part of the package
    source = taken.spans["platform.connection"].source or ""
    path, _, line = source.partition(":")
    assert path == "platform/db/pool.py"
    asked = (Path(threadly.__file__).parent / path).read_text().splitlines()[int(line) - 1]
    assert "platform.connection" in asked


async def test_a_failure_is_noted_on_its_span_and_a_refusal_is_an_answer(
    keeper: Keeper, taken: Taken
) -> None:
    with pytest.raises(ValueError, match="no"), continue_trace(None), span("failing"):
        raise ValueError("no, token=abc")
    with pytest.raises(TooManyRequests), continue_trace(None), span("refusing"):
        raise TooManyRequests
    await keeper.flush()
    assert taken.spans["failing"].error == f"ValueError: no, token={REDACTED}"
    assert (taken.spans["refusing"].error, taken.spans["refusing"].refused) == (
        None,
        "http.too_many_requests",
    )


async def test_a_trace_that_is_not_drawn_is_kept_if_it_fails_and_forgotten_if_not(taken: Taken) -> None:
    with recording_with(taken, trace_sample=0) as keeper:
        with continue_trace(None) as trail, span("unseen"):
            assert (current_traceparent() or "")[-3:] == "-00"
        with pytest.raises(ValueError, match="no"), continue_trace(None), span("failed"):
            raise ValueError("no")
        await keeper.flush()
        assert [part.kept for part in taken.parts] == ["failed"]
        assert trail.trace_id not in [part.trace_id for part in taken.parts]


async def test_whoever_leaves_makes_no_failure(taken: Taken) -> None:
    with recording_with(taken, trace_sample=0) as keeper:
        with pytest.raises(asyncio.CancelledError), continue_trace(None), span("left"):
            raise asyncio.CancelledError
        await keeper.flush()
    assert taken.parts == []


async def test_what_ended_before_its_trace_was_worth_keeping_is_kept_with_it(taken: Taken) -> None:
    with recording_with(taken, trace_sample=0) as keeper:
        parent = f"00-{TRACE}-b7ad6b7169203331-00"
        with continue_trace(parent), span("fine"):
            pass
        with continue_trace(None), span("another"):
            pass
        with pytest.raises(ValueError, match="no"), continue_trace(parent), span("failed"):
            raise ValueError("no")
        with continue_trace(parent), span("after"):
            pass
        await keeper.flush()
    assert sorted(taken.spans) == ["after", "failed", "fine"]
    assert {part.name: part.kept for part in taken.parts} == {
        "fine": "asked",
        "failed": "failed",
        "after": "asked",
    }


async def test_slow_is_from_the_limit_on(taken: Taken) -> None:
    with recording_with(taken, trace_sample=0, trace_slow_ms=1) as keeper:
        with continue_trace(None), span("slow"):
            await asyncio.sleep(0.002)
        await keeper.flush()
    assert [part.kept for part in taken.parts] == ["slow"]


async def test_what_is_held_back_is_bounded(taken: Taken) -> None:
    with recording_with(taken, trace_sample=0, trace_slow_ms=600_000) as keeper:
        for _ in range(3):
            with continue_trace(f"00-{TRACE}-b7ad6b7169203331-00"):
                for number in range(HELD_SPANS // 2):
                    with span(f"{number}"):
                        pass
        keeper.ask(TRACE)
        await keeper.flush()
    assert len(taken.parts) == 2


def test_who_chooses_trace_ids_does_not_choose_what_the_draw_keeps() -> None:
    chosen = [f"{number:016x}{1:016x}" for number in range(1, 2_001)]
    secret = Settings(trace_sample=0.01, secret_key="a secret that only these processes know")
    one, other = Keeper(secret, "web"), Keeper(secret, "worker")
    kept = [each for each in chosen if one.is_drawn(each)]
    assert 2 <= len(kept) <= 60
    assert [each for each in chosen if other.is_drawn(each)] == kept
    elsewhere = Keeper(Settings(trace_sample=0.01, secret_key="the secret of another installation"), "web")
    assert [each for each in chosen if elsewhere.is_drawn(each)] != kept


def test_a_caller_from_outside_names_the_trace_but_does_not_have_it_kept(taken: Taken) -> None:
    with recording_with(taken, trace_sample=0):
        journey = begin_journey(PARENT, name="request", from_outside=True)
        assert journey.trail.trace_id == TRACE
        assert not journey.trail.sampled
        end_journey(journey)


async def test_kept_spans_leave_as_opentelemetry_knows_them() -> None:
    exporter, taken = InMemorySpanExporter(), Taken()
    with recording_with(taken, trace_sample=1) as keeper:
        keeper.takers.append(taking([SimpleSpanProcessor(exporter)], "threadly-tests"))
        with (
            continue_trace(PARENT),
            span("outer", kind="job"),
            pytest.raises(ValueError, match="no"),
            span("inner", kind="sql"),
        ):
            raise ValueError("no")
        await keeper.flush()
    outer, inner = exporter.get_finished_spans()
    assert outer.parent is not None
    assert f"{outer.parent.span_id:016x}" == "b7ad6b7169203331"
    assert inner.parent is not None
    assert inner.parent.span_id == outer.context.span_id
    assert (inner.attributes or {})["threadly.kind"] == "sql"
    assert [each.name for each in inner.events] == ["exception"]
    assert (inner.end_time or 0) >= (inner.start_time or 0) >= (outer.start_time or 0)
    assert inner.resource.attributes["service.name"] == "threadly-tests"


def test_where_nobody_takes_spans_none_is_made_and_no_exporter_is_imported() -> None:
    script = (
        "import sys\n"
        "from threadly.app import make_app\n"
        "from threadly.platform.telemetry import continue_trace, span\n"
        "from threadly.platform.telemetry.spans import NOTHING\n"
        "with continue_trace(None), span('x') as it:\n"
        "    assert it is NOTHING\n"
        "assert not [name for name in sys.modules if 'exporter' in name and 'opentelemetry' in name]\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


# Logs


def test_every_line_carries_the_trail_and_who_acts(logged: Logged) -> None:
    with continue_trace(PARENT) as trail:
        identify(tenant="acme", user="alexsmith")
        structlog.get_logger().info("something", rows=3)
    (line,) = logged()
    assert line["trace_id"] == TRACE
    assert line["request_id"] == trail.request_id
    assert (line["tenant"], line["user"], line["rows"], line["level"]) == ("acme", "alexsmith", 3, "info")


async def test_lines_are_handed_on_redacted_but_not_those_of_requests_or_of_debugging(
    logged: Logged, keeper: Keeper, taken: Taken
) -> None:
    with continue_trace(PARENT):
        identify(tenant="public", user="sarah")
        structlog.get_logger().info("said", password="hunter2", ratio=0.5, odd="a\0b", many={"a": [1]})
        structlog.get_logger().info("request", path="/", status=200)
        structlog.get_logger().debug("whispered")
    await asyncio.to_thread(logging.getLogger("some.library").warning, "from %s", "elsewhere")
    await keeper.flush()
    ours, theirs = taken.lines
    assert (ours.event, ours.level, ours.trace_id, ours.tenant, ours.user) == (
        "said", "info", TRACE, "public", "sarah",
    )  # fmt: skip
    assert ours.fields == {
        "password": REDACTED,
        "ratio": 0.5,
        "odd": "a\N{REPLACEMENT CHARACTER}b",
        "many": '{"a":[1]}',
    }
    assert (theirs.event, theirs.level, theirs.fields) == (
        "from elsewhere",
        "warning",
        {"logger": "some.library"},
    )


async def test_a_trace_in_which_an_error_is_logged_is_kept(logged: Logged, taken: Taken) -> None:
    with recording_with(taken, trace_sample=0) as keeper:
        for level in ("warning", "error"):
            with continue_trace(None), span(level):
                getattr(structlog.get_logger(), level)("something")
        await keeper.flush()
    assert [(part.name, part.kept) for part in taken.parts] == [("error", "failed")]


async def test_what_fails_to_store_lines_does_not_store_that(logged: Logged) -> None:
    calls: list[int] = []

    async def fail(_parts: Sequence[Part], lines: Sequence[LogLine]) -> None:
        calls.append(len(lines))
        raise OSError("the disk is full")

    keeper = Keeper(Settings(), "tests", takers=[fail])
    before = tracing.keeper()
    tracing.record_with(keeper)
    structlog.get_logger().info("one")
    await keeper.flush()
    await keeper.flush()
    tracing.record_with(before)
    assert calls == [1]
    assert [line["event"] for line in logged()] == ["one", "spans are lost"]


def test_libraries_log_in_the_same_shape_and_the_noisy_ones_only_warnings(logged: Logged) -> None:
    logging.getLogger("some.library").info("hello Bearer abc.def")
    logging.getLogger("dbos").info("chatter")
    logging.getLogger("dbos").warning("trouble")
    first, second = logged()
    assert (first["event"], first["logger"]) == (f"hello Bearer {REDACTED}", "some.library")
    assert (second["event"], second["level"]) == ("trouble", "warning")


def test_a_traceback_is_logged_without_its_secrets(logged: Logged) -> None:
    try:
        raise ConnectionError("postgresql://app:hunter2@db/threadly refused")
    except ConnectionError as error:
        structlog.get_logger().error("bug", exc_info=error)
    (line,) = logged()
    assert "ConnectionError: postgresql://[redacted]@db/threadly refused" in line["exception"]
    assert "hunter2" not in json.dumps(line)


def test_levels_below_the_setting_are_silent(logged: Logged) -> None:
    structlog.get_logger().debug("unheard")
    assert logged() == []


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer s3cr3t-value",
        "redis://user:s3cr3t-value@host:6379/0",
        "GET /verify?token=s3cr3t-value&next=/",
        '{"password": "s3cr3t-value"}',
        "refresh_token='s3cr3t-value'",
        "SMTP_PASSWORD=s3cr3t-value",
        "api_key: s3cr3t-value",
        "GET /map/shared/s3cr3t-value",
        "/api/v1/shared-journeys/s3cr3t-value",
        "duplicate key value\nDETAIL:  Key (email)=(s3cr3t-value@example.com) already exists.",
        "null value in a column\nDETAIL:  Failing row contains (1, s3cr3t-value, null).",
    ],
)
def test_secrets_inside_sentences_are_removed(text: str) -> None:
    assert "s3cr3t-value" not in redact_text(text)
    assert REDACTED in redact_text(text)


def test_secrets_are_removed_by_the_name_they_travel_under(logged: Logged) -> None:
    nested = {"user": "bob", "headers": {"Cookie": "a=b", "x": ["y", {"refresh_token": "r"}]}}
    structlog.get_logger().info("x", new_password="p", nested=nested)
    (line,) = logged()
    assert line["new_password"] == REDACTED
    assert line["nested"] == {
        "user": "bob",
        "headers": {"Cookie": REDACTED, "x": ["y", {"refresh_token": REDACTED}]},
    }


@given(
    st.text(alphabet=st.characters(categories=["Ll", "Zs"]), max_size=50).filter(
        lambda text: "ey" not in text
    )
)
def test_ordinary_sentences_are_left_alone(text: str) -> None:
    assert redact(text) == text


# Metrics


def test_processes_add_up_their_numbers(tmp_path: Path) -> None:
    """A parent that prepares, two children that count, and one that answers for all."""
    directory = tmp_path / "metrics"
    prepare = (
        "import pathlib, sys\n"
        "from threadly.platform.shared_metrics import prepare_metrics\n"
        "prepare_metrics(pathlib.Path(sys.argv[1]))\n"
    )
    subprocess.run([sys.executable, "-c", prepare, str(directory)], check=True)
    environ = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(directory)}
    count = (
        "from threadly.platform.telemetry import metrics\n"
        "metrics.observe_event('identity.signed_up', 0.02)\n"
        "metrics.observe_request('GET', '/live', 200, 0.01)\n"
        "metrics.watch('threadly_pool', 'Pool.', lambda: {'primary': 3.0}, label='pool')\n"
        "metrics.sample_gauges()\n"
    )
    for _ in range(2):
        subprocess.run([sys.executable, "-c", count], env=environ, check=True)
    scrape = count + "import sys; sys.stdout.buffer.write(metrics.render_metrics())"
    text = subprocess.run(
        [sys.executable, "-c", scrape], env=environ, check=True, capture_output=True, text=True
    ).stdout
    assert 'threadly_event_seconds_count{event="identity.signed_up"} 3.0' in text
    assert 'threadly_request_seconds_count{method="GET",route="/live",status="2xx"} 3.0' in text
    # Counts of processes that ended stay; what they held is held no more.
    assert 'threadly_pool{pool="primary"} 3.0' in text


def test_metrics_that_come_too_late_to_be_shared_refuse_to_start(tmp_path: Path) -> None:
    script = (
        "import pathlib, sys\n"
        "from threadly.platform.shared_metrics import prepare_metrics\n"
        "from threadly.platform.telemetry import metrics\n"
        "prepare_metrics(pathlib.Path(sys.argv[1]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], check=False, capture_output=True, text=True
    )
    assert "RuntimeError: prepare_metrics must be called before" in done.stderr
