"""A profile of this process, while it serves: which functions its threads are in, a hundred times a second.

A sampler of our own, in a thread: it needs no rights over the process (as py-spy does, through ptrace), slows
no call down (as what hooks into each call does), and sees all threads. What it costs was measured: below 2%
of one processor while it runs, nothing otherwise. What it cannot see: where inside a C function time goes.
While such a function holds the interpreter's lock, the sample is taken at its end.
"""

import os
import sys
import threading
from collections import Counter
from pathlib import Path
from time import monotonic, process_time
from types import CodeType, FrameType
from typing import Final

import msgspec

__all__ = ["SAMPLES_PER_S", "Samples", "sample_stacks"]

SAMPLES_PER_S: Final = 100
LONGEST_S: Final = 60.0
# Bounds: deeper frames are left out, further stacks counted together.
DEEPEST: Final = 120
MOST_STACKS: Final = 20_000
_MORE: Final = "(more)"
# How long the sampler waits for the interpreter's lock until it is given up to it. With Python's 5 ms a
# thread would be seen only where it gives the lock up by itself, so mostly while it waits.
SWITCH_S: Final = 0.0001
# What a thread uses that wakes up only to go on waiting.
WAKING_NS: Final = 100_000

# What runs a loop or a thread, as (end of the file's name, function): at work on nothing if it is innermost;
# and what is outside of it says nothing.
_RUNNERS: Final = frozenset(
    {
        ("mp.py", "_spawn_asgi_lifespan_worker"),
        ("runners.py", "run"),
        ("base_events.py", "run_forever"),
        ("thread.py", "_worker"),
        ("threading.py", "run"),
    }
)
_WAITS: Final = _RUNNERS | {
    ("selectors.py", "select"),
    ("threading.py", "wait"),
    ("threading.py", "_wait_for_tstate_lock"),
    ("queue.py", "get"),
    ("socket.py", "accept"),
}


class Samples(msgspec.Struct, frozen=True):
    """Stacks as "thread;caller;callee", with how many samples found it there; `idle` samples are of threads
    that waited, and in no stack. `cpu_s` is the processor time of the process meanwhile."""

    stacks: dict[str, int]
    samples: int
    idle: int
    took_s: float
    cpu_s: float


def sample_stacks(seconds: float, *, stop: threading.Event) -> Samples:
    """Blocks for that time, or until `stop` is set: call it in a thread of its own, one at a time."""
    began_s, cpu_s = monotonic(), process_time()
    looks = _Looks()
    usual_s = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_S)
    try:
        _look_until(began_s + min(seconds, LONGEST_S), looks, stop)
    finally:
        sys.setswitchinterval(usual_s)
        looks.close()
    stacks = looks.stacks()
    return Samples(
        stacks=stacks,
        samples=sum(stacks.values()),
        idle=looks.idle,
        took_s=monotonic() - began_s,
        cpu_s=process_time() - cpu_s,
    )


def _look_until(until_s: float, looks: "_Looks", stop: threading.Event) -> None:
    next_s = monotonic()
    while (now_s := monotonic()) < until_s and not stop.wait(max(0.0, next_s - now_s)):
        next_s = max(next_s + 1 / SAMPLES_PER_S, monotonic())
        looks.look()


class _Looks:
    """What the other threads are at, one look after the other."""

    def __init__(self) -> None:
        self.idle = 0
        self._me = threading.get_ident()
        # Of threads by the system's number: the open file that tells its processor time, and what it told.
        self._clocks: dict[int, int] = {}
        self._cpu_ns: dict[int, int] = {}
        self._found: Counter[tuple[str, tuple[CodeType, ...]]] = Counter()

    def stacks(self) -> dict[str, int]:
        """What was found, with names; different code of one name is one."""
        named: Counter[str] = Counter()
        for (thread, codes), count in self._found.items():
            named[";".join([thread, *(map(_label, _inside(codes)) if codes else [_MORE])])] += count
        return dict(named)

    def look(self) -> None:
        threads = {each.ident: each for each in threading.enumerate()}
        for ident, frame in sys._current_frames().items():
            if ident == self._me:
                continue
            thread = threads.get(ident)
            if _waits(frame) or (thread is not None and not self._has_run(thread)):
                self.idle += 1
            else:
                self._count(_thread_name(thread), _codes(frame))

    def _count(self, thread: str, codes: tuple[CodeType, ...]) -> None:
        key = (thread, codes)
        self._found[key if key in self._found or len(self._found) < MOST_STACKS else (thread, ())] += 1

    def _has_run(self, thread: threading.Thread) -> bool:
        """Whether it used the processor since the look before: more than to see that it must go on waiting.
        Where the system does not tell, or no look was before: yes."""
        number = thread.native_id
        if number is None:
            return True
        try:
            if number not in self._clocks:
                self._clocks[number] = os.open(f"/proc/self/task/{number}/schedstat", os.O_RDONLY)
            told = os.pread(self._clocks[number], 64, 0)
        except OSError:
            return True
        now_ns = int(told.split()[0])
        before_ns = self._cpu_ns.get(number)
        self._cpu_ns[number] = now_ns
        return before_ns is None or now_ns - before_ns > WAKING_NS

    def close(self) -> None:
        for clock in self._clocks.values():
            os.close(clock)


def _waits(frame: FrameType) -> bool:
    return _place(frame.f_code) in _WAITS


def _place(code: CodeType) -> tuple[str, str]:
    return code.co_filename.rpartition("/")[2], code.co_name


def _inside(codes: tuple[CodeType, ...]) -> tuple[CodeType, ...]:
    """What runs inside the innermost runner."""
    runners = [number for number, code in enumerate(codes) if _place(code) in _RUNNERS]
    return codes[runners[-1] + 1 :] if runners else codes


def _codes(frame: FrameType | None) -> tuple[CodeType, ...]:
    """From the outermost in."""
    codes: list[CodeType] = []
    while frame is not None and len(codes) < DEEPEST:
        codes.append(frame.f_code)
        frame = frame.f_back
    return tuple(reversed(codes))


def _thread_name(thread: threading.Thread | None) -> str:
    """Threads of one pool under one name."""
    return "another thread" if thread is None else thread.name.rstrip("0123456789").rstrip("_-")


def _label(code: CodeType) -> str:
    """ "threadly/modules/feed/verbs/posts.py:publish_post", without what separates in a folded stack."""
    return f"{_short(code.co_filename)}:{code.co_qualname}".replace(";", ",")


def _short(path: str) -> str:
    """Below the directory of the package: where it is installed is nobody's business."""
    for place in ("/site-packages/", "/src/", f"/python{sys.version_info[0]}.{sys.version_info[1]}/"):
        if place in path:
            return path.rpartition(place)[2]
    return "/".join(Path(path).parts[-2:])
