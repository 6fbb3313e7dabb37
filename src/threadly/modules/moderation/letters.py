"""What moderation writes to people itself: to whom cannot sign in to read it."""

from datetime import datetime
from html import escape

from threadly.modules.moderation.rules.phrases import how_long
from threadly.platform.mail import Letter

__all__ = ["suspension_letter"]


def suspension_letter(
    *, recipient: str, name: str, site: str, until: datetime | None, reason: str, link: str
) -> Letter:
    lasting = how_long(until)
    before = f"your account at {site} is suspended {lasting}. Until then you cannot sign in."
    after = (
        "On this page you see what it is about, and can ask another moderator to look at it. The link is"
        " yours alone and works without signing in."
    )
    text = f"Hello {name},\n\n{before}\n\n{reason}\n\n{link}\n\n{after}\n"
    html = (
        '<div style="font:16px/1.5 system-ui,sans-serif;max-width:32em">'
        f"<p>Hello {escape(name)},</p><p>{escape(before)}</p>"
        f"<blockquote>{escape(reason)}</blockquote>"
        f'<p><a href="{escape(link)}" style="font-weight:600">See why, and appeal</a></p>'
        f"<p>{escape(after)}</p></div>"
    )
    return Letter(recipient, f"Your account at {site} is suspended", text, html)
