"""What media can do."""

from threadly.modules.media.verbs.attaching import attach, attach_all, detach, list_shown, restrict
from threadly.modules.media.verbs.avatar import set_avatar
from threadly.modules.media.verbs.uploading import (
    describe_upload,
    get_file,
    get_upload,
    keep_file,
    keep_upload,
    list_chosen,
    list_files,
    list_uploads,
    remove_file,
    remove_upload,
    reserve_place,
)

__all__ = [
    "attach",
    "attach_all",
    "describe_upload",
    "detach",
    "get_file",
    "get_upload",
    "keep_file",
    "keep_upload",
    "list_chosen",
    "list_files",
    "list_shown",
    "list_uploads",
    "remove_file",
    "remove_upload",
    "reserve_place",
    "restrict",
    "set_avatar",
]
