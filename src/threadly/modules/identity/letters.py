"""What identity writes to people."""

from html import escape

from threadly.platform.mail import Letter

__all__ = ["reset_letter", "verification_letter"]


def verification_letter(*, recipient: str, name: str, site: str, link: str) -> Letter:
    return _letter(
        recipient=recipient,
        subject=f"Confirm your e-mail for {site}",
        greeting=f"Hello {name},",
        before=f"welcome to {site}. Please confirm that this address is yours:",
        link=link,
        action="Confirm my e-mail",
        after="The link works once, for two days. If you did not sign up, do nothing.",
    )


def reset_letter(*, recipient: str, name: str, site: str, link: str) -> Letter:
    return _letter(
        recipient=recipient,
        subject=f"Choose a new password for {site}",
        greeting=f"Hello {name},",
        before="somebody, hopefully you, asked for a new password. Choose it here:",
        link=link,
        action="Choose a new password",
        after="The link works once, for one hour. If it was not you, do nothing: your password stays.",
    )


def _letter(
    *, recipient: str, subject: str, greeting: str, before: str, link: str, action: str, after: str
) -> Letter:
    text = f"{greeting}\n\n{before}\n\n{link}\n\n{after}\n"
    html = (
        '<div style="font:16px/1.5 system-ui,sans-serif;max-width:32em">'
        f"<p>{escape(greeting)}</p><p>{escape(before)}</p>"
        f'<p><a href="{escape(link)}" style="font-weight:600">{escape(action)}</a></p>'
        f"<p>{escape(after)}</p></div>"
    )
    return Letter(recipient, subject, text, html)
