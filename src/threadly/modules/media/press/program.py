"""The program that opens what strangers upload: a process of its own for each image, which knows nothing of
the rest, has no more than a bounded amount of memory and processor time, and may write no file.

Reads an image from the standard input; the argument says, as JSON, what to do with it and the limits. Writes
one line of JSON, then the files that it names, one after the other. Whatever is wrong with an image becomes
`{"refused": <one of REASONS>}`.
"""

import base64
import io
import json
import os
import resource
import sys
from typing import Any, Final

from PIL import Image, ImageCms, ImageOps, ImageSequence, UnidentifiedImageError

__all__ = ["Refused", "make_main", "make_sizes"]

FORMATS: Final = ("JPEG", "PNG", "WEBP", "GIF")
OF_CAMERAS: Final = ("JPEG", "MPO")
JPEG_START: Final = b"\xff\xd8"
MAIN_QUALITY: Final = 86
SIZE_QUALITY: Final = 80
MOVING_QUALITY: Final = 72
PLACEHOLDER_EDGE: Final = 16
PLACEHOLDER_QUALITY: Final = 40
# A frame that asks for less is shown for as long as browsers show it.
SHORTEST_FRAME_MS: Final = 20
ZIP_END: Final = b"PK\x05\x06"
ZIP_END_BYTES: Final = 22
HEAD_BYTES: Final = 1_024
# Nothing an image needs, and everything that makes another program take it for something else.
FOREIGN: Final = (b"<script", b"<?php", b"<html", b"<!doctype html")

Image.MAX_IMAGE_PIXELS = None  # make_main looks for itself, before anything is decoded


class Refused(Exception):
    """The argument is one of: empty, svg, not_image, two_things, too_many_pixels, too_many_frames, broken."""


def make_main(raw: bytes, limits: dict[str, int]) -> tuple[dict[str, Any], list[bytes]]:
    """What the image becomes: turned the right way up, in sRGB, without metadata, within the limits."""
    image = _open(raw)
    if image.width * image.height > limits["pixels"] or max(image.size) > limits["edge"]:
        raise Refused("too_many_pixels")
    _refuse_two_things(raw)
    moving = _is_moving(image, limits)
    try:
        if moving:
            first, content = _animation(image, limits)
        else:
            first, content = _still(image, limits)
    except MemoryError:
        raise Refused("too_many_pixels") from None
    told = {
        "content_type": "image/jpeg" if content.startswith(JPEG_START) else "image/webp",
        "width": first.width,
        "height": first.height,
        "moving": moving,
        "placeholder": _placeholder(first),
    }
    return told, [content]


def make_sizes(raw: bytes, edges: dict[str, int]) -> tuple[dict[str, Any], list[bytes]]:
    """The smaller forms of a main image that are worth having, as WebP; a still thumbnail of what moves."""
    image = Image.open(io.BytesIO(raw), formats=FORMATS)
    moving = getattr(image, "n_frames", 1) > 1
    made: dict[str, bytes] = {}
    for name, edge in sorted(edges.items(), key=lambda each: -each[1]):
        if (
            name == "thumb"
            if moving
            else max(image.size) > edge or (name == "large" and image.format != "WEBP")
        ):
            content = _webp(_within(image.convert(_mode_of(image)), edge), SIZE_QUALITY, method=4)
            if len(content) < len(raw):
                made[name] = content
    return {"variants": list(made)}, list(made.values())


def _open(raw: bytes) -> Image.Image:
    if not raw:
        raise Refused("empty")
    head = raw[:HEAD_BYTES].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if head.startswith((b"<svg", b"<?xml", b"<!doctype svg")) or (
        head.startswith(b"<!--") and b"<svg" in head
    ):
        raise Refused("svg")
    try:
        return Image.open(io.BytesIO(raw), formats=FORMATS)
    except UnidentifiedImageError:
        raise Refused("not_image") from None


def _refuse_two_things(raw: bytes) -> None:
    """What else it is would be gone from our copy anyway; but who sends such a file means no picture."""
    low = raw.lower()
    if any(mark in low for mark in FOREIGN) or b"%pdf-" in low[:HEAD_BYTES] or _ends_as_archive(raw):
        raise Refused("two_things")


def _ends_as_archive(raw: bytes) -> bool:
    """Whether the file ends as a ZIP does (and so a JAR, a DOCX): with a record that says how long it is."""
    at = raw.rfind(ZIP_END)
    if at < 0 or len(raw) < at + ZIP_END_BYTES:
        return False
    return at + ZIP_END_BYTES + int.from_bytes(raw[at + 20 : at + 22], "little") == len(raw)


