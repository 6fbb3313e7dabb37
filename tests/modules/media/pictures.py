"""Files that people upload: good ones, and those that a stranger makes to see what breaks."""

import io
import struct
import zipfile
import zlib

from PIL import Image, ImageCms, ImageDraw

__all__ = [
    "animation",
    "drawing",
    "hostile",
    "jpeg",
    "of_size",
    "photograph",
    "png",
]

ORIENTATION = 0x0112
GPS = 0x8825
MAKER = 0x010F


def drawing(width: int = 640, height: int = 400, colour: str = "teal") -> Image.Image:
    """Its left half is of that colour, its right half is white with a black line across."""
    image = Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, width // 2, height), fill=colour)
    draw.line((0, 0, width, height), fill="black", width=3)
    return image


def png(image: Image.Image | None = None) -> bytes:
    return _saved(image or drawing(), "PNG")


def jpeg(image: Image.Image | None = None, **options: object) -> bytes:
    return _saved(image or drawing(), "JPEG", **options)


def photograph(width: int = 2_000, height: int = 1_200) -> bytes:
    """As a telephone makes it: turned by its EXIF, with the place, a preview profile and a comment."""
    exif = Image.Exif()
    exif[ORIENTATION] = 6  # lies on its side: to be turned by 90 degrees
    exif[MAKER] = "Secret Camera"
    exif.get_ifd(GPS)[2] = (52.0, 31.0, 12.0)
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    return jpeg(
        drawing(width, height),
        exif=exif.tobytes(),
        icc_profile=profile,
        comment=b"Secret comment",
        quality=90,
    )


def animation(frames: int = 5, width: int = 120, height: int = 80, kind: str = "GIF") -> bytes:
    shown = [drawing(width, height, f"hsl({number * 47 % 360}, 80%, 50%)") for number in range(frames)]
    return _saved(shown[0], kind, save_all=True, append_images=shown[1:], duration=80, loop=0)


def of_size(width: int, height: int) -> bytes:
    """A PNG that says it is of that size, and has a few kilobytes that would become as many pixels."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = (b"IHDR", header), (b"IDAT", zlib.compress(b"\0" * 4_000_000)), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, content) for name, content in chunks)


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def _archive() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("Main.class", "cafe babe")
    return content.getvalue()


def _saved(image: Image.Image, kind: str, **options: object) -> bytes:
    content = io.BytesIO()
    image.save(content, kind, **options)
    return content.getvalue()


SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


def film() -> bytes:
    """One large frame, forty times."""
    still = _saved(Image.new("P", (1_600, 1_000)), "GIF")
    # After the header comes a table of 2^(n+1) colours, of three bytes each.
    begins_at = 13 + 3 * 2 ** ((still[10] & 7) + 1)
    return still[:begins_at] + still[begins_at:-1] * 40 + b";"


def hostile() -> dict[str, tuple[str, bytes, str]]:
    """What is sent (its name, its bytes) and the code that it is refused with."""
    return {
        "nothing": ("empty.png", b"", "media.file_empty"),
        "a drawing with a script": ("drawing.svg", SVG, "media.drawing_refused"),
        "a drawing called a photograph": ("photo.jpg", b"\xef\xbb\xbf \n" + SVG, "media.drawing_refused"),
        "a page": ("page.png", b"<html><script>alert(1)</script></html>", "media.not_an_image"),
        "a program": ("cat.gif", b"MZ" + bytes(4_000), "media.not_an_image"),
        "the head of an image alone": ("head.png", b"\x89PNG\r\n\x1a\n", "media.not_an_image"),
        "a bomb": ("bomb.png", of_size(60_000, 60_000), "media.too_many_pixels"),
        "a very long line": ("line.png", of_size(2_000_000, 10), "media.too_many_pixels"),
        "less than it says": ("less.png", of_size(3_000, 3_000), "media.image_broken"),
        "half a photograph": ("half.jpg", photograph()[:20_000], "media.image_broken"),
        "a broken chunk": ("broken.png", png()[:60] + b"\xff\xff\xff" + png()[63:], "media.image_broken"),
        "an archive behind it": ("both.jpg", jpeg() + _archive(), "media.two_things"),
        "a script behind it": ("cat.gif", animation(2) + b"<script>alert(1)</script>", "media.two_things"),
        "a script within it": ("cat.jpg", jpeg(comment=b"<?php system($_GET[0]); ?>"), "media.two_things"),
        "a document at its head": ("a.jpg", jpeg(comment=b"%PDF-1.4 1 0 obj"), "media.two_things"),
        "another format by that name": ("a.png", b"II*\0" + bytes(400), "media.not_an_image"),
        "an animation without end": ("long.gif", animation(300, 4, 4), "media.too_many_frames"),
        "an animation like a film": ("film.gif", film(), "media.too_many_frames"),
    }
