"""What people do in these tests, in a word each."""

from tests.cast import Visit
from threadly.modules import messaging
from threadly.platform.ids import UUID

__all__ = ["begin", "changes", "conversation", "history", "say", "seen"]


async def begin(who: Visit, *members: str, title: str | None = None) -> messaging.Conversation:
    return await who.write(
        lambda work: messaging.start_conversation(work, members=list(members), title=title)
    )


async def say(
    who: Visit, where: UUID, content: str = "Hello!", *, client_id: str | None = None
) -> messaging.Message:
    return await who.write(
        lambda work: messaging.send_message(work, conversation_id=where, content=content, client_id=client_id)
    )


async def conversation(who: Visit, where: UUID) -> messaging.Conversation:
    return await who.read(lambda work: messaging.get_conversation(work, conversation_id=where))


async def seen(who: Visit) -> list[messaging.Conversation]:
    return (await who.read(lambda work: messaging.list_conversations(work))).items


async def history(who: Visit, where: UUID) -> list[str]:
    """What the conversation says to somebody, oldest first; what is no text by its state or kind."""
    page = await who.read(lambda work: messaging.list_messages(work, conversation_id=where, limit=100))
    return [_words(each) for each in reversed(page.items)]


async def changes(who: Visit, where: UUID, since: int) -> list[messaging.Message]:
    found = await who.read(lambda work: messaging.list_changes(work, conversation_id=where, since=since))
    return found.messages


def _words(message: messaging.Message) -> str:
    if message.kind != "text":
        return " ".join([f"({message.content}", *message.about]) + ")"
    return message.content if message.state == "sent" else f"[{message.state}]{message.content}"
