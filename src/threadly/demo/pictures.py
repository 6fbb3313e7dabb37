"""What the demo's people show each other, drawn here: a few shapes in a few colours, soft at the edges."""

import io
import math
from collections.abc import Callable, Mapping
from random import Random
from typing import TYPE_CHECKING, Final

from threadly.modules import media
from threadly.modules.media import Drawing
from threadly.settings import Settings

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw

__all__ = ["FACES", "GOODS", "SCENES", "draw_pictures"]

WIDTH, HEIGHT = 1_200, 900
SQUARE = 900
QUALITY = 92
Colour = tuple[int, int, int]


async def draw_pictures(settings: Settings, *, tenant_id: int) -> Mapping[str, Drawing]:
    """All of them by name, their bytes in their places."""
    drawn = {}
    for name, (scene, alt) in {**SCENES, **FACES, **GOODS}.items():
        content = _encoded(scene())
        drawn[name] = await media.keep_drawing(settings, tenant_id=tenant_id, content=content, alt=alt)
    return drawn


# Scenes


def golden_hour() -> "Image":
    image, draw = _sky((58, 38, 92), (250, 160, 84))
    draw.ellipse((800, 430, 960, 590), fill=(255, 226, 150))
    random = Random(12)  # noqa: S311  # roofs, no secret
    for depth, colour in enumerate(((128, 70, 104), (86, 48, 84), (40, 26, 54))):
        left = -40
        while left < WIDTH:
            width, height = random.randint(70, 170), random.randint(120, 300) - depth * 50
            top = 640 + depth * 90 - height // 2
            draw.rectangle((left, top, left + width, HEIGHT), fill=colour)
            if depth == 1:
                for number in range(random.randint(1, 4)):
                    at = left + 16 + number * 28
                    draw.rectangle((at, top + 26, at + 12, top + 46), fill=(255, 205, 120))
            left += width + random.randint(0, 24)
    draw.rounded_rectangle((180, 770, 620, 870), 18, fill=(236, 230, 220))
    for row in range(3):
        for key in range(14):
            x, y = 200 + key * 29, 786 + row * 25
            draw.rounded_rectangle((x, y, x + 23, y + 19), 4, fill=(92, 84, 110))
    return image


def kiln() -> "Image":
    image, draw = _plain((244, 236, 224))
    draw.rectangle((0, 620, WIDTH, HEIGHT), fill=(196, 160, 124))
    draw.rectangle((0, 620, WIDTH, 640), fill=(170, 134, 100))
    glazes = ((108, 150, 138), (64, 48, 42), (214, 186, 160), (92, 124, 150))
    for number in range(12):
        row, column = divmod(number, 6)
        _bowl(draw, 130 + column * 188, 540 + row * 230, 78, glazes[(number * 7) % 4])
    return image


def shelf() -> "Image":
    image, draw = _plain((226, 230, 222))
    random = Random(5)  # noqa: S311  # books, no secret
    for top in (380, 720):
        draw.rectangle((120, top, 1_080, top + 34), fill=(98, 62, 42))
        draw.rectangle((120, top + 34, 1_080, top + 42), fill=(70, 42, 28))
        x = 150
        while x < 820:
            width, height = random.randint(24, 52), random.randint(150, 235)
            colour = random.choice(
                ((170, 66, 54), (54, 92, 102), (222, 184, 108), (92, 108, 76), (60, 58, 84))
            )
            draw.rectangle((x, top - height, x + width, top - 1), fill=colour)
            draw.rectangle((x, top - height + 18, x + width, top - height + 24), fill=(240, 232, 214))
            x += width + 3
        _bowl(draw, 960, top - 64, 72, (108, 150, 138))
    return image


