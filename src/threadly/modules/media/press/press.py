"""Runs `program.py`, a few at once and for a bounded time, and makes values and refusals of what it says."""

import asyncio
import sys
from collections.abc import Mapping
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any, Final
from weakref import WeakKeyDictionary

import msgspec
from msgspec import Struct

from threadly.modules.media import errors
from threadly.modules.media.rules import EDGES, PRESS_LIMITS
from threadly.platform.errors import Refusal
from threadly.platform.resilience import Bulkhead, BulkheadFull
from threadly.platform.telemetry.spans import span
from threadly.platform.work import Works

__all__ = ["Press", "Pressed", "Sizes", "press_of"]

PROGRAM: Final = Path(__file__).with_name("program.py")
AT_ONCE: Final = 2
WAITING: Final = 16
PATIENCE_S: Final = 10.0
# Nobody waits for a job, so it takes its turn.
JOBS_WAITING: Final = 256
JOBS_PATIENCE_S: Final = 600.0
TIMEOUT_S: Final = 12.0

REFUSALS: Final[Mapping[str, type[Refusal]]] = {
    "empty": errors.FileEmpty,
    "svg": errors.DrawingRefused,
    "not_image": errors.NotAnImage,
    "two_things": errors.TwoThings,
    "too_many_pixels": errors.TooManyPixels,
    "too_many_frames": errors.TooManyFrames,
    "broken": errors.ImageBroken,
}

_presses: WeakKeyDictionary[Works, "Press"] = WeakKeyDictionary()


class Pressed(Struct, frozen=True):
    """An image as it is kept. `key` is the SHA-256 of `content`, in hexadecimal."""

    key: str
    content: bytes
    content_type: str
    width: int
    height: int
    moving: bool
    placeholder: str


class Sizes(Struct, frozen=True):
    """The smaller forms that were worth making: variant to content, WebP all of them."""

    contents: Mapping[str, bytes]


class Press:
    """The presses of one process."""

    def __init__(self) -> None:
        self._bulkhead = Bulkhead(most=AT_ONCE, waiting=WAITING, patience_s=PATIENCE_S)
        self._patient = Bulkhead(most=AT_ONCE, waiting=JOBS_WAITING, patience_s=JOBS_PATIENCE_S)

    async def main(self, raw: bytes) -> Pressed:
        """Raises PressBusy, and a refusal for each way in which `raw` is no image."""
        told, (content,) = await self._run(self._bulkhead, raw, {"limits": PRESS_LIMITS})
        return Pressed(key=sha256(content).hexdigest(), content=content, **told)

    async def sizes(self, raw: bytes) -> Sizes:
        """Of what `main` made, by a job. Raises PressBusy."""
        told, contents = await self._run(self._patient, raw, {"limits": PRESS_LIMITS, "edges": EDGES})
        return Sizes(dict(zip(told["variants"], contents, strict=True)))

    async def _run(
        self, bulkhead: Bulkhead, raw: bytes, order: Mapping[str, object]
    ) -> tuple[dict[str, Any], list[bytes]]:
        try:
            async with bulkhead.slot():
                with span("media.press", kind="verb", bytes=len(raw)):
                    answer = await _answer_of(raw, msgspec.json.encode(order).decode())
        except BulkheadFull:
            raise errors.PressBusy from None
        line, _, rest = answer.partition(b"\n")
        if not line:
            raise errors.ImageBroken  # it ran out of time or memory, which no image of that size does
        told: dict[str, Any] = msgspec.json.decode(line)
        if reason := told.pop("refused", None):
            raise REFUSALS[reason]
        return told, _cut(rest, told.pop("sizes"))


def press_of(works: Works) -> Press:
    """The press of the process that `works` belongs to: its slots are of use only if they are shared."""
    return _presses.setdefault(works, Press())


async def _answer_of(raw: bytes, order: str) -> bytes:
    """What the program says; nothing if it died or took too long."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-I",
        str(PROGRAM),
        order,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={},  # no secret is near what strangers made
    )
    try:
        async with asyncio.timeout(TIMEOUT_S):
            answer, _ = await process.communicate(raw)
    except TimeoutError:
        return b""
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    return answer if process.returncode == 0 else b""


def _cut(content: bytes, sizes: list[int]) -> list[bytes]:
    files, start = [], 0
    for size in sizes:
        files.append(content[start : start + size])
        start += size
    return files
