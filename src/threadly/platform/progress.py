"""Lines on a terminal that say what is being done, and then how long it took."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TextIO

__all__ = ["Phase", "Progress"]


@dataclass
class Phase:
    """What is being done; `done` is what to say once it is."""

    done: str


class Progress:
    """Prints to `stream`, standard output unless told otherwise; None prints nothing."""

    def __init__(self, stream: TextIO | None = sys.stdout) -> None:
        self._stream = stream
        self._live = stream is not None and stream.isatty()

    @contextmanager
    def phase(self, doing: str) -> Iterator[Phase]:
        """`… Starting PostgreSQL` on a terminal while it lasts, then `✓ PostgreSQL 18 ready (0.4 s)`."""
        phase = Phase(done=doing)
        began = time.monotonic()
        if self._live:
            self._write(f"… {doing}")
        try:
            yield phase
        except BaseException:
            self._end_line(f"✗ {doing}")
            raise
        self._end_line(f"✓ {phase.done} ({time.monotonic() - began:.1f} s)")

    def say(self, sentence: str) -> None:
        self._write(f"{sentence}\n")

    def _end_line(self, text: str) -> None:
        overwrite = "\r\x1b[K" if self._live else ""
        self._write(f"{overwrite}{text}\n")

    def _write(self, text: str) -> None:
        if self._stream is not None:
            self._stream.write(text)
            self._stream.flush()
