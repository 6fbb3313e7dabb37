"""The price table: read once, refused in one line."""

import tomllib
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Final

import msgspec

from threadly.modules.admin.files import read_file
from threadly.modules.admin.types.costs import Prices
from threadly.settings import Settings

__all__ = ["SHIPPED", "read_prices"]

SHIPPED: Final = Path(__file__).with_name("prices.toml")


def read_prices(settings: Settings) -> Prices:
    """The table that the settings name, or the one that is shipped.

    Raises BadSetting, with one line that says what is wrong.
    """
    return read_file(settings.prices or SHIPPED, _read, setting="prices")


@lru_cache(maxsize=8)
def _read(path: Path) -> Prices:
    table = tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    return msgspec.convert(table, Prices)
