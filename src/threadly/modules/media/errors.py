"""What media refuses."""

from threadly.platform.errors import Kind, Refusal

__all__ = [
    "AltTooLong",
    "DrawingRefused",
    "FileEmpty",
    "FileMissing",
    "FileTooLarge",
    "ImageBroken",
    "ImagesOnly",
    "MediaInUse",
    "MediaMissing",
    "MediaUnknown",
    "NotAnImage",
    "PressBusy",
    "QuotaReached",
    "TooManyFrames",
    "TooManyMedia",
    "TooManyPixels",
    "TooManyUploads",
    "TwoThings",
    "UploadMissing",
    "UploadTooLarge",
]


class MediaMissing(Refusal):
    """Also what someone is told who may not know that the image exists."""

    code = "media.missing"
    kind = Kind.MISSING
    message = "There is no such image. It may have been removed."


class FileMissing(Refusal):
    """Also what someone is told whose address has expired, or whom the file was taken back from."""

    code = "media.file_missing"
    kind = Kind.MISSING
    message = "There is no such file. It may have been removed, or its address has expired."


class MediaUnknown(Refusal):
    code = "media.unknown"
    kind = Kind.INVALID
    message = "There is no such upload to attach. Please upload it again."
    field = "media_ids"


class ImagesOnly(Refusal):
    """Posts, products and profiles show images; a message takes other files too."""

    code = "media.images_only"
    kind = Kind.INVALID
    message = "Only images can be shown here. Files of other kinds can be sent in a message."
    field = "media_ids"


class MediaInUse(Refusal):
    code = "media.in_use"
    kind = Kind.CONFLICT
    message = "A post, message, product or profile still shows this. Remove it there first."


class TooManyMedia(Refusal):
    code = "media.too_many"
    kind = Kind.INVALID
    message = "At most 10 images or files fit. Please remove some."
    field = "media_ids"


class AltTooLong(Refusal):
    code = "media.alt_too_long"
    kind = Kind.INVALID
    message = "A description has at most 1,000 characters. Please shorten it."
    field = "alt"


class UploadMissing(Refusal):
    code = "media.upload_missing"
    kind = Kind.INVALID
    message = "The form has no file in its field `file`. Please choose one."
    field = "file"


class UploadTooLarge(Refusal):
    code = "media.upload_too_large"
    kind = Kind.INVALID
    message = "An image has at most 10 MB. Please choose a smaller one."
    field = "file"


class FileTooLarge(Refusal):
    """With the limit of this installation in its sentence."""

    code = "media.file_too_large"
    kind = Kind.INVALID
    message = "This file is too large to be sent here. Please choose a smaller one."
    field = "file"


class FileEmpty(Refusal):
    code = "media.file_empty"
    kind = Kind.INVALID
    message = "The file is empty. Please choose it again."
    field = "file"


class NotAnImage(Refusal):
    code = "media.not_an_image"
    kind = Kind.INVALID
    message = "This file is not an image that can be shown here. JPEG, PNG, WebP and GIF can be."
    field = "file"


class DrawingRefused(Refusal):
    """SVG may hold scripts, and fetch from elsewhere."""

    code = "media.drawing_refused"
    kind = Kind.INVALID
    message = "SVG drawings cannot be shown here. Export the drawing as PNG and upload that."
    field = "file"


class TwoThings(Refusal):
    code = "media.two_things"
    kind = Kind.INVALID
    message = "This file is an image and something else at once. Save it as a plain image and upload that."
    field = "file"


class TooManyPixels(Refusal):
    code = "media.too_many_pixels"
    kind = Kind.INVALID
    message = "An image has at most 50 megapixels, and 16,000 pixels on a side. Please make it smaller."
    field = "file"


class TooManyFrames(Refusal):
    code = "media.too_many_frames"
    kind = Kind.INVALID
    message = "This animation is too long or too large. Please shorten it, or make it smaller."
    field = "file"


class ImageBroken(Refusal):
    code = "media.image_broken"
    kind = Kind.INVALID
    message = "The image is damaged or incomplete. Open it in another program, save it again and upload that."
    field = "file"


class QuotaReached(Refusal):
    code = "media.quota_reached"
    kind = Kind.DENIED
    message = (
        "Your images and files take up all the room there is for them. Remove some to make room:"
        " /settings/data/uploads"
    )


class TooManyUploads(Refusal):
    code = "media.too_many_uploads"
    kind = Kind.LIMITED
    message = "That is a lot of uploads at once. Please wait a few minutes."


class PressBusy(Refusal):
    code = "media.busy"
    kind = Kind.UNAVAILABLE
    message = "Much is being uploaded at this moment. Please try again in a few seconds."
    retry_after_s = 5
