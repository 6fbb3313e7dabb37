"""A text as a QR code (ISO/IEC 18004), drawn here: what an authenticator app is given is a secret, which goes
to nobody who draws pictures."""

import segno

__all__ = ["draw_qr"]

# In modules, on all four sides; readers need it to find the code, also on a dark page.
QUIET_ZONE = 4


def draw_qr(text: str) -> str:
    """An SVG element to be put into a page as it is: black on white whatever the page is, said by attributes,
    since the content security policy lets no style through. Nothing of `text` is in it as text."""
    return segno.make_qr(text, error="m").svg_inline(
        border=QUIET_ZONE, omitsize=True, dark="#000", light="#fff", svgclass=None, lineclass=None
    )
