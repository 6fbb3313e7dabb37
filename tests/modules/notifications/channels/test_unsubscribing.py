"""Unsubscribing: one click of a person, or none at all by their mail program, without being signed in."""

from urllib.parse import urlsplit

import httpx

from tests.cast import Visit
from tests.modules.notifications.acts import comment, publish
from tests.modules.notifications.channels.post import Post, read_letters
from tests.platform.smtp_fake import smtp_fake
from threadly.modules import notifications
from threadly.modules.notifications.channels.unsubscribing import unsubscribe_token
from threadly.platform.work import Tenant


async def test_a_mail_program_unsubscribes_with_what_the_letter_says_and_nothing_else(
    post: Post, client: httpx.AsyncClient, alex: Visit, bob: Visit
) -> None:
    post_id = await publish(alex)
    await comment(bob, post_id)
    await post.react()
    async with smtp_fake() as server:
        post.with_settings(smtp_url=server.url)
        await post.send()
        (letter,) = read_letters(server.letters)
        await comment(bob, post_id, "And another thing")
        await post.react()  # waits already
        link = urlsplit(letter["List-Unsubscribe"].strip("<>"))
        field, _, value = letter["List-Unsubscribe-Post"].partition("=")
        answer = await client.post(f"{link.path}?{link.query}", data={field: value})
        assert answer.status_code == 200
        assert not answer.history
        await comment(bob, post_id, "And yet another")
        await post.react()
        await post.send()
    assert len(server.letters) == 1
    assert await post.states() == ["sent", "dropped"]
    preferences = await alex.read(notifications.get_preferences, fresh=True)
    assert preferences.modes["comment"]["mail"] == "off"
    assert preferences.modes["mention"]["mail"] == "now"


async def test_people_are_asked_first_and_can_take_it_back_or_stop_everything(
    client: httpx.AsyncClient, post: Post, alex: Visit
) -> None:
    settings, me = post.works.settings, alex.actor.me
    tokens = {
        topic: unsubscribe_token(settings, tenant_id=post.tenant.id, user_id=me, topic=topic)
        for topic in ("like", "digest", "all")
    }

    async def modes() -> tuple[str, str]:
        found = await alex.read(notifications.get_preferences, fresh=True)
        return found.modes["like"]["mail"], found.rhythm.digest

    asked = await client.get(f"/unsubscribe?token={tokens['like']}")
    assert "No more mail about likes of what you wrote?" in asked.text
    assert await modes() == ("digest", "daily")
    assert "You are unsubscribed" in (await client.post(f"/unsubscribe?token={tokens['like']}")).text
    assert await modes() == ("off", "daily")
    assert "subscribed again" in (await client.post(f"/unsubscribe/undo?token={tokens['like']}")).text
    assert await modes() == ("digest", "daily")
    await client.post(f"/unsubscribe?token={tokens['digest']}")
    assert await modes() == ("digest", "off")
    await client.post(f"/unsubscribe?token={tokens['all']}")
    assert await modes() == ("off", "off")


async def test_a_link_counts_for_one_person_one_topic_and_one_community(
    client: httpx.AsyncClient, post: Post, alex: Visit, bob: Visit, other_tenant: Tenant
) -> None:
    settings, me = post.works.settings, alex.actor.me
    token = unsubscribe_token(settings, tenant_id=post.tenant.id, user_id=me, topic="like")
    foreign = unsubscribe_token(settings, tenant_id=other_tenant.id, user_id=me, topic="like")
    wrong = (
        foreign,
        token.replace("like.", "all."),
        token[:-4],
        f"{token[:-2]}éé",
        "like.",
        "x",
        "like.@@@@",
    )
    for each in wrong:
        answer = await client.post("/unsubscribe", params={"token": each})
        assert answer.status_code == 404, each
    found = await alex.read(notifications.get_preferences, fresh=True)
    assert found.modes["like"]["mail"] == "digest"
