"""The import of products: how fast, and in how much memory however long the file."""

import asyncio
import re
import sys
from pathlib import Path

import msgspec
import psutil

from bench.findings import Finding, Table
from bench.installation import Installation, environment
from bench.products_csv import write_products

__all__ = ["measure_import"]

FEW_ROWS, MANY_ROWS = 10_000, 50_000
TARGET_PER_S = 2_000
# How much more memory the long file may take than the short one.
FLAT = 1.1
SAMPLE_EVERY_S = 0.05
TOOK = re.compile(r"rows in ([0-9.]+) s, 0 problems")


class _Imported(msgspec.Struct, frozen=True):
    name: str
    rows: int
    took_s: float
    peak_bytes: int

    @property
    def per_s(self) -> float:
        return self.rows / self.took_s


def measure_import(installation: Installation) -> Finding:
    """On a running installation whose shop is empty."""
    few, many = (installation.home / f"products-{rows}.csv" for rows in (FEW_ROWS, MANY_ROWS))
    write_products(few, rows=FEW_ROWS, seed=1)
    write_products(many, rows=MANY_ROWS, seed=2)
    dry = _import(installation, many, "rehearsed (--dry-run)", MANY_ROWS, "--dry-run")
    short = _import(installation, few, "new", FEW_ROWS)
    long = _import(installation, many, "new", MANY_ROWS)
    again = _import(installation, many, "the same again", MANY_ROWS)
    growth = long.peak_bytes / short.peak_bytes
    return Finding(
        title="Import",
        target=f"{MANY_ROWS:,} rows at ≥ {TARGET_PER_S:,} rows/s, memory ≤ {FLAT} times that of {FEW_ROWS:,}",
        measured=f"{long.per_s:,.0f} rows/s, {growth:.2f}",
        met=long.per_s >= TARGET_PER_S and growth <= FLAT,
        how="`threadly import products`, as typed, beside a running installation: products of one to eight "
        "variants, prices in several spellings, HTML, tags, pictures. The time is what the command says; the "
        "memory is the most that its process was seen to have resident.",
        table=Table(
            ("", "Rows", "Rows/s", "Memory, MB"),
            [
                (each.name, f"{each.rows:,}", f"{each.per_s:,.0f}", f"{each.peak_bytes / 1e6:,.0f}")
                for each in (short, long, again, dry)
            ],
        ),
    )


def _import(installation: Installation, file: Path, name: str, rows: int, *options: str) -> _Imported:
    said, peak_bytes = asyncio.run(_run(installation, file, options))
    took = TOOK.search(said)
    assert took, f"the import must go without a problem: {said}"
    return _Imported(name, rows, float(took[1]), peak_bytes)


async def _run(installation: Installation, file: Path, options: tuple[str, ...]) -> tuple[str, int]:
    """What the command printed, and its process's peak of resident memory."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "threadly", "import", "products", str(file), *options),
        *("--home", str(installation.home)),
        cwd=installation.home,
        env=environment({}),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    watched, peak_bytes = psutil.Process(process.pid), 0
    printed = asyncio.create_task(process.communicate())
    while not printed.done():
        try:
            peak_bytes = max(peak_bytes, watched.memory_info().rss)
        except psutil.NoSuchProcess:
            break
        await asyncio.sleep(SAMPLE_EVERY_S)
    out, _ = await printed
    return out.decode(), peak_bytes