def _is_moving(image: Image.Image, limits: dict[str, int]) -> bool:
    frames = getattr(image, "n_frames", 1)
    # The second picture in a camera's file is a preview or a depth map.
    if frames < 2 or image.format in OF_CAMERAS:
        return False
    if frames > limits["frames"] or frames * image.width * image.height > limits["moving_pixels"]:
        raise Refused("too_many_frames")
    return True


def _still(image: Image.Image, limits: dict[str, int]) -> tuple[Image.Image, bytes]:
    of_camera = image.format in OF_CAMERAS
    if of_camera:
        image.draft(
            None, (limits["main_edge"], limits["main_edge"])
        )  # decodes at a fraction where that is enough
    image.load()
    image = _in_srgb(ImageOps.exif_transpose(image))
    image = _within(image, limits["main_edge"])
    image.info = {}
    if not of_camera:
        return image, _webp(image, MAIN_QUALITY, method=3)
    content = io.BytesIO()
    image.save(content, "JPEG", quality=MAIN_QUALITY, optimize=True, progressive=True)
    return image, content.getvalue()


def _animation(image: Image.Image, limits: dict[str, int]) -> tuple[Image.Image, bytes]:
    frames, durations = [], []
    for frame in ImageSequence.Iterator(image):
        durations.append(max(SHORTEST_FRAME_MS, int(frame.info.get("duration") or 100)))
        shown = _within(frame.convert("RGBA"), limits["moving_edge"])
        shown.info = {}
        frames.append(shown)
    content = io.BytesIO()
    first, *others = frames
    first.save(
        content,
        "WEBP",
        save_all=True,
        append_images=others,
        duration=durations,
        loop=0,
        quality=MOVING_QUALITY,
        method=1,
    )
    return first, content.getvalue()


def _in_srgb(image: Image.Image) -> Image.Image:
    """The colours that the embedded profile means; without it browsers take them for sRGB."""
    mode = _mode_of(image)
    profile = image.info.get("icc_profile")
    if image.mode.startswith("I"):
        image = (
            image.convert("L")
            if image.mode == "I;16"
            else image.point(lambda value: value / 256).convert("L")
        )
    if profile and image.mode in ("RGB", "RGBA", "CMYK") and b"sRGB" not in profile:
        alpha = image.getchannel("A") if image.mode == "RGBA" else None
        source = image.convert("RGB") if alpha else image
        try:
            turned = ImageCms.profileToProfile(
                source,
                ImageCms.ImageCmsProfile(io.BytesIO(profile)),
                ImageCms.createProfile("sRGB"),
                outputMode="RGB",
            )
        except (ImageCms.PyCMSError, OSError):
            turned = None  # a profile that means nothing
        if turned is not None:
            if alpha:
                turned.putalpha(alpha)
            return turned
    return image.convert(mode)


def _mode_of(image: Image.Image) -> str:
    return "RGBA" if image.has_transparency_data else "RGB"


def _within(image: Image.Image, edge: int) -> Image.Image:
    longest = max(image.size)
    if longest <= edge:
        return image
    size = (max(1, round(image.width * edge / longest)), max(1, round(image.height * edge / longest)))
    return image.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)


def _webp(image: Image.Image, quality: int, *, method: int) -> bytes:
    content = io.BytesIO()
    image.save(content, "WEBP", quality=quality, method=method)
    return content.getvalue()


def _placeholder(image: Image.Image) -> str:
    tiny = _webp(_within(image, PLACEHOLDER_EDGE), PLACEHOLDER_QUALITY, method=4)
    return f"data:image/webp;base64,{base64.b64encode(tiny).decode()}"


def _confine(limits: dict[str, int]) -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (limits["cpu_s"], limits["cpu_s"]))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    if sys.platform == "linux":  # elsewhere the address space is not counted in a way that helps
        resource.setrlimit(resource.RLIMIT_AS, (limits["memory_bytes"], limits["memory_bytes"]))
    os.nice(5)  # whoever waits for a page goes first


def main() -> None:
    order = json.loads(sys.argv[1])
    _confine(order["limits"])
    raw = sys.stdin.buffer.read()
    try:
        told, files = make_sizes(raw, order["edges"]) if "edges" in order else make_main(raw, order["limits"])
    except Refused as refused:
        told, files = {"refused": str(refused)}, []
    except Exception:  # decoders raise what they like; the file is what is wrong
        told, files = {"refused": "broken"}, []
    line = json.dumps({**told, "sizes": [len(each) for each in files]})
    sys.stdout.buffer.write(line.encode() + b"\n" + b"".join(files))


if __name__ == "__main__":
    main()
