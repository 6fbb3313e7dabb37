"""Cards of the cache, and of what else is kept in Valkey."""

from threadly.modules.atlas.types import Concept, Home

CONCEPTS = (
    Concept(
        slug="cache-aside",
        name="Cache-aside",
        layer="cache",
        what="An answer that many ask for is made once and kept for a while in Valkey, where it is found "
        "faster than it could be made. Entries live a little shorter or longer than each other, by chance.",
        why="The trending posts are the same for everybody, so there is no point in counting likes anew for "
        "each visitor. The bit of chance keeps entries from all running out at once.",
        homes=(
            Home("platform/cache.py", "Cache.get_or_make", "Looks, and makes what is not there."),
            Home("platform/cache.py", "TTL_JITTER", "By how much lifetimes differ."),
        ),
        spans=("valkey cache.look", "valkey cache.store"),
        related=("cache-invalidation", "single-flight"),
    ),
    Concept(
        slug="cache-invalidation",
        name="Cache invalidation",
        layer="cache",
        what="Entries carry tags, such as one for a product. When a product changes, the write says which "
        "tags are out of date, and after its commit every entry that carries one is worthless.",
        why="A corrected price must show at once. And a value that was being made from the old state during "
        "the change must not be served later: it carries the old generation of its tag, so it is not.",
        homes=(
            Home("platform/work.py", "Work.forget", "Notes the tags; told only if the transaction commits."),
            Home("platform/cache.py", "Cache.forget", "Gives each tag a new generation."),
        ),
        spans=("valkey cache.look",),
        related=("cache-aside", "transactions"),
    ),
    Concept(
        slug="single-flight",
        name="Single flight",
        layer="cache",
        what="When an entry has run out and a hundred visitors ask for it at once, one of them makes it and "
        "the others wait for that value, in all processes.",
        why="Otherwise the hundred would all compute the same thing at the moment when the site is busiest, "
        "which is how a cache that runs out can take down a database.",
        homes=(
            Home("platform/cache.py", "Cache._lead", "Makes it for everybody in this process."),
            Home(
                "platform/cache.py", "Cache._take_lock", "Keeps other processes waiting, for a bounded time."
            ),
        ),
        spans=("valkey SET", "valkey cache.unlock"),
        related=("cache-aside", "load-shedding"),
    ),
    Concept(
        slug="pipelining",
        name="Pipelining",
        layer="cache",
        what="Commands for Valkey that come up at the same moment travel together: one message there, one "
        "back, however many requests they belong to.",
        why="Every request passes a rate limit, so this is the call that is made most. Most of its cost is "
        "the envelope, not the letter.",
        homes=(
            Home(
                "platform/valkey.py", "Valkey._pump_batch", "Sends what has gathered, reads all the answers."
            ),
            Home("platform/valkey.py", "MOST_AT_ONCE", "How many at most travel together."),
        ),
        related=("connection-reuse", "rate-limits"),
    ),
    Concept(
        slug="publish-subscribe",
        name="Publish and subscribe",
        layer="cache",
        what="After a change, a short hint goes out on a channel, and each process that has an open page "
        "which cares passes it on. A hint says only that there is something to look at.",
        why="The process that made a change does not know who is looking, and should not. A lost hint loses "
        "nothing, for the page then reads the present state.",
        homes=(
            Home("platform/pubsub.py", "PubSub", "One connection, however many listen."),
            Home("platform/work.py", "Work.signal", "A hint that goes out after the commit."),
        ),
        related=("server-sent-events", "events"),
    ),
)
