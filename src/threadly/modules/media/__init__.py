"""media: images that members put on posts, products, messages and themselves: checked, re-encoded, stored.

Verbs take a Work first. An upload belongs to its member; the module that shows it attaches it, keeps the
StoredMedia that it gets in a row of its own, and makes Media of it with `show` when somebody looks. The
handler of a page whose form includes `components/upload.html` gets the ids with `collect`.
"""

from threadly.modules.media.errors import MediaMissing, MediaUnknown, TooManyMedia
from threadly.modules.media.intake import MOST_FORM_BYTES, collect
from threadly.modules.media.rules import MOST_ATTACHED, show
from threadly.modules.media.seed import Drawing, import_drawing, keep_drawing
from threadly.modules.media.types import Media, StoredMedia, Upload
from threadly.modules.media.verbs import attach, detach, list_chosen, restrict, set_avatar

__all__ = [
    "MOST_ATTACHED",
    "MOST_FORM_BYTES",
    "Drawing",
    "Media",
    "MediaMissing",
    "MediaUnknown",
    "StoredMedia",
    "TooManyMedia",
    "Upload",
    "attach",
    "collect",
    "detach",
    "import_drawing",
    "keep_drawing",
    "list_chosen",
    "restrict",
    "set_avatar",
    "show",
]
