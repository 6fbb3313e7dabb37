"""Load: wrk in bounded runs, on targets in turn, so that a slow minute of the machine hits all alike."""

import shutil
import statistics
import subprocess
from collections.abc import Sequence
from pathlib import Path

import msgspec

__all__ = ["Round", "Spread", "Target", "alternate", "require_wrk", "wrk_version"]

SCRIPT = Path(__file__).with_name("feed.lua")
WARM_UP_S = 2
GRACE_S = 30


class Target(msgspec.Struct, frozen=True):
    """`requests` is a file with a line for each request: path and, where it signs in, token."""

    name: str
    url: str
    requests: Path


class Round(msgspec.Struct, frozen=True):
    """What one run of wrk says; `refused` counts answers of status 400 and above."""

    requests: int
    duration_us: int
    failed: int
    refused: int
    p50_us: int
    p95_us: int
    p99_us: int

    @property
    def per_s(self) -> float:
        return self.requests / (self.duration_us / 1e6)

    @property
    def p50_ms(self) -> float:
        return self.p50_us / 1e3

    @property
    def p95_ms(self) -> float:
        return self.p95_us / 1e3

    @property
    def p99_ms(self) -> float:
        return self.p99_us / 1e3


class Spread(msgspec.Struct, frozen=True):
    """Several rounds of one number."""

    median: float
    least: float
    most: float

    @classmethod
    def of(cls, numbers: Sequence[float]) -> "Spread":
        return cls(statistics.median(numbers), min(numbers), max(numbers))

    def show(self, digits: int = 0) -> str:
        return f"{self.median:,.{digits}f} ({self.least:,.{digits}f}–{self.most:,.{digits}f})"


def require_wrk() -> None:
    if shutil.which("wrk") is None:
        raise SystemExit("The benchmark needs wrk: `apt-get install wrk`, or your system's package of it.")


def wrk_version() -> str:
    said = subprocess.run(["wrk", "-v"], capture_output=True, text=True, check=False)
    return (said.stdout + said.stderr).split()[1].removeprefix("debian/")


def alternate(
    targets: Sequence[Target], *, rounds: int, connections: int, round_s: int
) -> dict[str, list[Round]]:
    """A, B, A, B … after a short run of each that does not count."""
    measured: dict[str, list[Round]] = {target.name: [] for target in targets}
    for target in targets:
        _run(target, connections=connections, duration_s=WARM_UP_S)
    for number in range(rounds):
        for target in targets:
            measured[target.name].append(_run(target, connections=connections, duration_s=round_s))
        print(f"  round {number + 1} of {rounds}", flush=True)
    return measured


def _run(target: Target, *, connections: int, duration_s: int) -> Round:
    command = ["wrk", "-t1", f"-c{connections}", f"-d{duration_s}s", "--timeout", "5s"]
    said = subprocess.run(
        [*command, "-s", str(SCRIPT), target.url, "--", str(target.requests)],
        capture_output=True,
        text=True,
        check=True,
        timeout=duration_s + GRACE_S,
    )
    measured = msgspec.json.decode(said.stdout.strip().splitlines()[-1], type=Round)
    assert measured.failed == 0, f"{target.name}: {measured.failed} requests were cut or timed out"
    assert measured.refused == 0, f"{target.name}: {measured.refused} answers were no success"
    return measured
