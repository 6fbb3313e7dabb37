"""What is refused to who looks into the running system."""

from threadly.platform.errors import Kind, Refusal

__all__ = [
    "DeadLetterMissing",
    "ProcessGone",
    "ProfileLengthWrong",
    "ProfileMissing",
    "ProfileRunning",
    "ProfileUnfinished",
    "SamplingShareWrong",
    "SamplingTooLong",
    "SearchUnclear",
]


class DeadLetterMissing(Refusal):
    code = "admin.dead_letter_missing"
    kind = Kind.MISSING
    message = "There is no such dead letter (any more): it was retried or dropped, or is being tried again."


class SearchUnclear(Refusal):
    code = "admin.search_unclear"
    kind = Kind.INVALID
    message = "That is no search that can be made."
    field = "q"


class SamplingTooLong(Refusal):
    code = "admin.sampling_too_long"
    kind = Kind.INVALID
    message = "Say how long in whole minutes, from 1 to 1,440: it ends by itself within a day."
    field = "minutes"


class SamplingShareWrong(Refusal):
    code = "admin.sampling_share_wrong"
    kind = Kind.INVALID
    message = "The share is above 0 and at most 1 (100%)."
    field = "share"


class ProfileLengthWrong(Refusal):
    code = "admin.profile_length_wrong"
    kind = Kind.INVALID
    message = "A profile takes 5 to 60 seconds."
    field = "seconds"


class ProcessGone(Refusal):
    code = "admin.process_gone"
    kind = Kind.MISSING
    message = "This process has ended. Choose one that runs."
    field = "process_id"


class ProfileRunning(Refusal):
    code = "admin.profile_running"
    kind = Kind.CONFLICT
    message = "This process is being profiled already. Wait until that is done."
    field = "process_id"


class ProfileMissing(Refusal):
    code = "admin.profile_missing"
    kind = Kind.MISSING
    message = "There is no such profile. Old ones are dropped."


class ProfileUnfinished(Refusal):
    code = "admin.profile_unfinished"
    kind = Kind.CONFLICT
    message = "This profile has nothing to show: it is not done, or its process ended first."
