"""TOML files that settings name: each is read once, and refused in one line."""

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from threadly.settings import BadSetting, variable_of

__all__ = ["read_file"]

T = TypeVar("T")


def read_file(path: Path, read: Callable[[Path], T], *, setting: str) -> T:
    """What `read` makes of the file; for what is of another form than it takes, it raises ValueError.

    Raises BadSetting, with one line that says where it is wrong.
    """
    try:
        return read(path)
    except OSError as error:
        why = f"cannot be read ({error.strerror})"
    except tomllib.TOMLDecodeError as error:
        why = f"is no TOML: {error}"
    except ValueError as error:  # not UTF-8, or of another form
        why = f"is not valid: {error}"
    raise BadSetting(f"{variable_of(setting)}: {path} {' '.join(why.split())}.")
