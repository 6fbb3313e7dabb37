"""What the atlas refuses."""

from threadly.platform.errors import Kind, Refusal

__all__ = [
    "ConceptMissing",
    "ExperimentMissing",
    "ExperimentNotOffered",
    "ExperimentRunning",
    "ExperimentsElsewhere",
    "ExperimentsOff",
    "JourneyMissing",
    "MayNotFollow",
    "NotFollowing",
    "SourceMissing",
    "TooManyExperiments",
    "TooManyShares",
]


class ConceptMissing(Refusal):
    code = "atlas.concept_missing"
    kind = Kind.MISSING
    message = "There is no card of that name; /map/concepts lists them all."


class SourceMissing(Refusal):
    code = "atlas.source_missing"
    kind = Kind.MISSING
    message = "There is no such file in the source; the cards at /map/concepts link to what there is."


class JourneyMissing(Refusal):
    code = "atlas.journey_missing"
    kind = Kind.MISSING
    message = "There is no such journey here. It may be too old, or somebody else's."


class MayNotFollow(Refusal):
    code = "atlas.may_not_follow"
    kind = Kind.DENIED
    message = "Following clicks through the system takes a permission that you do not have."


class NotFollowing(Refusal):
    code = "atlas.not_following"
    kind = Kind.DENIED
    message = "Your clicks are not followed. Turn that on at /map first."


class ExperimentsOff(Refusal):
    code = "atlas.experiments_off"
    kind = Kind.DENIED
    message = (
        "Experiments are off here. Who runs this installation turns them on with THREADLY_EXPERIMENTS=true."
    )


class ExperimentsElsewhere(Refusal):
    code = "atlas.experiments_elsewhere"
    kind = Kind.DENIED
    message = "Experiments hurt every community of this installation, so only its first one has them."


class ExperimentNotOffered(Refusal):
    code = "atlas.experiment_not_offered"
    kind = Kind.CONFLICT
    message = "This experiment is not possible here: nothing of ours stands in front of what it acts on."


class ExperimentRunning(Refusal):
    code = "atlas.experiment_running"
    kind = Kind.CONFLICT
    message = "One of this kind is running already. End it first, or wait until it is over."


class ExperimentMissing(Refusal):
    code = "atlas.experiment_missing"
    kind = Kind.MISSING
    message = "There is no such experiment."


class TooManyExperiments(Refusal):
    code = "atlas.too_many_experiments"
    kind = Kind.LIMITED
    message = "That were many experiments within a minute. Please look at one of them first."


class TooManyShares(Refusal):
    code = "atlas.too_many_shares"
    kind = Kind.CONFLICT
    message = "There are as many links to this journey as there may be. Withdraw them, then share it anew."
