"""What messaging refuses."""

from threadly.platform.errors import Kind, Refusal

__all__ = [
    "CallIsForTwo",
    "CallMissing",
    "CallOver",
    "ChangedTooLate",
    "ConversationMissing",
    "DirectIsForTwo",
    "GroupFull",
    "LeftAgain",
    "LineBusy",
    "MemberUnknown",
    "MessageEmpty",
    "MessageMissing",
    "MessageNotHeld",
    "MessageTooLong",
    "MessageUnreadable",
    "NotInTouch",
    "NotYours",
    "OneselfOnly",
    "TitleInvalid",
    "TooManyStarted",
]


class ConversationMissing(Refusal):
    """Also what somebody is told who is not a member of it."""

    code = "messaging.conversation_missing"
    kind = Kind.MISSING
    message = "There is no such conversation, or you are not in it any more."


class MessageMissing(Refusal):
    code = "messaging.message_missing"
    kind = Kind.MISSING
    message = "There is no such message. It may have been deleted."


class MessageEmpty(Refusal):
    code = "messaging.message_empty"
    kind = Kind.INVALID
    message = "Write something, or attach a picture or a file."
    field = "content"


class MessageNotHeld(Refusal):
    code = "messaging.message_not_held"
    kind = Kind.MISSING
    message = "This message is not hidden."


class MessageTooLong(Refusal):
    code = "messaging.message_too_long"
    kind = Kind.INVALID
    message = "A message has at most 4,000 characters. Please send it in parts."
    field = "content"


class MessageUnreadable(Refusal):
    code = "messaging.message_unreadable"
    kind = Kind.INVALID
    message = "The text contains control characters, which cannot be shown. Please remove them."
    field = "content"


class ChangedTooLate(Refusal):
    code = "messaging.too_late"
    kind = Kind.CONFLICT
    message = "It is too late for that."


class NotYours(Refusal):
    code = "messaging.not_yours"
    kind = Kind.DENIED
    message = "You can change your own messages only."


class MemberUnknown(Refusal):
    code = "messaging.member_unknown"
    kind = Kind.INVALID
    message = "There is no such member. Please check the username."
    field = "members"


class OneselfOnly(Refusal):
    code = "messaging.oneself_only"
    kind = Kind.INVALID
    message = "A conversation needs somebody besides yourself."
    field = "members"


class NotInTouch(Refusal):
    """One of the two blocks the other; it is not told which."""

    code = "messaging.not_in_touch"
    kind = Kind.DENIED
    message = "You cannot write to this member."


class GroupFull(Refusal):
    code = "messaging.group_full"
    kind = Kind.INVALID
    message = "A conversation has at most 100 members."
    field = "members"


class LeftAgain(Refusal):
    code = "messaging.left_again"
    kind = Kind.DENIED
    message = "This member was added again and has left again. Please ask them, and add them tomorrow."


class TitleInvalid(Refusal):
    code = "messaging.title_invalid"
    kind = Kind.INVALID
    message = "Give the group a name of 1 to 80 characters."
    field = "title"


class DirectIsForTwo(Refusal):
    code = "messaging.direct_is_for_two"
    kind = Kind.CONFLICT
    message = "This conversation is between two people. Start a group instead, or mute it."


class CallIsForTwo(DirectIsForTwo):
    message = "A call is between two members: open your conversation with one of them."


class TooManyStarted(Refusal):
    code = "messaging.too_many_started"
    kind = Kind.LIMITED
    message = "You have started many conversations today. Please go on with those, and start more tomorrow."
    retry_after_s = 3_600


class TooManyCalls(Refusal):
    code = "messaging.too_many_calls"
    kind = Kind.LIMITED
    message = "They have taken none of your calls. Write to them, and wait for their answer."
    retry_after_s = 3_600


class CallMissing(Refusal):
    code = "messaging.call_missing"
    kind = Kind.MISSING
    message = "There is no such call."


class CallOver(Refusal):
    code = "messaging.call_over"
    kind = Kind.CONFLICT
    message = "This call is over, or was answered somewhere else."


class LineBusy(Refusal):
    code = "messaging.line_busy"
    kind = Kind.CONFLICT
    message = "One of you is in another call. Please try again later."
