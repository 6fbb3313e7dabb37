"""The shell that all pages share: layout, components, static files, and the shapes that templates read."""

from pathlib import Path

from threadly.web.assets import STATIC, asset
from threadly.web.view import EMPTY_FORM, FILTERS, Avatar, Flash, Form, Moment, Part, avatar_of, moment

__all__ = [
    "EMPTY_FORM",
    "FILTERS",
    "STATIC",
    "TEMPLATES",
    "Avatar",
    "Flash",
    "Form",
    "Moment",
    "Part",
    "asset",
    "avatar_of",
    "moment",
]

TEMPLATES = Path(__file__).with_name("templates")
