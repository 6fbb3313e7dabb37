"""Lengths of time, as the operators' pages say them."""

from threadly.modules.atlas import duration

__all__ = ["in_ms", "length"]


def in_ms(duration_ms: float | None) -> str:
    """As journeys say it: "0.8 ms", "34 ms", "1.2 s"; a dash for none."""
    return "–" if duration_ms is None else duration(round(duration_ms * 1_000))


def length(seconds: float) -> str:
    """ "8 s", "5 min", "3 h", "2 d": how long something has lasted."""
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{int(seconds // size)} {unit}"
    return f"{int(seconds)} s"
