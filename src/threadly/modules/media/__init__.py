"""media: images that members put on posts, products, messages and themselves: checked, re-encoded, stored;
and files that messages carry: measured, stored as they came.

Verbs take a Work first. An upload belongs to its member; the module that shows it attaches it, keeps the
StoredMedia that it gets in a row of its own, and makes Media of it with `show` when somebody looks
(StoredFile, File, `show_file`). The
handler of a page whose form includes `components/upload.html` gets the ids with `collect`.
"""

from threadly.modules.media.errors import ImagesOnly, MediaMissing, MediaUnknown, TooManyMedia
from threadly.modules.media.intake import MOST_FORM_BYTES, collect, receiving
from threadly.modules.media.rules import MOST_ATTACHED, show, show_file
from threadly.modules.media.seed import Drawing, import_drawing, keep_drawing
from threadly.modules.media.types import Attached, File, Media, StoredFile, StoredMedia, Upload
from threadly.modules.media.verbs import (
    attach,
    attach_all,
    detach,
    list_chosen,
    list_shown,
    restrict,
    set_avatar,
)

__all__ = [
    "MOST_ATTACHED",
    "MOST_FORM_BYTES",
    "Attached",
    "Drawing",
    "File",
    "ImagesOnly",
    "Media",
    "MediaMissing",
    "MediaUnknown",
    "StoredFile",
    "StoredMedia",
    "TooManyMedia",
    "Upload",
    "attach",
    "attach_all",
    "collect",
    "detach",
    "import_drawing",
    "keep_drawing",
    "list_chosen",
    "list_shown",
    "receiving",
    "restrict",
    "set_avatar",
    "show",
    "show_file",
]
