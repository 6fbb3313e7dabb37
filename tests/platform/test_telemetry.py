"""Logs, traces and metrics: one trail through all of them, and no secret in any."""

import asyncio
import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from threadly.platform.telemetry import (
    configure_logging,
    configure_tracing,
    continue_trace,
    current_traceparent,
    current_trail,
    identify,
    span,
    stop_tracing,
)
from threadly.platform.telemetry.redaction import REDACTED, redact, redact_text
from threadly.platform.telemetry.tracing import begin_journey, end_journey
from threadly.settings import Settings

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = f"00-{TRACE}-b7ad6b7169203331-01"


@pytest.fixture
def keeper() -> Iterator[InMemorySpanExporter]:
    """Everything that is recorded while the test runs."""
    exporter = InMemorySpanExporter()
    configure_tracing(Settings(), "tests", processors=[SimpleSpanProcessor(exporter)])
    yield exporter
    stop_tracing()


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


def by_name(keeper: InMemorySpanExporter) -> dict[str, ReadableSpan]:
    return {each.name: each for each in keeper.get_finished_spans()}


def test_spans_nest_under_the_span_that_caused_them(keeper: InMemorySpanExporter) -> None:
    with continue_trace(PARENT), span("outer", kind="job"), span("inner", kind="sql", rows=3):
        sent = current_traceparent()
    outer, inner = by_name(keeper)["outer"], by_name(keeper)["inner"]
    assert outer.parent is not None
    assert inner.parent is not None
    assert f"{outer.parent.span_id:016x}" == "b7ad6b7169203331"
    assert inner.parent.span_id == outer.context.span_id
    assert inner.attributes == {"threadly.kind": "sql", "rows": 3}
    assert sent == f"00-{TRACE}-{inner.context.span_id:016x}-01"


def test_a_root_span_has_the_id_that_logs_and_answers_show(keeper: InMemorySpanExporter) -> None:
    journey = begin_journey(None, name="request")
    end_journey(journey)
    request = by_name(keeper)["request"]
    assert f"{request.context.trace_id:032x}" == journey.trail.trace_id
    assert request.parent is None


def test_a_failure_is_recorded_on_its_span(keeper: InMemorySpanExporter) -> None:
    with pytest.raises(ValueError, match="no"), continue_trace(None), span("failing"):
        raise ValueError("no")
    assert by_name(keeper)["failing"].events[0].name == "exception"


def test_an_unsampled_trace_has_ids_and_no_spans() -> None:
    exporter = InMemorySpanExporter()
    configure_tracing(Settings(trace_sample=0), "tests", processors=[SimpleSpanProcessor(exporter)])
    with continue_trace(None) as trail, span("unseen"):
        assert current_traceparent() == f"00-{trail.trace_id}-{trail.span_id}-00"
    stop_tracing()
    assert exporter.get_finished_spans() == ()


def test_a_caller_decides_whether_its_trace_is_sampled() -> None:
    exporter = InMemorySpanExporter()
    configure_tracing(Settings(trace_sample=0), "tests", processors=[SimpleSpanProcessor(exporter)])
    with continue_trace(PARENT), span("seen"):
        pass
    stop_tracing()
    assert [each.name for each in exporter.get_finished_spans()] == ["seen"]


def test_without_a_taker_nothing_is_recorded_and_the_exporter_not_even_imported() -> None:
    script = (
        "import sys\n"
        "from threadly.platform.telemetry import configure_tracing, continue_trace, span\n"
        "from threadly.settings import Settings\n"
        "configure_tracing(Settings(), 'x')\n"
        "with continue_trace(None), span('x') as it:\n"
        "    assert not it.is_recording()\n"
        "assert not [name for name in sys.modules if 'otlp' in name or name == 'requests']\n"
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
        "from threadly.platform.telemetry import prepare_metrics\n"
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
        "from threadly.platform.telemetry import metrics, prepare_metrics\n"
        "prepare_metrics(pathlib.Path(sys.argv[1]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], check=False, capture_output=True, text=True
    )
    assert "RuntimeError: prepare_metrics must be called before" in done.stderr
