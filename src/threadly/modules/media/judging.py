"""What a file is, by its first bytes: its name and the type that its sender gives it count for nothing.

A type is told only where the content says it; of everything else we say that we do not know. Pure.
"""

from collections.abc import Sequence
from typing import Final

from threadly.modules.media.types import FileSort

__all__ = ["HEAD_BYTES", "PICTURES", "UNKNOWN", "judge", "served_as", "sort_of"]

# Enough for the first entries of an archive, which say whether it is a document.
HEAD_BYTES: Final = 65_536
UNKNOWN: Final = "application/octet-stream"
TEXT: Final = "text/plain"
# What an image can be made of (`press/program.py` looks again, and closely).
PICTURES: Final = frozenset({"image/jpeg", "image/png", "image/webp", "image/gif"})

# Where it stands, what stands there, what it is then. The first that fits counts.
MAGIC: Final[Sequence[tuple[int, bytes, str]]] = (
    (0, b"%PDF-", "application/pdf"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (0, b"II*\0", "image/tiff"),
    (0, b"MM\0*", "image/tiff"),
    (0, b"\x1f\x8b\x08", "application/gzip"),
    (0, b"BZh", "application/x-bzip2"),
    (0, b"\xfd7zXZ\0", "application/x-xz"),
    (0, b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (0, b"\x28\xb5\x2f\xfd", "application/zstd"),
    (0, b"Rar!\x1a\x07", "application/vnd.rar"),
    (257, b"ustar", "application/x-tar"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"fLaC", "audio/flac"),
    (0, b"OggS", "audio/ogg"),
    (0, b"MThd", "audio/midi"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
    (0, b"{\\rtf", "application/rtf"),
    (0, b"MZ", "application/vnd.microsoft.portable-executable"),
    (0, b"\x7fELF", "application/x-executable"),
    (0, b"\xca\xfe\xba\xbe", "application/x-executable"),
    (0, b"\xcf\xfa\xed\xfe", "application/x-executable"),
    (0, b"\0asm", "application/wasm"),
    (0, b"SQLite format 3\0", "application/vnd.sqlite3"),
    (0, b"wOFF", "font/woff"),
    (0, b"wOF2", "font/woff2"),
    (0, b"OTTO", "font/otf"),
    (0, b"\0\1\0\0\0", "font/ttf"),
)
ZIP: Final = (b"PK\x03\x04", b"PK\x05\x06")
# What the entries of an archive make of it.
OFFICE: Final = "application/vnd.openxmlformats-officedocument"
ENTRIES: Final[Sequence[tuple[bytes, str]]] = (
    (b"word/", f"{OFFICE}.wordprocessingml.document"),
    (b"xl/", f"{OFFICE}.spreadsheetml.sheet"),
    (b"ppt/", f"{OFFICE}.presentationml.presentation"),
)
# The first entry of these, which is not compressed, names their type itself.
SELF_NAMED: Final = (
    "application/epub+zip",
    "application/vnd.oasis.opendocument.text",
    "application/vnd.oasis.opendocument.spreadsheet",
    "application/vnd.oasis.opendocument.presentation",
)
# The brand of a file in boxes (ISO 14496-12); any other is a film.
BRANDS: Final = {
    b"M4A ": "audio/mp4",
    b"M4B ": "audio/mp4",
    b"heic": "image/heic",
    b"heix": "image/heic",
    b"mif1": "image/heif",
    b"avif": "image/avif",
    b"qt  ": "video/quicktime",
}
RIFF: Final = {b"WAVE": "audio/wav", b"WEBP": "image/webp", b"AVI ": "video/x-msvideo"}
# How a page begins, much as browsers look for it: https://mimesniff.spec.whatwg.org
PAGE: Final = (b"<!doctype html", b"<html", b"<head", b"<body", b"<script", b"<iframe", b"<title", b"<!--")
MARKS: Final = (
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
    (b"\xef\xbb\xbf", "utf-8"),
    (b"", "utf-8"),
)
LONGEST_CHARACTER: Final = 4
# Text has none of these: https://mimesniff.spec.whatwg.org/#binary-data-byte
BINARY: Final = frozenset(map(chr, [*range(9), 0x0B, *range(0x0E, 0x1B), *range(0x1C, 0x20)]))

# What a browser shows or plays and nothing runs in; the rest is sent as bytes of no kind.
INERT: Final = PICTURES | {
    TEXT,
    "application/epub+zip",
    "application/gzip",
    "application/pdf",
    "application/rtf",
    "application/zip",
    "audio/flac",
    "audio/mp4",
    "audio/mpeg",
    "audio/ogg",
    "audio/wav",
    "image/avif",
    "image/heic",
    "image/heif",
    "image/tiff",
    "video/mp4",
    "video/quicktime",
    "video/webm",
}

SORTS: Final[dict[str, FileSort]] = {
    "application/pdf": "pdf",
    "application/epub+zip": "document",
    "application/rtf": "document",
    "application/x-ole-storage": "document",
    "application/vnd.microsoft.portable-executable": "program",
    "application/x-executable": "program",
    "application/wasm": "program",
    "application/zip": "archive",
    "application/gzip": "archive",
    "application/x-bzip2": "archive",
    "application/x-xz": "archive",
    "application/x-7z-compressed": "archive",
    "application/zstd": "archive",
    "application/vnd.rar": "archive",
    "application/x-tar": "archive",
    "text/html": "page",
    "image/svg+xml": "drawing",
    TEXT: "text",
    "text/xml": "text",
}
FAMILIES: Final[dict[str, FileSort]] = {"audio": "audio", "video": "video", "image": "image"}


def judge(head: bytes) -> str:
    """The media type of what begins like this, of which `head` is HEAD_BYTES or all there is."""
    for place, magic, found in MAGIC:
        if head.startswith(magic, place):
            return found
    if head.startswith(ZIP):
        return _archive(head)
    if head.startswith(b"RIFF"):
        return RIFF.get(head[8:12], UNKNOWN)
    if head[4:8] == b"ftyp":
        return BRANDS.get(head[8:12], "video/mp4")
    if head.startswith(b"\x1aE\xdf\xa3"):
        return "video/webm" if b"webm" in head[:64] else "video/x-matroska"
    if len(head) > 2 and head[0] == 0xFF and head[1] & 0xE6 == 0xE2:  # a frame of MPEG audio, layer III
        return "audio/mpeg"
    return _text(head)


def served_as(content_type: str) -> str:
    """What is said when it is sent: the type itself only where nothing could run in it."""
    if content_type not in INERT:
        return UNKNOWN
    return f"{content_type}; charset=utf-8" if content_type == TEXT else content_type


def sort_of(content_type: str) -> FileSort:
    """The same in a word, for people."""
    if found := SORTS.get(content_type):
        return found
    if content_type.startswith((OFFICE, "application/vnd.oasis.")):
        return "document"
    return FAMILIES.get(content_type.partition("/")[0], "file")


def _archive(head: bytes) -> str:
    # A local header has 30 bytes, then the name of the entry, then its content.
    for each in SELF_NAMED:
        if head.startswith(b"mimetype" + each.encode(), 30):
            return each
    if b"[Content_Types].xml" in head:
        return next((found for entry, found in ENTRIES if entry in head), "application/zip")
    return "application/zip"


def _text(head: bytes) -> str:
    mark, encoding = next(each for each in MARKS if head.startswith(each[0]))
    text = _decoded(head[len(mark) :], encoding)
    if not text or not BINARY.isdisjoint(text):
        return UNKNOWN
    begin = text.lstrip()[:1_024].lower().encode()
    if begin.startswith(PAGE) and b"<svg" not in begin:
        return "text/html"
    if b"<svg" in begin and begin.startswith((b"<svg", b"<?xml", b"<!doctype", b"<!--")):
        return "image/svg+xml"
    if begin.startswith(b"<?xml"):
        return "text/html" if b"<html" in begin else "text/xml"
    return TEXT


def _decoded(raw: bytes, encoding: str) -> str:
    """Nothing, if it is no text; the head may end within a character."""
    for cut in range(LONGEST_CHARACTER):
        try:
            return raw[: len(raw) - cut].decode(encoding)
        except UnicodeDecodeError:
            continue
    return ""
