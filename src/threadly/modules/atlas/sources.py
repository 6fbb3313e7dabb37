"""Finds what a card points at in the source of the running system: no line number is ever written down."""

import ast
from functools import cache
from itertools import takewhile
from pathlib import Path
from textwrap import dedent

import threadly
from threadly.modules.atlas.types import Home, Place
from threadly.settings import Settings

__all__ = ["SHOWN_AT", "SourceGone", "find_place", "read_source", "source_url"]

ROOT = Path(threadly.__file__).parent
# Where the package lies in the repository.
REPOSITORY_PATH = "src/threadly"
# Where this installation shows its own source, for which no host has to be named.
SHOWN_AT = "/map/source"
MOST_LINES = 14

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


class SourceGone(LookupError):
    """A card points at a file or a name that is not there (any more): a bug, which a test finds first."""


def source_url(settings: Settings) -> str:
    """Where the repository's files can be read: where the settings say, or else on a page of our own."""
    return (settings.source_url or SHOWN_AT).rstrip("/")


@cache
def read_source(path: str) -> str:
    """A Python file of the package. Raises SourceGone for whatever is none."""
    if path not in _modules():
        raise SourceGone(f"there is no {path}")
    return _read(path)


@cache
def _modules() -> frozenset[str]:
    return frozenset(each.relative_to(ROOT).as_posix() for each in ROOT.rglob("*.py"))


@cache
def find_place(home: Home, *, source_url: str = SHOWN_AT) -> Place:
    """`home` with its line, first lines and a link. Raises SourceGone."""
    first, last = _find_lines(home.path, home.symbol)
    path = f"{REPOSITORY_PATH}/{home.path}"
    return Place(
        path=path,
        line=first,
        symbol=home.symbol,
        says=home.says,
        excerpt=_excerpt(home.path, first, last),
        url=f"{source_url}/{path}#L{first}",
    )


def _find_lines(path: str, symbol: str) -> tuple[int, int]:
    """The first and the last line, counted from 1."""
    parts = symbol.split(".")
    if path.endswith(".py") and all(part.isidentifier() for part in parts):
        return _find_definition(path, parts)
    return _find_text(path, symbol)


def _find_definition(path: str, parts: list[str]) -> tuple[int, int]:
    body: list[ast.stmt] = _parse(path).body
    for part in parts:
        found = next((each for each in body if _defines(each, part)), None)
        if found is None:
            raise SourceGone(f"{path} has no {'.'.join(parts)}")
        body = found.body if isinstance(found, Definition) else []
    assert found, "a symbol has a part"
    decorators = found.decorator_list if isinstance(found, Definition) else []
    return min([found.lineno, *(each.lineno for each in decorators)]), found.end_lineno or found.lineno


def _defines(statement: ast.stmt, name: str) -> bool:
    match statement:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return statement.name == name
        case ast.Assign(targets=[ast.Name(id=assigned)]) | ast.AnnAssign(target=ast.Name(id=assigned)):
            return assigned == name
    return False


def _find_text(path: str, text: str) -> tuple[int, int]:
    """The first line that begins with `text`, and those after it up to an empty or less indented one."""
    lines = _read(path).splitlines()
    first = next((at for at, line in enumerate(lines) if line.lstrip().startswith(text)), None)
    if first is None:
        raise SourceGone(f"no line of {path} begins with {text!r}")
    indent = len(lines[first]) - len(lines[first].lstrip())
    following = takewhile(lambda line: line.strip() and not line[:indent].strip(), lines[first:])
    return first + 1, first + len(list(following))


def _excerpt(path: str, first: int, last: int) -> str:
    """At most MOST_LINES of them; what was left out is an ellipsis."""
    lines = _read(path).splitlines()[first - 1 : last]
    shown = dedent("\n".join(lines[:MOST_LINES]))
    return shown if len(lines) <= MOST_LINES else f"{shown}\n…"


@cache
def _parse(path: str) -> ast.Module:
    return ast.parse(_read(path))


def _read(path: str) -> str:
    try:
        return (ROOT / path).read_text()
    except OSError as error:
        raise SourceGone(f"there is no {path}") from error
