"""Where the processes of one installation leave their numbers for each other.

Apart from the package `telemetry`, which takes more along than the process of `up` should carry.
"""

import os
import sys
from pathlib import Path

__all__ = ["METRICS_VARIABLE", "prepare_metrics"]

# The name is prometheus-client's.
METRICS_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"


def prepare_metrics(directory: Path) -> None:
    """Name the directory that this process and its children share, and clear what an earlier run left.

    Called by the process that starts the others, before any of them imports `telemetry.metrics`; raises
    RuntimeError when that has happened already, since the numbers would then silently stay apart.
    """
    if "prometheus_client" in sys.modules:
        raise RuntimeError("prepare_metrics must be called before prometheus_client is imported.")
    directory.mkdir(parents=True, exist_ok=True)
    for leftover in directory.glob("*.db"):
        leftover.unlink()
    os.environ[METRICS_VARIABLE] = str(directory.absolute())
