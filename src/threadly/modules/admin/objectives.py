"""The file of objectives: read once, refused in one line."""

import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Final

import msgspec

from threadly.modules.admin.files import read_file
from threadly.modules.admin.types.objectives import Objective
from threadly.settings import Settings

__all__ = ["MOST_OBJECTIVES", "SHIPPED", "read_objectives"]

SHIPPED: Final = Path(__file__).with_name("objectives.toml")
# Each is counted for every request that it is about, and looked at once a minute.
MOST_OBJECTIVES: Final = 50


def read_objectives(settings: Settings) -> tuple[Objective, ...]:
    """The objectives of the file that the settings name, or of the one that is shipped, in its order.

    Raises BadSetting, with one line that says where it is wrong.
    """
    return read_file(settings.objectives or SHIPPED, _read, setting="objectives")


@lru_cache(maxsize=8)
def _read(path: Path) -> tuple[Objective, ...]:
    tables = tomllib.loads(path.read_text(encoding="utf-8"))
    if not 1 <= len(tables) <= MOST_OBJECTIVES:
        raise ValueError(f"1 to {MOST_OBJECTIVES} objectives are possible, not {len(tables)}")
    return tuple(_objective(name, table) for name, table in tables.items())


def _objective(name: str, table: object) -> Objective:
    if not isinstance(table, dict):
        raise ValueError(f"{name} stands outside of any objective")
    try:
        return msgspec.convert({"name": name, **table}, Objective)
    except msgspec.ValidationError as error:
        raise ValueError(f"[{name}] {error}") from None
