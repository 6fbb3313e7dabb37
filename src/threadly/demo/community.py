"""The demo community: a small cast with things to say. Made once, in one transaction, through the verbs."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from threadly.demo.conversations import seed_conversations
from threadly.demo.invitations import invite_students
from threadly.demo.moderation import HARSH, RUDE, seed_cases
from threadly.demo.pictures import FACES, SCENES, draw_pictures
from threadly.demo.shop import PRODUCT_COUNT, open_shop
from threadly.modules import feed, identity, media
from threadly.platform.ids import UUID
from threadly.platform.progress import Progress
from threadly.platform.runtime import running
from threadly.platform.tenants import PUBLIC_TENANT_ID
from threadly.platform.work import SYSTEM, Actor, Work
from threadly.settings import Settings

__all__ = ["DEMO_PASSWORD", "seed_demo"]

DEMO_PASSWORD = "threadly-demo"  # noqa: S105  # printed at the start of every demo

# username, name, bio
MEMBERS = [
    ("alexsmith", "Alex Smith", "Writes Python for a living and teaches it for fun. Runs “Intro to Python”."),
    ("sarah", "Sarah Johnson", "Product designer. Learning to code one evening at a time."),
    ("kareem", "Kareem Haddad", "Buys too many keyboards. Photographs the rest."),
    ("ada", "Ada Moreau", "Makes ceramics and sells them here. Studio open on Saturdays."),
    ("bob", "Bob Larsen", "Absolute beginner. Asking the questions you were afraid to ask."),
    ("mona", "Mona Okafor", "Moderator. Here to keep it kind."),
    ("omar", "Omar Castillo", "Keeps the lights on: operator of this community."),
    ("ines", "Inês Carvalho", "Gardener, baker, reader of long books."),
    ("tomasz", "Tomasz Nowak", "Bicycles and PostgreSQL, in that order."),
    ("lin", "Lin Chen", "Field recordings, synthesizers, tea."),
    ("priya", "Priya Raman", "Teaches maths. Draws graphs on napkins."),
    ("jonas", "Jonas Weber", "Woodworker. Sawdust in every pocket."),
]
FOLLOWED_BEFORE = timedelta(days=29)
ROLES = {"mona": "moderator", "omar": "admin", "ada": "seller"}
FOLLOWS = {
    "alexsmith": "sarah ada tomasz priya mona lin",
    "sarah": "alexsmith ada kareem lin ines jonas mona",
    "kareem": "ada alexsmith lin jonas",
    "ada": "sarah jonas ines kareem",
    "bob": "alexsmith priya mona tomasz",
    "mona": "alexsmith sarah ada bob omar priya",
    "omar": "mona tomasz alexsmith",
    "ines": "ada jonas sarah priya",
    "tomasz": "alexsmith omar lin priya",
    "lin": "kareem tomasz ada sarah",
    "priya": "alexsmith tomasz ines bob",
    "jonas": "ada ines kareem",
}
# author, hours ago, text, who likes it, comments (author, text)
Comments = list[tuple[str, str]]
POSTS: list[tuple[str, float, str, str, Comments]] = [
    ("omar", 170, "Welcome, everyone! This community runs on one small machine, and you can watch it work. Say hello below. #welcome", "alexsmith sarah mona bob ada lin ines", [("bob", "Hello! First post ever, be gentle."), ("mona", "Welcome, Bob. You are among friends.")]),
    ("mona", 166, "House rules in one line: write as if the other person were sitting at your kitchen table. #welcome", "omar sarah ines priya bob", []),
    ("jonas", 150, "Finished the walnut shelf I promised in spring. Only two seasons late.", "ines ada kareem sarah", [("ada", "It is gorgeous. Trade you for six bowls?")]),
    ("priya", 142, "A student asked why we cannot divide by zero. Forty minutes later the whole class was arguing about limits. Best lesson of the year. #teaching", "alexsmith bob ines tomasz mona", [("bob", "I want to be in that class.")]),
    ("tomasz", 130, "Rode 80 km to think about an index. Came back with a partial index and sore knees. #postgres", "alexsmith omar lin priya", [("alexsmith", "The knees heal. The index stays.")]),
    ("lin", 121, "Recorded the tram depot at four in the morning. It hums in B flat. #sound", "kareem tomasz sarah", []),
    ("ada", 110, "Glaze test number 31. Number 30 was better. Number 12 was an accident and the best of them all. #ceramics", "sarah ines jonas kareem lin", [("ines", "Please sell the accident.")]),
    ("sarah", 99, "Wrote my first function today that somebody else will use. It has a docstring and everything. #python", "alexsmith bob mona ada priya lin", [("alexsmith", "A docstring on day one? You will go far."), ("sarah", "I had a good teacher.")]),
    ("ines", 90, "The sourdough has a name now. I know what that means for my weekends.", "ada jonas priya", []),
    ("kareem", 80, "Does anyone need a keyboard? Asking for a friend who has eleven.", "lin alexsmith sarah jonas", [("lin", "What layout is your friend's least favourite?")]),
    ("alexsmith", 72, "Next cohort of “Intro to Python” starts Monday. No experience needed, just curiosity and a keyboard (@kareem can help with the keyboard). #python #teaching", "sarah bob priya mona kareem tomasz ines", [("bob", "Signed up. Slightly terrified."), ("alexsmith", "That is the right amount.")]),
    ("bob", 60, "Day 1: what is the difference between = and == and why did nobody warn me? #python", "alexsmith priya sarah mona", [("priya", "One tells, the other asks."), ("bob", "That is going on a sticky note.")]),
    ("tomasz", 52, "Reminder: a backup you have never restored is a wish. Restore one today. #postgres", "omar alexsmith mona", [("omar", "Did it this morning. 4 minutes 12 seconds.")]),
    ("ada", 44, "Kiln opens in an hour. I have been told to stop checking the thermometer.", "sarah jonas ines kareem", [("sarah", "Live updates please.")]),
    ("ada", 42, "All twelve survived! Studio sale on Saturday, and the shop here gets what is left. #ceramics", "sarah ines jonas kareem lin mona alexsmith", []),
    ("lin", 35, "Tea of the week: roasted oolong. Tastes like a library.", "ines sarah priya", []),
    ("sarah", 28, "Drew the same button for three hours today. Users will see it for half a second, and it will be a good half second. #design", "alexsmith ada lin kareem priya", []),
    ("jonas", 22, "Sharpened every chisel in the shop. If you need me I will be cutting paper in half for no reason.", "ada kareem ines", []),
    ("priya", 15, "Napkin of the day: the birthday problem. 23 people, better than even odds. Nobody at the table believed me until we tried. #teaching", "tomasz bob alexsmith", [("bob", "How is it only 23?!"), ("priya", "Count the pairs, not the people.")]),
    ("mona", 9, "Thank you for a calm week. I closed exactly zero reports and finished my book.", "omar sarah alexsmith ines priya lin", []),
    ("kareem", 6, RUDE, "", []),
    ("kareem", 6, HARSH, "", []),
    ("bob", 5, "Day 5: my program works and I do not know why. Is this normal? #python", "alexsmith sarah priya tomasz mona", [("alexsmith", "Completely. Tomorrow it will not work and you will not know why either."), ("tomasz", "Then you add an index.")]),
    ("kareem", 3, "Golden hour on the roof, one keyboard, no notifications.", "lin sarah ada", []),
    ("alexsmith", 1.5, "Small joy: deleting forty lines that turned out to be one line in disguise. #python", "tomasz sarah bob priya omar", [("tomasz", "The best diff is red.")]),
    ("ines", 0.4, "First frost. The last tomatoes are on the windowsill, pretending it is August.", "ada jonas", []),
]  # fmt: skip


async def seed_demo(settings: Settings, *, progress: Progress) -> None:
    """Make the demo in the first tenant, in which nobody lives so far."""
    with progress.phase("Seeding the demo community") as phase:
        async with running(settings) as runtime:
            tenant = await runtime.tenants.get(PUBLIC_TENANT_ID)
            drawn = await draw_pictures(settings, tenant_id=tenant.id)
            async with runtime.works.write(tenant, SYSTEM) as work:
                await _make(work, drawn)
        phase.done = (
            f"Demo community seeded ({len(MEMBERS)} members, {len(POSTS)} posts, {PRODUCT_COUNT} products)"
        )


async def _make(work: Work, drawn: Mapping[str, media.Drawing]) -> None:
    now = work.now
    password_hash = await identity.passwords.hash(DEMO_PASSWORD)
    await identity.import_members(
        work,
        members=[
            identity.NewMember(username, _address(username), name, bio, now - timedelta(days=30))
            for username, name, bio in MEMBERS
        ],
        password_hash=password_hash,
    )
    profiles = await identity.list_profiles_by_username(work, usernames=[each[0] for each in MEMBERS])
    ids = {profile.username: profile.id for profile in profiles}
    for username, role in ROLES.items():
        await identity.set_role(work, user_id=ids[username], role=role)
    work.now = now - FOLLOWED_BEFORE
    for follower, followees in FOLLOWS.items():
        _act_as(work, ids[follower])
        for followee in followees.split():
            await feed.follow_member(work, member=followee)
    for username in FACES:
        _act_as(work, ids[username])
        await media.set_avatar(work, media_id=await media.import_drawing(work, drawing=drawn[username]))
    # In the order in which it happened: so it is told to people.
    posts: dict[str, UUID] = {}
    for author, hours, text, likes, comments in POSTS:
        work.now = now - timedelta(hours=hours)
        pictures = [drawn[name] for name in SCENES if name in text]
        posts[text] = await _post(work, ids, author, text, likes.split(), comments, pictures)
        if text == HARSH:
            work.now = now
            await seed_cases(work, ids=ids, posts=posts, password_hash=password_hash)
    work.now = now
    await seed_conversations(work, ids=ids)
    await invite_students(work, ids=ids)
    work.actor = Actor(ids["ada"], frozenset({"store.manage"}))
    await open_shop(work, drawn)


async def _post(
    work: Work,
    ids: dict[str, UUID],
    author: str,
    text: str,
    likes: list[str],
    comments: Comments,
    pictures: Sequence[media.Drawing],
) -> UUID:
    _act_as(work, ids[author])
    shown = [await media.import_drawing(work, drawing=each) for each in pictures]
    post = await feed.publish_post(work, content=text, media_ids=shown)
    for liker in likes:
        _act_as(work, ids[liker])
        await feed.like_post(work, post_id=post.id)
    for commenter, words in comments:
        work.now += timedelta(minutes=7)
        _act_as(work, ids[commenter])
        await feed.comment_on_post(work, post_id=post.id, content=words)
    return post.id


def _act_as(work: Work, user_id: UUID) -> None:
    """Verbs act for the Work's actor; a story has several."""
    work.actor = Actor(user_id)


def _address(username: str) -> str:
    return f"{'alex' if username == 'alexsmith' else username}@example.com"
