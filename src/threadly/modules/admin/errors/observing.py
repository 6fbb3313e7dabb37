"""What they are refused who look at objectives and alerts."""

from threadly.platform.errors import Kind, Refusal

__all__ = ["ObjectiveMissing", "RunbookMissing", "SilenceInvalid", "SilenceMissing"]


class ObjectiveMissing(Refusal):
    code = "admin.objective_missing"
    kind = Kind.MISSING
    message = "There is no such objective."


class RunbookMissing(Refusal):
    code = "admin.runbook_missing"
    kind = Kind.MISSING
    message = "There is no such runbook here."


class SilenceMissing(Refusal):
    code = "admin.silence_missing"
    kind = Kind.MISSING
    message = "There is no such silence, or it is over."


class SilenceInvalid(Refusal):
    code = "admin.silence_invalid"
    kind = Kind.INVALID
    message = "Say which alerts to silence, for how long and why."