def depot() -> "Image":
    image, draw = _sky((10, 16, 34), (40, 58, 86))
    draw.polygon(((0, HEIGHT), (WIDTH, HEIGHT), (760, 520), (440, 520)), fill=(32, 38, 50))
    for side in (-1, 1):
        for rail in (60, 150):
            foot, end = 600 + side * rail * 3, 600 + side * rail // 3
            draw.line((foot, HEIGHT, end, 520), fill=(150, 160, 176), width=5)
    draw.rounded_rectangle((455, 300, 745, 640), 34, fill=(204, 62, 52))
    draw.rounded_rectangle((485, 340, 715, 480), 16, fill=(250, 226, 150))
    draw.rectangle((455, 520, 745, 548), fill=(240, 232, 220))
    for x in (500, 676):
        draw.ellipse((x, 570, x + 24, 594), fill=(255, 244, 200))
    for x in (180, 1_020):
        draw.line((x, 200, x, 760), fill=(70, 80, 98), width=10)
        draw.ellipse((x - 34, 170, x + 34, 238), fill=(255, 222, 140))
    return image


def frost() -> "Image":
    image, draw = _sky((176, 204, 222), (238, 242, 244))
    for x in (0, 590, 1_180):
        draw.rectangle((x, 0, x + 22, 640), fill=(250, 250, 248))
    draw.rectangle((0, 300, WIDTH, 318), fill=(250, 250, 248))
    random = Random(3)  # noqa: S311  # crystals, no secret
    for _ in range(170):
        x, y, size = random.randint(0, WIDTH), random.randint(0, 600), random.randint(4, 15)
        for turn in range(3):
            dx, dy = size * math.cos(turn * math.pi / 3), size * math.sin(turn * math.pi / 3)
            draw.line((x - dx, y - dy, x + dx, y + dy), fill=(255, 255, 255), width=2)
    draw.rectangle((0, 640, WIDTH, HEIGHT), fill=(206, 186, 160))
    for x, size, colour in ((250, 84, (206, 58, 44)), (440, 70, (226, 96, 46)), (640, 92, (190, 44, 40)),
                            (850, 76, (150, 168, 70)), (1_010, 64, (224, 140, 52))):  # fmt: skip
        draw.ellipse((x - size, 740 - size * 1.7, x + size, 740), fill=colour)
        draw.ellipse(
            (x - size * 0.55, 740 - size * 1.5, x - size * 0.15, 740 - size * 1.2), fill=_lighter(colour)
        )
        draw.line((x, 740 - size * 1.7, x + 12, 740 - size * 2.0), fill=(86, 110, 54), width=9)
    return image


def bread() -> "Image":
    image, draw = _plain((62, 70, 78))
    draw.ellipse((190, 200, 1_010, 800), fill=(150, 92, 46))
    draw.ellipse((230, 220, 970, 750), fill=(196, 132, 70))
    for number in range(5):
        x = 340 + number * 130
        draw.arc((x - 130, 280, x + 130, 720), 200, 285, fill=(246, 226, 190), width=22)
    return image


def road() -> "Image":
    image, draw = _sky((120, 176, 214), (246, 232, 206))
    for base, height, colour in (
        (560, 190, (126, 158, 150)),
        (640, 150, (92, 134, 112)),
        (740, 120, (70, 110, 78)),
    ):
        points = [
            (x, base - height * math.sin(x / (170 + base / 5) + base) * 0.6) for x in range(0, WIDTH + 20, 20)
        ]
        draw.polygon([(0, HEIGHT), *points, (WIDTH, HEIGHT)], fill=colour)
    draw.polygon(
        ((430, HEIGHT), (830, HEIGHT), (690, 700), (650, 620), (636, 620), (620, 700)), fill=(88, 88, 94)
    )
    for x in (560, 720):
        draw.ellipse((x - 62, 700, x + 62, 824), outline=(30, 30, 34), width=9)
    draw.line((560, 762, 620, 680, 690, 680, 720, 762), fill=(206, 62, 50), width=11)
    draw.line((620, 680, 650, 762, 690, 680), fill=(206, 62, 50), width=11)
    draw.line((690, 680, 698, 646, 724, 640), fill=(30, 30, 34), width=9)
    draw.line((596, 660, 640, 660), fill=(30, 30, 34), width=11)
    return image


