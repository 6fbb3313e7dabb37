"""admin: what operators look at, and what looks after the system for them."""

from threadly.modules.admin.attending import attending
from threadly.modules.admin.exporting.grafana import grafana_dashboard
from threadly.modules.admin.exporting.prometheus import prometheus_rules
from threadly.modules.admin.measuring import measuring
from threadly.modules.admin.meter import Meter
from threadly.modules.admin.objectives import read_objectives
from threadly.modules.admin.prices import read_prices
from threadly.modules.admin.storing import storing_lines
from threadly.modules.admin.watching import keep_looking_after

__all__ = [
    "Meter",
    "attending",
    "grafana_dashboard",
    "keep_looking_after",
    "measuring",
    "prometheus_rules",
    "read_objectives",
    "read_prices",
    "storing_lines",
]
