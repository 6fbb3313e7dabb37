"""`python -m bench`: measure, print, and write RESULTS.md. About half an hour on two cores.

`--only floor,growth` measures these alone and leaves RESULTS.md as it is, unless `--write` says that they are
the results. Everything runs in a temporary directory on the loopback, ends with this program, and needs about
4 GB of disk.
"""

import argparse
import asyncio
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from bench.bell import measure_bell, measure_open_bells
from bench.checkout import measure_checkout
from bench.fanout import measure_fan_out
from bench.findings import Finding
from bench.footprint import measure_memory, measure_starts, seeding_found
from bench.imports import measure_import
from bench.installation import Installation
from bench.load import require_wrk
from bench.messages import measure_messages
from bench.proof import measure_proof
from bench.report import render_report
from bench.searching import measure_search
from bench.spans import measure_spans
from bench.throughput import measure_floor, measure_growth

RESULTS = Path(__file__).with_name("RESULTS.md")
NAMES = (
    "floor",
    "spans",
    "growth",
    "fanout",
    "bell",
    "bells",
    "messages",
    "search",
    "memory",
    "starts",
    "seeding",
    "checkout",
    "imports",
    "proof",
)
POSTS = 100_000
FEW_POSTS, MANY_POSTS = 10_000, 1_000_000


def main() -> None:
    wanted, write = _wanted()
    require_wrk()
    load_before, began = os.getloadavg()[0], time.monotonic()
    findings: dict[str, Finding] = {}
    with tempfile.TemporaryDirectory(prefix="threadly-bench-") as directory:
        Path(directory).chmod(0o755)  # PostgreSQL, which never runs as root, must find its data
        for name, finding in _measure(Path(directory), wanted):
            print(f"{finding.title}: {finding.measured} (target: {finding.target})", flush=True)
            findings[name] = finding
            report = render_report(
                [findings[name] for name in NAMES if name in findings],
                command="make bench",
                load_before=load_before,
                took_s=time.monotonic() - began,
            )
            if write:  # each time, so that what was measured is there even if the rest is cut short
                RESULTS.write_text(report)
    print(report)


def _wanted() -> tuple[set[str], bool]:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure speed and size.")
    parser.add_argument(
        "--only", default=",".join(NAMES), help=f"some of {','.join(NAMES)}; RESULTS.md stays"
    )
    parser.add_argument("--write", action="store_true", help="write RESULTS.md from these alone")
    given = parser.parse_args()
    wanted = set(given.only.split(","))
    if unknown := wanted - set(NAMES):
        parser.error(f"there is no {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}")
    return wanted, given.write or wanted == set(NAMES)


Found = Iterator[tuple[str, Finding]]


def _measure(homes: Path, wanted: set[str]) -> Found:
    if wanted & {"starts", "memory"}:
        yield from _measure_newcomer(homes / "newcomer", wanted)
    if wanted & {"seeding", "floor", "spans", "fanout", "bell", "bells", "messages", "search"}:
        yield from _measure_community(homes / "community", wanted)
    if wanted & {"checkout", "imports"}:
        yield from _measure_shop(homes / "shop", wanted)
    if "proof" in wanted:
        yield "proof", measure_proof()
    if "growth" in wanted:
        yield "growth", _measure_growth(homes)


def _measure_newcomer(home: Path, wanted: set[str]) -> Found:
    """An installation with the demo community only."""
    installation = Installation(home, demo=True)
    if "starts" in wanted:
        yield "starts", measure_starts(installation)
    if "memory" in wanted:
        yield "memory", measure_memory(installation)


def _measure_community(home: Path, wanted: set[str]) -> Found:
    installation = Installation(home)
    with installation.up():
        seeding_s = installation.seed(POSTS)
        if "seeding" in wanted:
            yield "seeding", seeding_found(seeding_s, posts=POSTS)
        asyncio.run(installation.settle())
        if wanted & {"floor", "spans", "bell", "bells", "messages"}:
            tokens = asyncio.run(installation.sign_in_many())
            if "floor" in wanted:
                yield "floor", measure_floor(installation, tokens, posts=POSTS)
            if "spans" in wanted:
                yield "spans", measure_spans(installation, tokens)
            if "bells" in wanted:
                yield "bells", asyncio.run(measure_open_bells(installation, tokens))
            if "bell" in wanted:
                yield "bell", asyncio.run(measure_bell(installation, tokens))
            if "messages" in wanted:
                yield "messages", asyncio.run(measure_messages(installation, tokens))
        if "search" in wanted:
            yield "search", asyncio.run(measure_search(installation, posts=POSTS))
        if "fanout" in wanted:
            yield "fanout", asyncio.run(measure_fan_out(installation))


def _measure_shop(home: Path, wanted: set[str]) -> Found:
    """An installation with members who have not posted much, and an empty shop."""
    installation = Installation(home)
    with installation.up():
        installation.seed(FEW_POSTS)
        if "imports" in wanted:
            yield "imports", measure_import(installation)
        if "checkout" in wanted:
            asyncio.run(installation.settle())
            tokens = asyncio.run(installation.sign_in_many())
            yield "checkout", asyncio.run(measure_checkout(installation, tokens))


def _measure_growth(homes: Path) -> Finding:
    sizes = {posts: Installation(homes / f"posts-{posts}") for posts in (FEW_POSTS, MANY_POSTS)}
    with ExitStack() as stack:
        for posts, installation in sizes.items():
            stack.enter_context(installation.up())
            print(f"seeding {posts:,} posts …", flush=True)
            installation.seed(posts)
            asyncio.run(installation.settle())
        # Last, because the tokens live for 15 minutes.
        readers = {
            posts: (installation, asyncio.run(installation.sign_in_many()))
            for posts, installation in sizes.items()
        }
        return measure_growth(readers)


if __name__ == "__main__":
    main()