# Faces


def face(ground: Colour, skin: Colour, hair: Colour, shirt: Colour, *, long: bool) -> "Callable[[], Image]":
    def draw_face() -> "Image":
        image, draw = _plain(ground, SQUARE, SQUARE)
        if long:
            draw.rounded_rectangle((250, 210, 650, 760), 190, fill=hair)
        draw.ellipse((130, 660, 770, 1_240), fill=shirt)
        draw.rectangle((390, 560, 510, 720), fill=_darker(skin))
        draw.ellipse((295, 250, 605, 640), fill=skin)
        draw.pieslice((275, 195, 625, 560), 180, 360, fill=hair)
        for x in (385, 515):
            draw.ellipse((x - 15, 430, x + 15, 460), fill=(40, 32, 30))
        draw.arc((400, 470, 500, 560), 25, 155, fill=_darker(_darker(skin)), width=9)
        return image

    return draw_face


# Goods


def bowl() -> "Image":
    image, draw = _plain((232, 226, 214), SQUARE, SQUARE)
    draw.ellipse((180, 690, 720, 790), fill=(206, 198, 184))
    _bowl(draw, 450, 470, 260, (116, 156, 142))
    return image


def accident() -> "Image":
    image, draw = _plain((206, 216, 220), SQUARE, SQUARE)
    draw.ellipse((200, 690, 700, 790), fill=(180, 190, 196))
    _bowl(draw, 450, 470, 240, (240, 238, 232))
    random = Random(12)  # noqa: S311  # drops of glaze, no secret
    for _ in range(46):
        x, y, size = random.randint(270, 630), random.randint(490, 660), random.randint(5, 26)
        draw.ellipse((x - size, y - size * 0.7, x + size, y + size), fill=(66, 96, 150))
    return image


def bowl_above() -> "Image":
    image, draw = _plain((224, 214, 198), SQUARE, SQUARE)
    for inset, colour in (
        (0, (92, 130, 118)),
        (26, (132, 172, 158)),
        (120, (108, 150, 138)),
        (230, (98, 140, 128)),
    ):
        draw.ellipse((170 + inset, 170 + inset, 730 - inset, 730 - inset), fill=colour)
    return image


def plank() -> "Image":
    image, draw = _plain((236, 234, 228), SQUARE, SQUARE)
    draw.rectangle((60, 470, 840, 530), fill=(104, 66, 44))
    draw.rectangle((60, 530, 840, 542), fill=(76, 46, 30))
    for number in range(6):
        draw.line((80, 480 + number * 9, 820, 478 + number * 9 + number % 3), fill=(122, 80, 54), width=2)
    _bowl(draw, 620, 398, 86, (196, 160, 120))
    return image


def board() -> "Image":
    image, draw = _plain((222, 228, 224), SQUARE, SQUARE)
    tones = ((206, 160, 104), (186, 138, 84), (220, 178, 124))
    for row in range(8):
        for column in range(10):
            x, y = 140 + column * 62, 200 + row * 62
            draw.rectangle((x, y, x + 60, y + 60), fill=tones[(row * 3 + column * 5) % 3])
    return image


def keyboard() -> "Image":
    image, draw = _plain((58, 62, 76), SQUARE, SQUARE)
    draw.rounded_rectangle((70, 290, 830, 610), 26, fill=(228, 224, 216))
    for row in range(5):
        for key in range(14):
            x, y = 96 + key * 51, 314 + row * 56
            accent = (row, key) in {(0, 0), (2, 13), (4, 13)}
            draw.rounded_rectangle(
                (x, y, x + 45, y + 48), 8, fill=(212, 96, 62) if accent else (122, 120, 132)
            )
            draw.rounded_rectangle(
                (x + 4, y + 3, x + 41, y + 40), 6, fill=(236, 120, 80) if accent else (250, 248, 242)
            )
    return image


# What they are made of


