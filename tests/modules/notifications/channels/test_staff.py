"""What leaves the house for those who run the place, and what does not once they do not any more"""

from datetime import timedelta

from tests.cast import Visit, email_of
from tests.modules.moderation.acts import reported_case
from tests.modules.notifications.acts import grant
from tests.modules.notifications.channels.post import Post, part_of, read_letters
from tests.modules.notifications.conftest import SignUp
from tests.platform.smtp_fake import smtp_fake
from threadly.modules import notifications
from threadly.platform.work import Works


async def test_the_first_new_case_is_mailed_and_none_after_it_until_somebody_has_looked(
    post: Post, mona: Visit, alex: Visit, kareem: Visit
) -> None:
    async with smtp_fake() as server:
        post.with_settings(smtp_url=server.url)
        for _ in range(3):
            await reported_case(alex, kareem)
            await post.react()
            await post.send()
    (letter,) = read_letters(server.letters)
    assert letter["To"] == email_of("mona")
    assert letter["Subject"] == f"A new case waits · {post.tenant.name}"
    text = part_of(letter, "plain")
    assert "new cases for the moderators" in text
    assert "/moderate/cases/" in text
    assert "Kareem" not in text


async def test_nothing_goes_out_to_who_lost_the_role_meanwhile(
    works: Works, join: SignUp, post: Post, mona: Visit, omar: Visit, alex: Visit, kareem: Visit
) -> None:
    helper = await grant(works, await join("helper"), "moderator")
    for visit in (helper, omar):
        await visit.write(lambda work: notifications.choose(work, modes={"case": {"mail": "digest"}}))
    await reported_case(alex, kareem)
    await post.react()
    for visit in (mona, helper):
        await grant(works, visit, "user")
    async with smtp_fake() as server:
        post.with_settings(smtp_url=server.url)
        await post.send()
        await post.gather(later=timedelta(days=1))
        await post.send()
    (letter,) = read_letters(server.letters)
    assert letter["To"] == email_of("omar")
    assert "FOR WHO RUNS THE PLACE" in part_of(letter, "plain")
    assert sorted(await post.states()) == ["dropped", "dropped", "gathered", "sent", "sent"]
