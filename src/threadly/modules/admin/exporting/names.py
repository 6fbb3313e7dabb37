"""What Prometheus calls the things that both, rules and dashboard, speak of."""

from typing import Final

__all__ = ["bad_of", "burn_rate_of", "ratio_of", "window_of"]

DAY: Final = 1_440
HOUR: Final = 60


def window_of(minutes: int) -> str:
    """A range of PromQL: 5m, 6h, 3d."""
    if minutes % DAY == 0:
        return f"{minutes // DAY}d"
    return f"{minutes // HOUR}h" if minutes % HOUR == 0 else f"{minutes}m"


def ratio_of(minutes: int) -> str:
    """The recorded share of bad ones, by objective."""
    return f"threadly:sli_bad:ratio_rate{window_of(minutes)}"


def bad_of(minutes: int) -> str:
    """The recorded number of bad ones, by objective."""
    return f"threadly:sli_bad:increase{window_of(minutes)}"


def burn_rate_of(objective: str, minutes: int, allowed: float) -> str:
    return f'{ratio_of(minutes)}{{objective="{objective}"}} / {allowed:.6g}'
