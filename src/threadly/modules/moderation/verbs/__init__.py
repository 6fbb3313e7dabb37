"""What moderation can do; each verb takes a Work first."""
