"""What is written to people: one notification, or a digest of many, in plain text and in HTML."""

from collections.abc import Sequence
from html import escape
from typing import Final

from threadly.modules.notifications.channels import Delivery, Parcel
from threadly.modules.notifications.channels.unsubscribing import unsubscribe_token
from threadly.modules.notifications.types import Kind
from threadly.platform.mail import Letter
from threadly.settings import Settings

__all__ = ["SETTINGS_PATH", "TOPIC_WORDS", "compose_letter", "single_letter"]

SETTINGS_PATH: Final = "/settings/notifications"
LONGEST_SUBJECT: Final = 150
SHOWN_IN_DIGEST: Final = 20
TOPIC_WORDS: Final[dict[str, str]] = {
    "mention": "mentions of you",
    "comment": "comments on your posts",
    "like": "likes of what you wrote",
    "follow": "new followers",
    "post": "new posts of people whom you follow",
    "message": "new messages",
    "order": "your orders",
    "moderation": "moderators’ decisions",
    "account": "your account",
    "case": "new cases for the moderators",
    "sale": "new orders in the shop",
    "stock": "what is sold out",
    "digest": "what happened lately",
    "all": "anything that happens here",
}
# What belongs together in a digest, in the order in which people read it.
SECTIONS: Final[tuple[tuple[str, tuple[Kind, ...]], ...]] = (
    ("For who runs the place", ("case", "sale", "stock")),
    ("For you", ("mention", "comment", "message", "order", "moderation", "account")),
    ("Likes and followers", ("like", "follow")),
    ("From people you follow", ("post",)),
)
BUTTON: Final = (
    "display:inline-block;background:#0b6b4f;color:#ffffff;text-decoration:none;font-weight:600;"
    "padding:10px 18px;border-radius:8px"
)
MUTED: Final = "color:#57534e;font-size:14px"


def compose_letter(parcel: Parcel, *, settings: Settings, site: str, site_url: str) -> Letter:
    """The letter of a parcel, with one click to have no more of its kind (RFC 8058). `site` is the
    community's name."""
    topic = "digest" if parcel.digest else parcel.deliveries[0].kind
    token = unsubscribe_token(
        settings, tenant_id=parcel.deliveries[0].tenant_id, user_id=parcel.recipient.id, topic=topic
    )
    unsubscribe = f"{site_url}/unsubscribe?token={token}"
    footer = (topic, unsubscribe, f"{site_url}{SETTINGS_PATH}")
    write = _digest if parcel.digest else _single
    subject, text, html = write(parcel, site, site_url)
    return Letter(
        recipient=parcel.recipient.email,
        subject=_one_line(subject),
        text=f"{text}\n\n-- \n{_footer_text(site, *footer)}\n",
        html=_page(html + _footer_html(site, *footer)),
        headers=(
            ("List-Unsubscribe", f"<{unsubscribe}>"),
            ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
            ("List-Id", f"{topic} <{topic}.{_host(site_url)}>"),
        ),
    )


def single_letter(delivery: Delivery, *, settings: Settings, site: str, site_url: str) -> Letter:
    parcel = Parcel(delivery.id, (delivery,))
    return compose_letter(parcel, settings=settings, site=site, site_url=site_url)


def _single(parcel: Parcel, site: str, site_url: str) -> tuple[str, str, str]:
    (delivery,) = parcel.deliveries
    link = f"{site_url}{delivery.url}"
    quoted = "\n".join(f"> {line}" for line in delivery.text.splitlines())
    text = "\n\n".join(
        part for part in (f"Hello {parcel.recipient.name},", f"{delivery.title}.", quoted, link) if part
    )
    html = (
        f"<p>Hello {escape(parcel.recipient.name)},</p>"
        f'<p style="font-size:18px;font-weight:600">{escape(delivery.title)}.</p>'
        f"{_quote(delivery.text)}"
        f'<p style="margin:24px 0"><a href="{escape(link)}" style="{BUTTON}">Have a look</a></p>'
    )
    return f"{delivery.title} · {site}", text, html


