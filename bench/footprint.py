"""What Threadly costs to start, to hold in memory and to fill."""

import time
from collections import defaultdict

import psutil

from bench.findings import Finding, Table
from bench.installation import FOLLOWS, USERS, Installation
from bench.load import Spread

__all__ = ["measure_memory", "measure_starts", "seeding_found"]

IDLE_S = 30
LATER_STARTS = 3
LATER_START_TARGET_S = 3.0
MEMORY_TARGET_MB = 350
SEEDING_TARGET_S = 60


def measure_starts(installation: Installation) -> Finding:
    """From no home at all; then again and again."""
    with installation.up() as (_, first_s):
        pass
    later_s = []
    for _ in range(LATER_STARTS):
        with installation.up() as (_, start_s):
            later_s.append(start_s)
    later = Spread.of(later_s)
    return Finding(
        title="Starts",
        target=f"every start but the first ≤ {LATER_START_TARGET_S:.0f} s",
        measured=f"{later.show(1)} s",
        met=later.most <= LATER_START_TARGET_S,
        how="From the start of the process `threadly up` with the demo community until it says that it runs, "
        "which it does when web and worker are ready. The first finds no home: it makes the database, "
        f"migrates and seeds the demo. {LATER_STARTS} later ones follow; the slowest is held to the target.",
        table=Table(("Start", "Seconds"), [("First", f"{first_s:.1f}"), ("Later", later.show(1))]),
    )


def measure_memory(installation: Installation) -> Finding:
    with installation.up() as (process, _):
        time.sleep(IDLE_S)
        shares = _shares(process)
    total = sum(sum(each) for each in shares.values())
    rows = sorted(shares.items(), key=lambda item: -sum(item[1]))
    return Finding(
        title="Idle memory",
        target=f"≤ {MEMORY_TARGET_MB} MB",
        measured=f"{total:.0f} MB",
        met=total <= MEMORY_TARGET_MB,
        how="The proportional set size (PSS: private pages, and each shared page divided by its sharers) of "
        "all that `threadly up --workers 1` with the demo community starts, database and Valkey included, "
        f"{IDLE_S} s after it was ready. 1 MB is 1,000,000 bytes.",
        table=Table(
            ("Process", "Count", "PSS, MB"),
            [(name, str(len(each)), f"{sum(each):.1f}") for name, each in rows]
            + [("All", str(sum(map(len, shares.values()))), f"{total:.1f}")],
        ),
    )


def seeding_found(seconds: float, *, posts: int) -> Finding:
    return Finding(
        title="Seeding",
        target=f"< {SEEDING_TARGET_S} s",
        measured=f"{seconds:.1f} s",
        met=seconds < SEEDING_TARGET_S,
        how="`threadly seed` while the installation runs, once.",
        table=Table(
            ("Users", "Follows", "Posts", "Seconds"),
            [(f"{USERS:,}", f"{FOLLOWS:,}", f"{posts:,}", f"{seconds:.1f}")],
        ),
    )


def _shares(process: psutil.Process) -> dict[str, list[float]]:
    """MB by what a process is."""
    shares: dict[str, list[float]] = defaultdict(list)
    for each in [process, *process.children(recursive=True)]:
        shares[_name_of(each)].append(each.memory_full_info().pss / 1e6)
    return shares


def _name_of(process: psutil.Process) -> str:
    """In words that name no place on this machine."""
    line = process.cmdline()
    if line[0].startswith("postgres: "):
        return line[0].strip()
    if "threadly" in line:
        return f"threadly {line[line.index('threadly') + 1]}"
    if "multiprocessing" in " ".join(line):
        return "threadly web, resource tracker" if "resource_tracker" in line[-1] else "threadly web, serving"
    return process.name()
