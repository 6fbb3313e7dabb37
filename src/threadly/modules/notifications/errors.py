"""What notifications refuses."""

from threadly.platform.errors import Kind, Refusal

__all__ = ["ChannelWithoutDigest", "NothingChosen", "QuietHoursInvalid", "TimeZoneUnknown"]


class NothingChosen(Refusal):
    code = "notifications.nothing_chosen"
    kind = Kind.INVALID
    message = "Say which notifications are read: some `ids`, or `all`."
    field = "ids"


class TimeZoneUnknown(Refusal):
    code = "notifications.time_zone_unknown"
    kind = Kind.INVALID
    message = "There is no such time zone. Choose one of the list, Europe/Berlin for example."
    field = "time_zone"


class QuietHoursInvalid(Refusal):
    code = "notifications.quiet_hours_invalid"
    kind = Kind.INVALID
    message = "Quiet hours have a beginning and an end, two different times such as 22:00 and 07:00."
    field = "quiet_from"


class ChannelWithoutDigest(Refusal):
    code = "notifications.channel_without_digest"
    kind = Kind.INVALID
    message = "Only e-mail has a digest; over the other channels something is told at once or not at all."
    field = "modes"
