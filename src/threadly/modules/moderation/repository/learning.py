"""What the moderators' decisions teach the spam score."""

from types import NoneType

import msgspec

from threadly.platform.db import sql


class Verdicts(msgspec.Struct, frozen=True):
    """What a case says of spam: `features` of its text, the decision in force, what was learned so far."""

    features: list[str]
    action: str | None
    hides: bool | None
    about_spam: bool
    learned_spam: bool | None
    learned_features: list[str] | None


FIND_VERDICT = sql(
    "moderation.find_verdict",
    """
    SELECT c.features, d.action, d.hides,
        c.reasons <> '[]' OR EXISTS (
            SELECT FROM moderation.reports r WHERE r.case_id = c.id AND r.reason = 'spam'
        ) AS about_spam,
        l.spam AS learned_spam, l.features AS learned_features
    FROM moderation.cases c
    LEFT JOIN moderation.decisions d ON d.case_id = c.id AND d.undone_at IS NULL
    LEFT JOIN moderation.learned l ON l.case_id = c.id
    WHERE c.id = $1 FOR UPDATE OF c
    """,
    into=Verdicts,
)
# $2 and $3 are added to what is counted of each feature; in the order of the features, so that two of these
# at once do not wait for each other.
COUNT_LESSON = sql(
    "moderation.count_lesson",
    """
    INSERT INTO moderation.lessons AS l (feature, spam, ham)
    SELECT feature, greatest($2::int, 0), greatest($3::int, 0) FROM unnest($1::text[]) AS given (feature)
    ORDER BY feature
    ON CONFLICT (tenant_id, feature) DO UPDATE
    SET spam = greatest(l.spam + $2::int, 0), ham = greatest(l.ham + $3::int, 0)
    """,
    into=NoneType,
)
REMEMBER_LESSON = sql(
    "moderation.remember_lesson",
    """
    INSERT INTO moderation.learned (case_id, spam, features) VALUES ($1, $2, $3)
    ON CONFLICT (case_id) DO UPDATE SET spam = EXCLUDED.spam, features = EXCLUDED.features
    """,
    into=NoneType,
)
FORGET_LESSON = sql(
    "moderation.forget_lesson", "DELETE FROM moderation.learned WHERE case_id = $1", into=NoneType
)
