"""Running processes, raised sampling, profiles."""

# ruff: noqa: S608  # only this module's own constants are put into SQL

from types import NoneType

from threadly.modules.admin.types.processes import Order, Process, ProfileSummary, Raised
from threadly.platform.db import sql

RAISED = "id, share, raised_by, raised_at, until"
PROFILE = "id, process, seconds, state, asked_by, asked_at, due_at, samples, idle_samples, cpu_s, took_s"

ATTEND = sql(
    "admin.attend",
    "SELECT share, left_s, profile_id, tenant_id, seconds FROM admin.attend($1, $2, $3, $4)",
    into=Order,
)
LEAVE = sql("admin.leave", "SELECT admin.leave($1)", into=int)
LIST_PROCESSES = sql(
    "admin.list_processes",
    "SELECT id, name, host, started_at, seen_at FROM admin.living_processes()",
    into=Process,
)
FORGET_PROCESSES = sql("admin.forget_processes", "SELECT admin.forget_processes()", into=int)

FIND_RAISED = sql(
    "admin.find_raised_sampling",
    f"""
    SELECT {RAISED} FROM admin.sampling WHERE ended_at IS NULL AND until > $1
    ORDER BY share DESC, until DESC LIMIT 1
    """,
    into=Raised,
)
RAISE_SAMPLING = sql(
    "admin.raise_sampling",
    f"""
    INSERT INTO admin.sampling (id, share, raised_by, raised_at, until) VALUES ($1, $2, $3, $4, $5)
    RETURNING {RAISED}
    """,
    into=Raised,
)
END_SAMPLING = sql(
    "admin.end_sampling",
    "UPDATE admin.sampling SET ended_at = $1 WHERE ended_at IS NULL AND until > $1",
    into=NoneType,
)
FORGET_SAMPLING = sql(
    "admin.forget_sampling",
    """
    DELETE FROM admin.sampling WHERE id IN (
        SELECT id FROM admin.sampling WHERE until < $1 ORDER BY id LIMIT $2)
    """,
    into=NoneType,
)

# One that its process never took up, or never finished.
GIVE_PROFILES_UP = sql(
    "admin.give_profiles_up",
    "UPDATE admin.profiles SET state = 'lost' WHERE state IN ('asked', 'running') AND due_at < $1",
    into=NoneType,
)
ASK_FOR_PROFILE = sql(
    "admin.ask_for_profile",
    f"""
    INSERT INTO admin.profiles (id, process_id, process, seconds, state, asked_by, asked_at, due_at)
    VALUES ($1, $2, $3, $4, 'asked', $5, $6, $7)
    ON CONFLICT (process_id) WHERE state IN ('asked', 'running') DO NOTHING
    RETURNING {PROFILE}
    """,
    into=ProfileSummary,
)
STORE_PROFILE = sql(
    "admin.store_profile",
    """
    UPDATE admin.profiles
    SET state = 'done', samples = $2, idle_samples = $3, cpu_s = $4, took_s = $5, stacks = $6
    WHERE id = $1
    """,
    into=NoneType,
)
LIST_PROFILES = sql(
    "admin.list_profiles",
    f"SELECT {PROFILE} FROM admin.profiles WHERE id < $1 ORDER BY id DESC LIMIT $2",
    into=ProfileSummary,
)
FIND_PROFILE = sql(
    "admin.find_profile", f"SELECT {PROFILE} FROM admin.profiles WHERE id = $1", into=ProfileSummary
)
FIND_STACKS = sql("admin.find_stacks", "SELECT stacks FROM admin.profiles WHERE id = $1", into=bytes)
FORGET_PROFILES = sql(
    "admin.forget_profiles",
    """
    DELETE FROM admin.profiles WHERE id IN (
        SELECT p.id FROM admin.profiles p WHERE p.tenant_id = platform.tenant_id()
        ORDER BY p.id DESC OFFSET $1)
    """,
    into=NoneType,
)
