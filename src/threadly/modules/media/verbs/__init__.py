"""What media can do."""

from threadly.modules.media.verbs.attaching import attach, detach, restrict
from threadly.modules.media.verbs.avatar import set_avatar
from threadly.modules.media.verbs.uploading import (
    describe_upload,
    get_upload,
    keep_upload,
    list_chosen,
    list_uploads,
    remove_upload,
    reserve_place,
)

__all__ = [
    "attach",
    "describe_upload",
    "detach",
    "get_upload",
    "keep_upload",
    "list_chosen",
    "list_uploads",
    "remove_upload",
    "reserve_place",
    "restrict",
    "set_avatar",
]
