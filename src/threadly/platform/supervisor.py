"""Runs programs beside each other: in order up, in order down, and up again when one dies.

Only the standard library is imported here: the process that supervises must stay small.
"""

import contextlib
import select
import signal
import socket
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from types import FrameType, TracebackType
from typing import Protocol, Self

from threadly.platform.embedded.process import Child, NotStarted
from threadly.platform.progress import Progress

__all__ = ["Program", "Supervised", "Supervisor", "interrupt_on_stop_signals"]

_READY_POLL_S = 0.02
_BACKOFF_FIRST_S = 0.2
_BACKOFF_LONGEST_S = 5.0


class Supervised(Protocol):
    """What a supervisor can run: a Program, or an embedded server."""

    @property
    def name(self) -> str: ...

    def start(self) -> None:
        """Start it, or return at once if it runs. Raises NotStarted."""

    def is_ready(self) -> bool: ...

    def exit_code(self) -> int | None:
        """None while it runs."""

    def stop(self) -> None:
        """Return once it is gone."""


class Program:
    """A command that the supervisor keeps running; its output is the supervisor's own.

    `ready` says whether a program that runs also serves. SIGTERM asks it to stop, and after `stop_timeout_s`
    SIGKILL makes it, with whatever it started itself.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        environ: Mapping[str, str] | None = None,
        ready: Callable[[], bool] = lambda: True,
        stop_timeout_s: float = 15.0,
    ) -> None:
        self.name = name
        self._command = command
        self._environ = environ
        self._ready = ready
        self._stop_timeout_s = stop_timeout_s
        self._child: Child | None = None

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child else None

    def start(self) -> None:
        if self._child is None or self._child.exit_code() is not None:
            self._child = Child(self._command, environ=self._environ, death_signal=signal.SIGTERM)

    def is_ready(self) -> bool:
        return self._child is not None and self._child.exit_code() is None and self._ready()

    def exit_code(self) -> int | None:
        return self._child.exit_code() if self._child else None

    def wait(self, *, timeout_s: float) -> int | None:
        """For one that ends by itself: its exit code, or None when it still runs after `timeout_s`."""
        return self._child.wait(timeout_s=timeout_s) if self._child else None

    def stop(self) -> None:
        if self._child is not None:
            self._child.stop((signal.SIGTERM, self._stop_timeout_s))
            self._child = None


class GaveUp(Exception):
    """The programs cannot be kept running; the message is one line."""


class Supervisor:
    """Keeps `programs` running until SIGINT, SIGTERM or SIGHUP.

    A program that dies is started again, later each time; one that dies more than `restarts` times within
    `window_s`, or before it was ever ready, makes the supervisor give up.
    """

    def __init__(
        self,
        programs: Sequence[Supervised],
        *,
        progress: Progress | None = None,
        restarts: int = 5,
        window_s: float = 60.0,
        ready_timeout_s: float = 30.0,
    ) -> None:
        self._programs = [_Watched(program) for program in programs]
        self._progress = progress or Progress(None)
        self._restarts = restarts
        self._window_s = window_s
        self._ready_timeout_s = ready_timeout_s

    def run(self, *, on_ready: Callable[[], None] = lambda: None) -> int:
        """Start the programs in order, call `on_ready`, watch them, and stop them in reverse order.

        Returns the exit code: 0 when asked to stop, 1 after giving up, having said why on standard error.
        """
        with _StopRequest() as stop:
            try:
                if self._start_all(stop):
                    on_ready()
                    self._watch(stop)
            except (GaveUp, NotStarted) as reason:
                print(reason, file=sys.stderr, flush=True)  # noqa: T201  # the terminal is where it is read
                return 1
            finally:
                for watched in reversed(self._programs):
                    watched.program.stop()
        return 0

    def _start_all(self, stop: "_StopRequest") -> bool:
        """Whether all are ready; false when asked to stop meanwhile."""
        for program in (watched.program for watched in self._programs):
            if program.is_ready():
                continue
            with self._progress.phase(f"Starting {program.name}") as phase:
                program.start()
                phase.done = f"{program.name} ready" if self._wait_until_ready(program, stop) else "Stopping"
            if stop.requested:
                return False
        return True

    def _wait_until_ready(self, program: Supervised, stop: "_StopRequest") -> bool:
        deadline = time.monotonic() + self._ready_timeout_s
        while not program.is_ready():
            if (code := program.exit_code()) is not None:
                raise GaveUp(f"{program.name} {_describe(code)} before it was ready.")
            if time.monotonic() > deadline:
                raise GaveUp(f"{program.name} was not ready after {self._ready_timeout_s:.0f} s.")
            stop.wait(timeout_s=_READY_POLL_S)
            if stop.requested:
                return False
        return True

    def _watch(self, stop: "_StopRequest") -> None:
        while not stop.requested:
            for watched in self._programs:
                self._look_after(watched)
            due = [watched.restart_at for watched in self._programs if watched.restart_at is not None]
            # The end of a child wakes us; there is nothing to look at in between.
            stop.wait(timeout_s=max(min(due) - time.monotonic(), 0.0) if due else None)

    def _look_after(self, watched: "_Watched") -> None:
        program = watched.program
        if watched.restart_at is None:
            code = program.exit_code()
            if code is not None:
                self._note_death(watched, f"{program.name} {_describe(code)}")
        elif time.monotonic() >= watched.restart_at:
            watched.restart_at = None
            try:
                program.start()
            except NotStarted as reason:
                self._note_death(watched, str(reason).rstrip("."))

    def _note_death(self, watched: "_Watched", what: str) -> None:
        """Plan a new start. Raises GaveUp when there were too many."""
        now = time.monotonic()
        watched.deaths.append(now)
        while watched.deaths[0] < now - self._window_s:
            watched.deaths.popleft()
        if len(watched.deaths) > self._restarts:
            raise GaveUp(
                f"{what}, {len(watched.deaths)} times within {self._window_s:.0f} s: stopping everything."
            )
        pause_s = min(_BACKOFF_FIRST_S * 2 ** (len(watched.deaths) - 1), _BACKOFF_LONGEST_S)
        watched.restart_at = now + pause_s
        self._progress.say(f"! {what}; starting it again in {pause_s:.1f} s")


class _Watched:
    """A program, when it died of late, and when it is due to start again."""

    def __init__(self, program: Supervised) -> None:
        self.program = program
        self.deaths: deque[float] = deque()
        self.restart_at: float | None = None


class _StopRequest:
    """While it is entered, stop signals are only noted; they, and the end of any child, end a `wait`."""

    def __init__(self) -> None:
        self.requested = False
        self._undo = contextlib.ExitStack()

    def __enter__(self) -> Self:
        self._inbox, outbox = socket.socketpair()
        for end in (self._inbox, outbox):
            end.setblocking(False)
            self._undo.callback(end.close)
        before = signal.set_wakeup_fd(outbox.fileno(), warn_on_full_buffer=False)
        self._undo.callback(signal.set_wakeup_fd, before)
        for number in _stop_signals():
            self._handle(number, self._note)
        self._handle(signal.SIGCHLD, lambda _number, _frame: None)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._undo.close()

    def wait(self, *, timeout_s: float | None) -> None:
        """Return after `timeout_s` (None: never) or as soon as a signal has come since the last wait."""
        if self.requested:
            return
        ready, _, _ = select.select([self._inbox], [], [], timeout_s)
        if ready:
            with contextlib.suppress(BlockingIOError):
                self._inbox.recv(4096)

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        self.requested = True

    def _handle(self, number: signal.Signals, handler: Callable[[int, FrameType | None], None]) -> None:
        self._undo.callback(signal.signal, number, signal.signal(number, handler))


def interrupt_on_stop_signals() -> None:
    """From now on SIGTERM and SIGHUP raise KeyboardInterrupt, as Ctrl-C does: for the time before `run`."""
    for number in _stop_signals():
        signal.signal(number, signal.default_int_handler)


def _stop_signals() -> tuple[signal.Signals, ...]:
    # Whoever starts us under nohup wants us to outlive the terminal.
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        return signal.SIGINT, signal.SIGTERM
    return signal.SIGINT, signal.SIGTERM, signal.SIGHUP


def _describe(code: int) -> str:
    if code < 0:
        return f"was ended by {signal.Signals(-code).name}"
    return f"ended with exit code {code}"
