"""CSV from bytes: one record after the other with the physical line it begins at, in bounded memory.

What cannot be read costs its own line and no more: reading goes on at the line after it.
"""

import csv
from collections import deque
from collections.abc import Iterator
from typing import BinaryIO

import msgspec

from threadly.modules.store.errors.imports import ImportUnreadable

__all__ = ["Record", "read_records"]

MOST_LINE_BYTES = 1 << 20
# How often a quote that nobody closes may have what follows it read again; a file of nothing else must end.
MOST_REREADINGS = 100
BOM = b"\xef\xbb\xbf"
# What a file begins with that is no CSV, and what to do about it.
FOREIGN = {
    b"PK\x03\x04": "This is a spreadsheet or an archive. Save it as CSV (UTF-8) and import that.",
    b"\xff\xfe": "This file is UTF-16. Save it as CSV (UTF-8) and import that.",
    b"\xfe\xff": "This file is UTF-16. Save it as CSV (UTF-8) and import that.",
    b"\x1f\x8b": "This file is compressed. Unpack it and import the CSV file.",
    b"%PDF": "This is a PDF. Save the products as CSV (UTF-8) and import that.",
}


class Record(msgspec.Struct, frozen=True, gc=False):
    """`problem` is None, or why the line cannot be read; then there are no cells."""

    line: int
    cells: list[str]
    problem: str | None = None


class _LineTooLong(Exception):
    pass


def read_records(file: BinaryIO) -> Iterator[Record]:
    """The header and then every row that is not blank. UTF-8 is tried first on each line, then Windows-1252;
    commas, semicolons and tabs are told apart by the header. Raises ImportUnreadable."""
    lines = _Lines(file)
    reader = csv.reader(lines, delimiter=lines.find_delimiter(), strict=True)
    while True:
        lines.begin_record()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            lost = lines.read_again()
            yield Record(lines.first, [], _sentence(str(error)) + lost)
        except _LineTooLong:
            yield Record(lines.first, [], "This line is longer than a megabyte.")
        else:
            if any(cells):
                yield Record(lines.first, cells)


class _Lines:
    """Decoded lines of a file, for csv.reader; it remembers those of the record that is being read."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._number = 0
        self._record: list[str] = []
        self._pending: deque[str] = deque()
        self._rereadings = 0
        self.first = 1

    def find_delimiter(self) -> str:
        """Of the first line; it is read again as the header. Raises ImportUnreadable."""
        raw = self._file.readline(MOST_LINE_BYTES)
        for magic, sentence in FOREIGN.items():
            if raw.startswith(magic):
                raise ImportUnreadable(sentence)
        line = _decode(raw.removeprefix(BOM))
        if raw:
            self._pending.append(line)
        return max(",;\t", key=line.count)

    def begin_record(self) -> None:
        self._record.clear()
        self.first = self._number + 1

    def read_again(self) -> str:
        """Go on after the record's first line, while it is worth it; else say what is lost."""
        if len(self._record) == 1:
            return ""
        if self._rereadings == MOST_REREADINGS:
            return f" So the lines up to {self._number:,} were skipped."
        self._rereadings += 1
        self._number -= len(self._record) - 1
        self._pending.extendleft(reversed(self._record[1:]))
        return ""

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._pending.popleft() if self._pending else self._read()
        self._number += 1
        self._record.append(line)
        return line

    def _read(self) -> str:
        raw = self._file.readline(MOST_LINE_BYTES)
        if not raw:
            raise StopIteration
        if len(raw) == MOST_LINE_BYTES and not raw.endswith(b"\n"):
            self._skip_line()
        return _decode(raw)

    def _skip_line(self) -> None:
        while (rest := self._file.readline(MOST_LINE_BYTES)) and not rest.endswith(b"\n"):
            pass
        self._number += 1
        raise _LineTooLong


def _decode(raw: bytes) -> str:
    """Without NUL, which no text column can hold. Five bytes have no meaning in Windows-1252."""
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        text = raw.decode("cp1252", errors="replace")
    return text.replace("\0", "") if "\0" in text else text


def _sentence(error: str) -> str:
    if error.startswith("field larger"):
        return "A cell is longer than 131,072 characters, or a quotation mark is not closed."
    if "unexpected end" in error:
        return "A quotation mark is opened here and never closed."
    if "expected after" in error:
        return "A quotation mark stands inside a quoted cell; write two of them there."
    return "This line cannot be read as CSV."
