"""A process that records says what it loses."""

from collections.abc import Sequence

from threadly.platform.recording import recording
from threadly.platform.runtime import Runtime
from threadly.platform.telemetry import continue_trace, metrics, span
from threadly.platform.telemetry.parts import LogLine, Part
from threadly.platform.telemetry.tracing import follow


async def test_what_cannot_be_kept_is_counted(runtime: Runtime) -> None:
    async def fail(_parts: Sequence[Part], _lines: Sequence[LogLine]) -> None:
        raise OSError("the disk is full")

    async with recording(runtime, "tests", takers=[fail]) as keeper:
        assert keeper is not None
        with continue_trace(None), span("lost"):
            follow()
        await keeper.flush()
        assert metrics.read_gauges()["threadly_recorded_lost"] == 1
