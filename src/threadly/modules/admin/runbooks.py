"""Runbooks, readable where the alert is seen: the few forms of Markdown in docs/runbooks, as plain values.

A template writes them; nothing of a text becomes HTML by itself.
"""

import re
from functools import lru_cache
from pathlib import Path
from typing import Final, Literal

import msgspec

from threadly.modules.admin.errors.observing import RunbookMissing

__all__ = ["Block", "Runbook", "Span", "get_runbook", "list_runbooks"]

# In a wheel they are beside this file, in a checkout they are documents.
_INSTALLED: Final = Path(__file__).with_name("runbook_texts")
_DOCUMENTS: Final = Path(__file__).parents[4] / "docs" / "runbooks"
ROOT: Final = _INSTALLED if _INSTALLED.is_dir() else _DOCUMENTS
PATH: Final = "/admin/observe/runbooks"

_SPANS = re.compile(r"`([^`]+)`|\*\*([^*]+)\*\*|\[([^\]]+)\]\(([^)\s]+)\)")
_ITEM = re.compile(r"(?:-|\d+\.) (.*)")


class Span(msgspec.Struct, frozen=True):
    """A run of text; `href` of links only."""

    kind: Literal["text", "code", "strong", "link"]
    text: str
    href: str | None = None


class Block(msgspec.Struct, frozen=True):
    """`code` holds its text as the one span of its one line; the others have a line for each item. Steps go
    on at `first` after what stands between them."""

    kind: Literal["heading", "paragraph", "list", "steps", "code"]
    lines: list[list[Span]]
    first: int = 1


class Runbook(msgspec.Struct, frozen=True):
    slug: str
    title: str
    blocks: list[Block]


def list_runbooks() -> list[Runbook]:
    """By title."""
    slugs = [path.stem for path in ROOT.glob("*.md") if path.stem != "README"]
    return sorted((get_runbook(slug) for slug in slugs), key=lambda each: each.title)


def get_runbook(slug: str) -> Runbook:
    """Raises RunbookMissing."""
    if not re.fullmatch(r"[a-z][a-z0-9-]{0,39}", slug):
        raise RunbookMissing
    return _read(slug)


@lru_cache(maxsize=64)
def _read(slug: str) -> Runbook:
    try:
        text = (ROOT / f"{slug}.md").read_text(encoding="utf-8")
    except FileNotFoundError:
        raise RunbookMissing from None
    first, _, rest = text.partition("\n")
    return Runbook(slug, first.removeprefix("# ").strip(), _blocks(rest))


def _blocks(text: str) -> list[Block]:
    found: list[Block] = []
    # Every second part is between fences.
    for place, part in enumerate(re.split(r"^```\w*\n", text, flags=re.MULTILINE)):
        if place % 2:
            found.append(Block("code", [[Span("code", part.rstrip("\n"))]]))
        else:
            found += [_block(each) for each in re.split(r"\n{2,}", part.strip("\n")) if each.strip()]
    return found


def _block(text: str) -> Block:
    if text.startswith("#"):
        return Block("heading", [_spans(text.lstrip("# "))])
    if not _ITEM.match(text):
        return Block("paragraph", [_spans(text)])
    items: list[str] = []
    for line in text.splitlines():
        item = _ITEM.match(line)
        if item:
            items.append(item[1])
        else:
            items[-1] += f" {line.strip()}"
    lines = [_spans(item) for item in items]
    return (
        Block("list", lines) if text.startswith("-") else Block("steps", lines, int(text.partition(".")[0]))
    )


def _spans(text: str) -> list[Span]:
    text, found, at = " ".join(text.split()), [], 0
    for match in _SPANS.finditer(text):
        if match.start() > at:
            found.append(Span("text", text[at : match.start()]))
        at = match.end()
        code, strong, words, href = match.groups()
        if code:
            found.append(Span("code", code))
        elif strong:
            found.append(Span("strong", strong))
        else:
            found.append(Span("link", words, _address(href)))
    if at < len(text):
        found.append(Span("text", text[at:]))
    return found


def _address(href: str) -> str:
    """Runbooks lead to each other by their files."""
    return f"{PATH}/{href.removesuffix('.md')}" if href.endswith(".md") else href
