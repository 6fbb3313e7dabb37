"""What members of the demo have written to each other."""

from collections.abc import Mapping
from datetime import timedelta

from threadly.modules import messaging
from threadly.platform.ids import UUID
from threadly.platform.work import Actor, Work

__all__ = ["seed_conversations"]

# Who begins, with whom, the group's name, and what was said: who, how many minutes ago, the words. The last ones
# have not been read by the others.
CONVERSATIONS = [
    (
        "kareem",
        "ada",
        None,
        [
            ("kareem", 1_500, "The bowl arrived, and it survived my cat for almost a day."),
            ("ada", 1_460, "Oh no. Send me a picture, and I will see whether it can be mended."),
            ("kareem", 1_455, "Two clean pieces. I will bring it on Saturday?"),
            ("ada", 1_450, "Saturday it is. The kiln is on until four."),
        ],
    ),
    (
        "alexsmith",
        "sarah bob priya",
        "Intro to Python",
        [
            ("alexsmith", 700, "Welcome! Questions go here, the silly ones first."),
            ("bob", 640, "Is a list that contains itself allowed?"),
            ("priya", 630, "Allowed, yes. Printed, with three dots and a sigh."),
            ("sarah", 95, "I read ahead and now I dream in brackets."),
        ],
    ),
    (
        "sarah",
        "alexsmith",
        None,
        [
            (
                "sarah",
                210,
                "Do you have half an hour this week? My function works, and I would like to know why.",
            ),
            ("alexsmith", 190, "Thursday at eight? We could call, then you can show me."),
            ("sarah", 34, "Thursday is good. I will bring tea and the traceback."),
            ("sarah", 33, "Thank you!"),
        ],
    ),
]


async def seed_conversations(work: Work, *, ids: Mapping[str, UUID]) -> None:
    """Through the verbs, as the people concerned; `work` is left acting as one of them."""
    now = work.now
    for starter, members, title, messages in CONVERSATIONS:
        work.now = now - timedelta(minutes=messages[0][1] + 5)
        work.actor = Actor(ids[starter])
        made = await messaging.start_conversation(work, members=members.split(), title=title)
        for writer, minutes, words in messages:
            work.now = now - timedelta(minutes=minutes)
            work.actor = Actor(ids[writer])
            await messaging.send_message(work, conversation_id=made.id, content=words)
    work.now = now
