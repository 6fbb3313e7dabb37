"""Cards of events and jobs."""

from threadly.modules.atlas.types import Concept, Home

CONCEPTS = (
    Concept(
        slug="events",
        name="Events and reactions",
        layer="events",
        what="A module says what has happened, in the past tense, and does not care who listens. Others "
        "react, later and elsewhere.",
        why="If the feed had to call everybody who wants to know of a post, each new feature would have to "
        "be built into the feed.",
        homes=(
            Home("modules/feed/events.py", "PostPublished", "A fact."),
            Home("modules/feed/reactions.py", "wire", "Who reacts to it."),
            Home("platform/events.py", "Reactions", "The list of all of them."),
        ),
        spans=("feed.fan_out", "store.settle_order"),
        related=("outbox", "module-boundaries", "publish-subscribe"),
    ),
    Concept(
        slug="outbox",
        name="Outbox",
        layer="events",
        what="An event is a row that is written in the same transaction as the change that it tells of. If "
        "the change is kept so is the event, and the other way round.",
        why="To commit first and tell afterwards loses what a crash comes between. To tell first tells of "
        "things that never happened.",
        homes=(
            Home("platform/work.py", "Work.emit", "Notes the event until the commit."),
            Home("platform/work.py", "EMIT", "Writes all of them in one statement, and wakes the relay."),
        ),
        spans=("platform.emit",),
        related=("transactions", "relay", "deduplication"),
    ),
    Concept(
        slug="relay",
        name="Relay",
        layer="events",
        what="A worker takes a batch of waiting events, leaves alone those that another worker holds, runs "
        "every reaction and marks the batch as done, all in one transaction.",
        why="That single commit is what makes a reaction happen exactly once in the database: a crash "
        "before it undoes everything, after it nothing is left to do.",
        homes=(
            Home("platform/relay.py", "TAKE", "Takes what nobody else is working on."),
            Home("platform/relay.py", "Relay._run_batch", "The batch and its mark, in one transaction."),
        ),
        spans=("platform.take_events", "platform.mark_events_done"),
        related=("outbox", "dead-letters", "transactions"),
    ),
    Concept(
        slug="dead-letters",
        name="Dead letters",
        layer="events",
        what="A reaction that fails is set aside and tried again later, each time after a longer pause. "
        "After ten failures it is left in a list for a person to look at.",
        why="One event that cannot be worked off must not hold up all that come after it, and must not be "
        "lost either.",
        homes=(
            Home("platform/relay.py", "SET_ASIDE", "Puts it aside, with its error."),
            Home(
                "platform/relay.py", "retry_dead_letter", "Gives it another life, when its cause is mended."
            ),
        ),
        spans=("platform.set_reaction_aside", "platform.take_failed_reactions"),
        related=("relay", "savepoints", "replay"),
    ),
    Concept(
        slug="replay",
        name="Replay",
        layer="events",
        what="Events are kept for two weeks after they were handled. A reaction that was wrong, or new, can "
        "be shown them again.",
        why="After a bug is mended, the data that it spoiled is still spoiled. If reactions look at the "
        "present state, as ours do, seeing an event again does no harm.",
        homes=(
            Home("platform/relay.py", "replay_events", "Queues kept events for one reaction."),
            Home("platform/housekeeping.py", "EVENTS_KEPT", "For how long that is possible."),
        ),
        spans=("platform.replay_events",),
        related=("dead-letters", "read-models"),
    ),
    Concept(
        slug="durable-jobs",
        name="Durable jobs",
        layer="events",
        what="Whatever must reach another system, or takes time, is a job: a row that exists if and only if "
        "the change that caused it was kept. Each finished step is recorded, so that after a crash the job "
        "goes on and does not start over.",
        why="A mail server may be away for an hour and a worker may be killed at any moment. Nobody who "
        "buys should wait for the first or lose by the second.",
        homes=(
            Home("platform/work.py", "Work.enqueue", "Queues it in the transaction."),
            Home("platform/durable/engine.py", "DurableRun.step", "A recorded call to the outside."),
            Home(
                "platform/durable/engine.py", "DurableRun.transact", "A step in our database, exactly once."
            ),
        ),
        spans=("platform.enqueue", "platform.record_job_step", "store.send_receipt"),
        related=("outbox", "retry", "worker-slots"),
    ),
    Concept(
        slug="schedules",
        name="Schedules",
        layer="events",
        what="Some work is due by the clock: keys are renewed, old rows removed, accounts compared. A "
        "schedule queues one job for each community at its time. What is due once a day and was missed is "
        "done at the next start.",
        why="Chores that wait for somebody to visit a page are done late or never, and by a visitor who did "
        "not come to do them.",
        homes=(
            Home("wiring.py", "SCHEDULES", "All of them, from all modules."),
            Home("platform/durable/jobs.py", "Schedule", "When, and which job."),
            Home("platform/housekeeping.py", "forget_old_rows", "One of them, in small batches."),
        ),
        spans=("platform.forget_old_rows", "identity.rotate_keys"),
        related=("durable-jobs", "partitioning", "reconciliation"),
    ),
    Concept(
        slug="deduplication",
        name="Deduplication",
        layer="events",
        what="A job can be given a name, and a name is queued only once, however often it is asked for. "
        "Webhooks are kept under the sender's own id for the same reason.",
        why="Messages and crashes both make things happen again. One receipt is right, three are not.",
        homes=(
            Home("modules/store/confirming.py", "confirm_order", "One receipt per order, by its name."),
            Home("platform/durable/due.py", "_enqueue", "However many workers look, one turn is one job."),
        ),
        spans=("platform.enqueue",),
        related=("idempotency-key", "webhooks", "durable-jobs"),
    ),
    Concept(
        slug="worker-slots",
        name="Worker slots",
        layer="events",
        what="Each worker takes the lowest number that is free, by a lock which PostgreSQL gives back by "
        "itself when the worker's connection ends. A new worker takes a dead one's number, and so its "
        "unfinished jobs.",
        why="Names of machines change with every deployment, so jobs of a machine that is gone would wait "
        "for it for ever.",
        homes=(
            Home("platform/durable/slot.py", "Slot.take", "Takes the lowest free number."),
            Home("platform/durable/slot.py", "Slot.hold", "Keeps it, also when the database was away."),
        ),
        related=("durable-jobs", "leases"),
    ),
    Concept(
        slug="told-in-groups",
        name="Told in groups",
        layer="events",
        what="Thirteen likes of one post are one line in the list of news, as long as it is unread. A post "
        "is told to ten thousand followers by ten statements, and who sleeps is told in the morning.",
        why="People switch off what rings all day. And a statement for each follower would keep the worker "
        "busy for minutes with what takes seconds.",
        homes=(
            Home("modules/notifications/verbs/telling.py", "tell", "A fact becomes or joins a line."),
            Home("modules/notifications/verbs/telling.py", "tell_followers", "A thousand at a time."),
            Home("modules/notifications/channels/sending.py", "send_due", "Not in anybody's quiet hours."),
        ),
        spans=("notifications.tell", "notifications.tell_followers"),
        related=("events", "durable-jobs", "deduplication"),
    ),
    Concept(
        slug="queues-of-their-own",
        name="A queue for each channel",
        layer="events",
        what="Mail, text messages and pushes wait in rows of their own and are sent by jobs of their own. A "
        "channel that fails waits longer each time, and in the end leaves its letters to an operator.",
        why="A mail server that hangs must not keep a text message waiting, nor the bell in the page, which "
        "needs no other system at all.",
        homes=(
            Home("modules/notifications/channels/sending.py", "send_due", "Takes some, sends, notes."),
            Home("modules/notifications/channels/sending.py", "pause_after", "How long until another try."),
        ),
        related=("durable-jobs", "dead-letters", "bulkhead", "retry"),
    ),
)