def _plain(colour: Colour, width: int = WIDTH, height: int = HEIGHT) -> "tuple[Image, ImageDraw]":
    from PIL import Image, ImageDraw  # only a start of the demo draws

    image = Image.new("RGB", (width, height), colour)
    return image, ImageDraw.Draw(image)


def _sky(above: Colour, below: Colour) -> "tuple[Image, ImageDraw]":
    from PIL import Image, ImageDraw  # only a start of the demo draws

    shade = Image.linear_gradient("L").resize((WIDTH, HEIGHT))
    image = Image.composite(Image.new("RGB", shade.size, below), Image.new("RGB", shade.size, above), shade)
    return image, ImageDraw.Draw(image)


def _bowl(draw: "ImageDraw", x: int, y: int, size: int, colour: Colour) -> None:
    """`y` is where its rim is, `size` half its width."""
    draw.pieslice((x - size, y - size * 0.95, x + size, y + size * 0.95), 0, 180, fill=colour)
    draw.rectangle((x - size * 0.4, y + size * 0.8, x + size * 0.4, y + size * 1.02), fill=_darker(colour))
    draw.ellipse((x - size, y - size * 0.22, x + size, y + size * 0.22), fill=_lighter(colour))
    draw.ellipse((x - size * 0.86, y - size * 0.13, x + size * 0.86, y + size * 0.17), fill=_darker(colour))


def _lighter(colour: Colour) -> Colour:
    red, green, blue = ((each + 255) // 2 for each in colour)
    return red, green, blue


def _darker(colour: Colour) -> Colour:
    red, green, blue = (each * 4 // 5 for each in colour)
    return red, green, blue


def _encoded(image: "Image") -> bytes:
    from PIL import ImageFilter  # only a start of the demo draws

    content = io.BytesIO()
    image.filter(ImageFilter.GaussianBlur(0.8)).save(content, "JPEG", quality=QUALITY)
    return content.getvalue()


Named = Mapping[str, tuple[Callable[[], "Image"], str]]

# By a part of the post that shows it.
SCENES: Final[Named] = {
    "Golden hour": (golden_hour, "A keyboard on a roof, and the sun setting behind a row of houses"),
    "All twelve": (kiln, "Twelve bowls in four glazes on a wooden table"),
    "walnut shelf": (shelf, "Two walnut boards on a wall, with books and a bowl on each"),
    "tram depot": (depot, "A red tram with its lights on, in a depot at night"),
    "First frost": (frost, "Tomatoes, most of them red, on a windowsill with frost on the panes"),
    "sourdough": (bread, "A round loaf with five cuts, seen from above"),
    "80 km": (road, "A red bicycle on a road between green hills"),
}
# By username.
FACES: Final[Named] = {
    "alexsmith": (face((210, 226, 232), (232, 190, 156), (82, 56, 40), (52, 96, 120), long=False), ""),
    "sarah": (face((244, 222, 206), (244, 208, 180), (178, 96, 52), (92, 70, 122), long=True), ""),
    "ada": (face((222, 232, 214), (214, 166, 130), (46, 36, 36), (196, 92, 66), long=True), ""),
    "mona": (face((236, 228, 204), (132, 88, 64), (34, 26, 26), (54, 122, 98), long=True), ""),
    "jonas": (face((228, 220, 212), (238, 200, 170), (206, 170, 104), (96, 84, 66), long=False), ""),
}
# By the title of the product, and how many of it there are.
GOODS: Final[Named] = {
    "Breakfast bowl": (bowl, "A bowl with a grey-green glaze"),
    "Breakfast bowl, 2": (bowl_above, "The same bowl, seen from above"),
    "The accident (glaze test no. 12)": (accident, "A white bowl with drops of blue that ran down its side"),
    "Walnut shelf": (plank, "A walnut board on a wall with a small bowl on it"),
    "Chopping board": (board, "A chopping board of small oak squares"),
    "Keyboard no. 12": (keyboard, "A light keyboard with three orange keys"),
}
