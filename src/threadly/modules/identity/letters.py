"""What identity writes to people."""

from html import escape

from threadly.platform.mail import Letter

__all__ = [
    "export_letter",
    "new_email_letter",
    "replaced_email_letter",
    "reset_letter",
    "verification_letter",
]


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


def new_email_letter(*, recipient: str, name: str, site: str, link: str) -> Letter:
    return _letter(
        recipient=recipient,
        subject=f"Confirm your new e-mail for {site}",
        greeting=f"Hello {name},",
        before=f"this is to be your address at {site} from now on. Please confirm that it is yours:",
        link=link,
        action="Use this address",
        after="The link works once, for one day. If you did not ask for this, do nothing.",
    )


def replaced_email_letter(*, recipient: str, name: str, site: str, link: str) -> Letter:
    """To the address that was replaced, which gets no other mail any more. It does not name the new one."""
    return _letter(
        recipient=recipient,
        subject=f"Your e-mail at {site} was changed",
        greeting=f"Hello {name},",
        before=f"your account at {site} has another address now, so this is the last mail to this one.",
        link=link,
        action="Sign in",
        after="If it was not you, somebody knows your password: answer this mail or write to the people who"
        f" run {site} at once.",
    )


def export_letter(*, recipient: str, name: str, site: str, link: str) -> Letter:
    return _letter(
        recipient=recipient,
        subject=f"The copy of your data from {site} is ready",
        greeting=f"Hello {name},",
        before=f"what {site} knows of you is in one file now. Download it here:",
        link=link,
        action="Download my data",
        after="The link works for a week. Whoever has it can download the file, so keep it to yourself.",
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
