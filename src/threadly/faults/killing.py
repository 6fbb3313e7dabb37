"""Finding a process of this installation, and ending it without a word."""

import os
from collections.abc import Iterable
from signal import SIGKILL
from typing import Final

__all__ = ["KILLS", "find_processes", "kill_one"]

# By the kind of an experiment: whose process it ends.
KILLS: Final = {"kill-worker": "worker", "kill-web": "web"}


def find_processes(program: str, *, supervisor: int) -> list[int]:
    """The processes that do the work of `web` or `worker`, the children of `supervisor` or below them."""
    import psutil  # only here: it costs memory, and few experiments kill

    try:
        children = psutil.Process(supervisor).children()
    except psutil.NoSuchProcess:
        return []
    found: list[int] = []
    for child in children:
        try:
            if f"-m threadly {program}" not in _line(child.cmdline()):
                continue
            # Several web processes serve below one that watches them; what a worker starts only helps it.
            below = child.children() if program == "web" else []
            serving = [each.pid for each in below if "resource_tracker" not in _line(each.cmdline())]
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
        found += serving or [child.pid]
    return sorted(found)


def kill_one(pids: Iterable[int]) -> int | None:
    """SIGKILL to the first of them. Returns its id, None when there was nobody to kill."""
    for pid in pids:
        try:
            os.kill(pid, SIGKILL)
        except ProcessLookupError:
            continue
        return pid
    return None


def _line(command: list[str]) -> str:
    return " ".join(command)
