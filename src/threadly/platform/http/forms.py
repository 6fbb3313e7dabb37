"""Forms as requests bring them: of their text no more is taken than of any body, and files go to the disk.

A route that takes files takes a large body. Litestar's own reading holds all of its text in memory, and as
many files of a megabyte as there are; here both have one bound for the whole form, whatever the route allows.
"""

from collections import defaultdict
from collections.abc import AsyncIterator
from typing import Any, Final
from urllib.parse import parse_qs

from litestar import Request
from litestar.datastructures import UploadFile
from litestar.datastructures.multi_dicts import FormMultiDict
from litestar.types import Empty
from litestar.utils.scope.state import ScopeState
from multipart import (  # type: ignore[import-untyped]  # the library has no types
    MultipartError,
    MultipartSegment,
    PushMultipartParser,
)

from threadly.platform.http.refusals import BodyTooLarge, BrokenUtf8, MalformedBody

__all__ = ["FormRequest", "is_form"]

MOST_FIELDS: Final = 1_000
# Each of those that are on the disk is an open file.
MOST_FILES: Final = 32
# So much of a form's files stays in memory, of all of them together.
MOST_HELD_BYTES: Final = 1_048_576
URL_ENCODED: Final = "application/x-www-form-urlencoded"
MULTIPART: Final = "multipart/form-data"


class FormRequest(Request[Any, Any, Any]):
    """The request of every handler."""

    __slots__ = ()

    async def form(self) -> FormMultiDict:
        """The fields and files. Raises BodyTooLarge, MalformedBody, BrokenUtf8."""
        state = ScopeState.from_scope(self.scope)
        if state.form is Empty:
            kind, options = self.content_type
            if kind == URL_ENCODED:
                # Not by Litestar, which would keep the last 1,024 bodies, passwords included, in memory.
                state.form = _parse(await self._text())
            elif kind == MULTIPART:
                state.form = await self._parts(options.get("boundary") or "")
        return await super().form()

    async def _text(self) -> bytes:
        state, most = ScopeState.from_scope(self.scope), self._most_text_bytes
        if isinstance(state.body, bytes):
            return state.body
        body = bytearray()
        async for chunk in self.stream():
            body += chunk
            if len(body) > most:
                raise BodyTooLarge
        state.body = bytes(body)
        return state.body

    async def _parts(self, boundary: str) -> dict[str, Any]:
        parts = _Parts(self._most_text_bytes)
        try:
            await parts.read(self.stream(), boundary)
        except MultipartError:
            await parts.close()
            raise MalformedBody(UNREADABLE) from None
        except BaseException:
            await parts.close()
            raise
        return parts.form

    @property
    def _most_text_bytes(self) -> int:
        """What an ordinary route takes."""
        most = self.app.request_max_body_size
        return most if isinstance(most, int) else MOST_HELD_BYTES


def is_form(request: FormRequest) -> bool:
    return request.content_type[0] in (URL_ENCODED, MULTIPART)


UNREADABLE: Final = "The form in the body cannot be read: it is not complete, or has too many fields."


class _Parts:
    """What a multipart body has brought so far."""

    def __init__(self, most_text_bytes: int) -> None:
        self._fields: defaultdict[str, list[str | UploadFile]] = defaultdict(list)
        self._text_left = most_text_bytes
        self._held_left = MOST_HELD_BYTES
        self._files: list[UploadFile] = []
        self._file: UploadFile | None = None
        self._text = bytearray()

    @property
    def form(self) -> dict[str, Any]:
        return {name: found if len(found) > 1 else found[0] for name, found in self._fields.items()}

    async def read(self, chunks: AsyncIterator[bytes], boundary: str) -> None:
        """Raises MultipartError, BodyTooLarge, MalformedBody, BrokenUtf8."""
        first = await anext(chunks, b"")
        if not first:
            return
        segment: MultipartSegment | None = None
        with PushMultipartParser(boundary.encode(), max_segment_count=MOST_FIELDS) as parser:
            chunk = first
            while not parser.closed:
                for event in parser.parse(chunk):
                    if isinstance(event, MultipartSegment):
                        segment = event
                        self._begin(segment)
                    elif event:
                        await self._go_on(event)
                    else:
                        await self._end(segment)
                chunk = await anext(chunks, b"")

    async def close(self) -> None:
        for file in self._files:
            await file.close()

    def _begin(self, segment: MultipartSegment) -> None:
        self._spend(len(segment.name) + len(segment.filename or ""))
        self._text = bytearray()
        self._file = None
        if segment.filename:
            if len(self._files) == MOST_FILES:
                raise MalformedBody(f"A form has at most {MOST_FILES} files.")
            self._file = UploadFile(
                content_type=segment.content_type or "text/plain",
                filename=segment.filename,
                headers=dict(segment.headerlist),
                max_spool_size=max(self._held_left, 1),  # 0 would be: never on the disk
            )
            self._files.append(self._file)

    async def _go_on(self, data: bytes | bytearray) -> None:
        if self._file is not None:
            await self._file.write(data)
        else:
            self._spend(len(data))
            self._text += data

    async def _end(self, segment: MultipartSegment) -> None:
        if self._file is None:
            self._fields[segment.name].append(_decode(self._text, segment.charset or "utf-8"))
            return
        if not self._file.rolled_to_disk:
            self._held_left -= self._file.file.tell()
        await self._file.seek(0)
        self._fields[segment.name].append(self._file)

    def _spend(self, count: int) -> None:
        self._text_left -= count
        if self._text_left < 0:
            raise BodyTooLarge


def _decode(text: bytearray, charset: str) -> str:
    try:
        return text.decode(charset)
    except (UnicodeDecodeError, LookupError):
        raise BrokenUtf8 from None


def _parse(body: bytes) -> dict[str, Any]:
    try:
        fields = parse_qs(
            body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS
        )
    except UnicodeDecodeError:
        raise BrokenUtf8 from None
    except ValueError:
        raise MalformedBody("The form has too many fields.") from None
    return {name: values if len(values) > 1 else values[0] for name, values in fields.items()}
