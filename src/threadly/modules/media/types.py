"""What leaves media by its door."""

from typing import Literal

from msgspec import Struct

from threadly.platform.ids import UUID

__all__ = [
    "Attached",
    "File",
    "FileSort",
    "FileUpload",
    "Media",
    "State",
    "StoredFile",
    "StoredMedia",
    "Upload",
]

# Whether the smaller forms are made by now; until then, the whole picture is served in their place.
State = Literal["processing", "ready"]
# What a file is by its content, in a word.
FileSort = Literal[
    "archive", "audio", "document", "drawing", "file", "image", "page", "pdf", "program", "text", "video"
]


class Media(Struct, frozen=True):
    """An image as APIs and pages show it; width and height in pixels, of the largest form there is.

    `placeholder` is a `data:` URL of a few blurred pixels.
    """

    id: UUID
    url: str
    thumbnail_url: str
    width: int
    height: int
    alt: str
    placeholder: str


class File(Struct, frozen=True):
    """A file as APIs and pages show it: to be downloaded from `url`, as it came. `content_type` and `sort`
    are by its content, whatever `name` says."""

    id: UUID
    url: str
    name: str
    size_bytes: int
    content_type: str
    sort: FileSort


class StoredMedia(Struct, frozen=True):
    """What the owner of an image keeps in a row of its own, so that a list needs no further statement.

    `key` is the address by content. A `private` one is shown by signed URLs only.
    """

    id: UUID
    key: str
    width: int
    height: int
    alt: str
    placeholder: str
    private: bool


class StoredFile(Struct, frozen=True):
    """The same of a file, which is always private."""

    id: UUID
    key: str
    name: str
    size_bytes: int
    content_type: str


class Attached(Struct, frozen=True):
    """What an owner that takes both shows from now on."""

    images: list[StoredMedia]
    files: list[StoredFile]


class Upload(Struct, frozen=True):
    """A member's own upload, which can be attached at once. `moving`: an animation. `size_bytes` of the
    picture itself. `used`: something shows it."""

    id: UUID
    url: str
    thumbnail_url: str
    width: int
    height: int
    alt: str
    placeholder: str
    state: State
    moving: bool
    size_bytes: int
    used: bool


class Room(Struct, frozen=True):
    """How much a member keeps here, and how much they may."""

    used_bytes: int
    most_bytes: int


class FileUpload(Struct, frozen=True):
    """A member's own file, which a message can carry at once. `used`: one does."""

    id: UUID
    url: str
    name: str
    size_bytes: int
    content_type: str
    sort: FileSort
    used: bool
