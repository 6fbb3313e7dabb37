"""How people want to be told: defaults, choices, quiet hours, the digest; and what is put in line by them."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.cast import Visit
from tests.modules.notifications.acts import bell_of, comment, follow, like, publish, read, unread_of
from tests.modules.notifications.conftest import Drain
from threadly.modules import notifications
from threadly.modules.notifications import rules
from threadly.modules.notifications.types import CHANNELS, KINDS, Rhythm
from threadly.modules.notifications.verbs.deliveries import read_deliveries
from threadly.platform.db import sql
from threadly.platform.ids import UUID
from threadly.platform.work import SYSTEM, Works


class Line(msgspec.Struct, frozen=True):
    id: UUID
    kind: str
    channel: str
    state: str
    due_at: datetime
    created_at: datetime


IN_LINE = sql(
    "notifications.test_in_line",
    """
    SELECT d.id, n.kind, d.channel, d.state, d.due_at, d.created_at
    FROM notifications.deliveries d JOIN notifications.notifications n ON n.id = d.notification_id
    WHERE d.user_id = $1 ORDER BY n.created_at, d.created_at, d.channel
    """,
    into=Line,
)
SUBSCRIBE = sql(
    "notifications.test_subscribe",
    """
    INSERT INTO notifications.push_subscriptions (id, user_id, endpoint, p256dh, auth, device, created_at)
    VALUES (gen_random_uuid(), $1, 'https://push.example/' || $1::uuid, '-', '-', '-', now())
    """,
    into=type(None),
)


async def in_line(works: Works, whom: Visit) -> list[Line]:
    async with works.read(whom.tenant, SYSTEM, fresh=True) as work:
        return await work.all(IN_LINE, whom.actor.me)


async def test_by_default_an_answer_is_mailed_at_once_and_a_like_in_the_digest(
    works: Works, alex: Visit, kareem: Visit, bob: Visit, drain: Drain
) -> None:
    preferences = await alex.read(notifications.get_preferences)
    assert set(preferences.modes) == set(KINDS) - set(rules.NEEDS)
    assert all(set(modes) == set(CHANNELS) for modes in preferences.modes.values())
    assert preferences.rhythm == Rhythm()

    post_id = await publish(alex)
    await like(kareem, post_id)
    await comment(kareem, post_id, "First")
    await drain()
    found = {(each.kind, each.channel, each.state) for each in await in_line(works, alex)}
    assert found == {("like", "mail", "digest"), ("comment", "mail", "waiting")}

    # More of the same waits in the same place, and says what there is by then.
    await like(bob, post_id)
    await comment(bob, post_id, "Second")
    await drain()
    lines = await in_line(works, alex)
    assert len(lines) == 2
    async with works.read(alex.tenant, SYSTEM, fresh=True) as work:
        worded = await read_deliveries(work, ids=[each.id for each in lines])
    titles = {each.title for each in worded}
    assert titles == {"Bob and Kareem liked your post", "Bob and Kareem commented on your post"}
    assert {each.recipient.username for each in worded} == {"alexsmith"}

    # Who has read it in the app needs no mail of it.
    await read(alex, await bell_of(alex))
    assert {each.state for each in await in_line(works, alex)} == {"dropped"}
    async with works.read(alex.tenant, SYSTEM, fresh=True) as work:
        assert await read_deliveries(work, ids=[each.id for each in lines]) == []


async def test_each_kind_and_channel_is_chosen_apart_and_what_nobody_wants_is_not_kept(
    works: Works, alex: Visit, kareem: Visit, drain: Drain
) -> None:
    async def choose(**modes: dict[str, str]) -> None:
        await alex.write(lambda work: notifications.choose(work, modes=modes))  # type: ignore[arg-type]

    async with works.write(alex.tenant, SYSTEM) as work:
        await work.run(SUBSCRIBE, alex.actor.me)
    post_id = await publish(alex)
    await choose(like={"app": "off", "mail": "now"}, comment={"app": "off", "mail": "off", "push": "off"})
    await like(kareem, post_id)
    await comment(kareem, post_id)
    await follow(kareem, alex)
    await drain()
    assert [each.kind for each in await bell_of(alex)] == ["follow"]
    assert await unread_of(alex) == 1
    found = {(each.kind, each.channel, each.state) for each in await in_line(works, alex)}
    assert found == {
        ("like", "mail", "waiting"),
        ("follow", "mail", "digest"),
        ("follow", "push", "waiting"),
    }
    await choose(like={"app": "now"})
    modes = (await alex.read(notifications.get_preferences, fresh=True)).modes
    assert modes["like"] == {"app": "now", "mail": "now", "push": "off", "sms": "off"}
    assert modes["post"] == rules.DEFAULTS["post"]


@pytest.mark.parametrize(
    ("rhythm", "refusal"),
    [
        (Rhythm(quiet_from="22:00"), notifications.QuietHoursInvalid),
        (Rhythm(quiet_from="22:00", quiet_until="22:00"), notifications.QuietHoursInvalid),
        (Rhythm(quiet_from="late", quiet_until="07:00"), notifications.QuietHoursInvalid),
        (Rhythm(time_zone="Europe/Atlantis"), notifications.TimeZoneUnknown),
        (Rhythm(time_zone="../../etc/passwd"), notifications.TimeZoneUnknown),
        (Rhythm(time_zone="a\0b"), notifications.TimeZoneUnknown),
    ],
)
async def test_what_no_clock_shows_is_refused(alex: Visit, rhythm: Rhythm, refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        await alex.write(lambda work: notifications.choose(work, rhythm=rhythm))
    with pytest.raises(notifications.ChannelWithoutDigest):
        await alex.write(lambda work: notifications.choose(work, modes={"like": {"push": "digest"}}))


async def test_what_happens_in_quiet_hours_waits_for_their_end(
    works: Works, alex: Visit, kareem: Visit, drain: Drain
) -> None:
    hour = datetime.now(UTC).hour
    quiet = Rhythm(quiet_from=f"{hour:02}:00", quiet_until=f"{(hour + 2) % 24:02}:00", digest="weekly")
    await alex.write(lambda work: notifications.choose(work, rhythm=quiet))
    post_id = await publish(alex)
    await comment(kareem, post_id)
    await like(kareem, post_id)
    await drain()
    mail, digest = await in_line(works, alex)
    assert mail.due_at == after_quiet(mail.created_at, quiet) > mail.created_at
    assert digest.due_at == next_digest(digest.created_at, quiet)
    off = replace(quiet, digest="off")
    await alex.write(lambda work: notifications.choose(work, rhythm=off))
    await like(kareem, await publish(alex))
    await drain()
    assert len(await in_line(works, alex)) == 2


AFTER_QUIET = sql(
    "notifications.test_after_quiet",
    "SELECT notifications.after_quiet_hours($1, $2::text::time, $3::text::time, $4)",
    into=datetime,
)
NEXT_DIGEST = sql(
    "notifications.test_next_digest", "SELECT notifications.next_digest($1, $2, $3, $4, $5)", into=datetime
)
CLOCKS = st.times().map(lambda at: f"{at:%H:%M}")


def after_quiet(at: datetime, rhythm: Rhythm) -> datetime:
    """The first full minute that is not quiet, by looking at each."""
    assert rhythm.quiet_from is not None
    assert rhythm.quiet_until is not None
    begins, ends = time.fromisoformat(rhythm.quiet_from), time.fromisoformat(rhythm.quiet_until)

    def is_quiet(at: datetime) -> bool:
        shown = at.astimezone(ZoneInfo(rhythm.time_zone)).time()
        return begins <= shown < ends if begins < ends else shown >= begins or shown < ends

    while is_quiet(at):
        at = at.replace(second=0, microsecond=0) + timedelta(minutes=1)
    return at


def next_digest(at: datetime, rhythm: Rhythm) -> datetime:
    """The first full quarter of an hour at which the clock shows the digest's hour."""
    at = at.replace(minute=at.minute // 15 * 15, second=0, microsecond=0)
    while True:
        at += timedelta(minutes=15)
        shown = at.astimezone(ZoneInfo(rhythm.time_zone))
        if (shown.hour, shown.minute) == (rhythm.digest_hour, 0) and (
            rhythm.digest == "daily" or shown.isoweekday() == rhythm.digest_weekday
        ):
            return at


async def test_the_database_reckons_as_python_does(works: Works, alex: Visit) -> None:
    """Quiet hours and digests, in the zones of the world; days when clocks are changed apart."""
    async with works.read(alex.tenant, SYSTEM) as work:
        cases: list[tuple[datetime, Rhythm]] = []

        @given(
            at=st.datetimes(datetime(2026, 5, 1), datetime(2026, 9, 1), timezones=st.just(UTC)),  # noqa: DTZ001
            clocks=st.tuples(CLOCKS, CLOCKS).filter(lambda both: both[0] != both[1]),
            zone=st.sampled_from(
                ["UTC", "Europe/Berlin", "Asia/Kathmandu", "America/St_Johns", "Pacific/Apia"]
            ),
            digest=st.sampled_from(["daily", "weekly"]),
            hour=st.integers(0, 23),
            weekday=st.integers(1, 7),
        )
        def gather(
            at: datetime, clocks: tuple[str, str], zone: str, digest: str, hour: int, weekday: int
        ) -> None:
            cases.append((at, Rhythm(*clocks, zone, digest, hour, weekday)))  # type: ignore[arg-type]

        gather()
        for at, it in cases:
            found = await work.one(AFTER_QUIET, at, it.quiet_from, it.quiet_until, it.time_zone)
            assert found == after_quiet(at, it)
            wanted = (it.digest, it.digest_hour, it.digest_weekday, it.time_zone)
            assert await work.one(NEXT_DIGEST, at, *wanted) == next_digest(at, it)