def _digest(parcel: Parcel, site: str, site_url: str) -> tuple[str, str, str]:
    deliveries = parcel.deliveries
    count = len(deliveries)
    more = f" and {count - 1} more" if count > 1 else ""
    greeting = f"Hello {parcel.recipient.name}, this happened at {site} since you last looked:"
    texts, htmls = [greeting], [f"<p>{escape(greeting)}</p>"]
    left = SHOWN_IN_DIGEST
    for heading, kinds in SECTIONS:
        some = [each for each in deliveries if each.kind in kinds][:left]
        left -= len(some)
        if some:
            texts.append("\n\n".join([heading.upper(), *(_item_text(each, site_url) for each in some)]))
            htmls.append(_section(heading, some, site_url))
    all_of_it = f"{site_url}/notifications"
    beyond = count - (SHOWN_IN_DIGEST - left)
    texts.append(f"{f'And {beyond} more. ' if beyond else ''}All of it: {all_of_it}")
    says = f"See {beyond} more" if beyond else "See all notifications"
    htmls.append(
        f'<p style="margin:24px 0"><a href="{escape(all_of_it)}" style="{BUTTON}">{escape(says)}</a></p>'
    )
    return f"{deliveries[0].title}{more} · {site}", "\n\n".join(texts), "".join(htmls)


def _item_text(delivery: Delivery, site_url: str) -> str:
    said = f"\n  “{_one_line(delivery.text)}”" if delivery.text else ""
    return f"* {delivery.title}{said}\n  {site_url}{delivery.url}"


def _section(heading: str, deliveries: Sequence[Delivery], site_url: str) -> str:
    items = "".join(_item(each, site_url) for each in deliveries)
    return (
        f'<h2 style="font-size:16px;margin:24px 0 8px">{escape(heading)}</h2>'
        f'<ul style="padding:0 0 0 18px;margin:0">{items}</ul>'
    )


def _item(delivery: Delivery, site_url: str) -> str:
    said = f'<br><span style="{MUTED}">{escape(delivery.text)}</span>' if delivery.text else ""
    return (
        f'<li style="margin:0 0 14px"><a href="{escape(site_url + delivery.url)}"'
        f' style="color:#0b6b4f;font-weight:600">{escape(delivery.title)}</a>{said}</li>'
    )


def _quote(text: str) -> str:
    if not text:
        return ""
    return (
        '<blockquote style="margin:0;padding:2px 0 2px 14px;border-left:3px solid #a7d8c4">'
        f"{'<br>'.join(escape(line) for line in text.splitlines())}</blockquote>"
    )


def _footer_text(site: str, topic: str, unsubscribe: str, settings_url: str) -> str:
    return (
        f"You get this because you are a member of {site} and want mail about {TOPIC_WORDS[topic]}.\n"
        f"No more of these: {unsubscribe}\n"
        f"Choose what you are told: {settings_url}"
    )


def _footer_html(site: str, topic: str, unsubscribe: str, settings_url: str) -> str:
    return (
        f'<p style="{MUTED};border-top:1px solid #e7e5e4;padding-top:14px;margin-top:28px">'
        f"You get this because you are a member of {escape(site)} and want mail about"
        f" {escape(TOPIC_WORDS[topic])}."
        f'<br><a href="{escape(unsubscribe)}" style="{MUTED}">No more of these</a> · '
        f'<a href="{escape(settings_url)}" style="{MUTED}">Choose what you are told</a></p>'
    )


def _page(html: str) -> str:
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<div style="font:16px/1.5 system-ui,-apple-system,sans-serif;max-width:34em;margin:0 auto;'
        f'padding:16px;color:#1c1917">{html}</div></html>'
    )


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_SUBJECT else f"{line[: LONGEST_SUBJECT - 1]}…"


def _host(site_url: str) -> str:
    return site_url.partition("://")[2].partition(":")[0]
