"""Child processes that never outlive their parent, and what can be learned of a process from its id.

Linux tells a child when the thread that started it ends (PR_SET_PDEATHSIG). Elsewhere a child can outlive a
killed parent; whoever starts the same thing again has to look for what was left (postgres.py and valkey.py
do).
"""

import contextlib
import ctypes
import os
import pwd
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

__all__ = [
    "Account",
    "Child",
    "NotStarted",
    "account_for",
    "command_line",
    "find_closed_directory",
    "is_running",
    "poll_until",
    "run_to_end",
    "send_signal",
    "working_directory",
]

_PR_SET_PDEATHSIG = 1
_PR_SET_SECUREBITS = 28
# Leaves the capabilities alone when the user changes, and makes access(2), which PostgreSQL's programs ask
# before they start each other, count them.
_SECBIT_NO_SETUID_FIXUP = 1 << 2
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_RAISE = 2
_CAPABILITY_VERSION = 0x20080522  # _LINUX_CAPABILITY_VERSION_3
# CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH; containers often have the first only.
_PASSING_CAPABILITIES = (1, 2)
_KILL_TIMEOUT_S = 5.0
_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class NotStarted(Exception):
    """A server or a program could not be started; the message is one line that says how to mend it."""


@dataclass(frozen=True, kw_only=True)
class Account:
    """An unprivileged user that a child runs as.

    With `passes_closed_doors` it keeps root's one right to enter any directory (Linux): a checkout or a home
    below /root is closed to others, and must work all the same.
    """

    name: str
    uid: int
    gid: int
    passes_closed_doors: bool = False


class Child:
    """A running child, leader of a session of its own: Ctrl-C in the terminal reaches its parent only.

    When this process dies, however it dies, the child gets `death_signal` (Linux). It must be started from
    the main thread, since the kernel sends that signal as soon as the starting *thread* ends.
    """

    def __init__(
        self,
        command: Sequence[str | Path],
        *,
        environ: Mapping[str, str] | None = None,
        output: IO[bytes] | None = None,
        account: Account | None = None,
        death_signal: signal.Signals = signal.SIGTERM,
    ) -> None:
        if threading.current_thread() is not threading.main_thread():
            raise RuntimeError(
                "Child processes are started from the main thread: they die with their thread."
            )
        bind = _bound_to_this_process(death_signal, account)
        try:
            with _stop_signals_held():
                self._process = subprocess.Popen(
                    command,
                    env=environ,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    start_new_session=True,
                    preexec_fn=bind,
                )
        except (OSError, subprocess.SubprocessError) as error:
            raise NotStarted(_cannot_run(command, account, error)) from error

    @property
    def pid(self) -> int:
        return self._process.pid

    def exit_code(self) -> int | None:
        """None while it runs; minus the signal's number when a signal ended it."""
        if self._process.returncode is None and self._process.poll() is not None:
            # What it started itself must not outlive it. The group's id is free for others only when the
            # group is empty, and cannot have been given away again in the instant since.
            self._signal_group(signal.SIGKILL)
        return self._process.returncode

    def send(self, number: signal.Signals) -> None:
        if self.exit_code() is None:
            self._process.send_signal(number)

    def wait(self, *, timeout_s: float) -> int | None:
        """The exit code, or None when it still runs after `timeout_s`."""
        poll_until(lambda: self.exit_code() is not None, timeout_s=timeout_s)
        return self.exit_code()

    def stop(self, *stages: tuple[signal.Signals, float]) -> None:
        """Send each signal in turn, giving it its seconds to work; SIGKILL to the whole group in the end."""
        for number, timeout_s in stages:
            self.send(number)
            if self.wait(timeout_s=timeout_s) is not None:
                return
        self._signal_group(signal.SIGKILL)
        self.wait(timeout_s=_KILL_TIMEOUT_S)

    def _signal_group(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)


def run_to_end(
    command: Sequence[str | Path],
    *,
    stdin: str = "",
    environ: Mapping[str, str] | None = None,
    account: Account | None = None,
    timeout_s: float,
) -> str:
    """The standard output of a short command that must succeed. Raises NotStarted with its last complaint."""
    bind = _bound_to_this_process(signal.SIGKILL, account)
    try:
        with _stop_signals_held():
            process = subprocess.Popen(
                command,
                env=environ,
                text=True,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
                preexec_fn=bind,
            )
        with process:
            try:
                said, complained = process.communicate(stdin, timeout=timeout_s)
            except BaseException:
                process.kill()
                raise
    except subprocess.TimeoutExpired as error:
        raise NotStarted(f"{Path(command[0]).name} did not finish within {timeout_s:.0f} s.") from error
    except (OSError, subprocess.SubprocessError) as error:
        raise NotStarted(_cannot_run(command, account, error)) from error
    if process.returncode:
        complaint = (complained or said).strip().splitlines() or [f"exit code {process.returncode}"]
        raise NotStarted(f"{Path(command[0]).name} failed: {complaint[-1]}")
    return said


def _bound_to_this_process(death_signal: signal.Signals, account: Account | None) -> Callable[[], None]:
    """What a child does before exec; the death signal last, since changing the user clears it."""
    parent = os.getpid()
    signals = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    libc = ctypes.CDLL(None) if sys.platform == "linux" else None

    def bind() -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, signals)
        if account is not None:
            _become(account, libc)
        if libc is None:
            return
        libc.prctl(_PR_SET_PDEATHSIG, int(death_signal))
        if os.getppid() != parent:  # it died before we asked
            os._exit(1)

    return bind


@contextlib.contextmanager
def _stop_signals_held() -> Iterator[None]:
    """They come after the block. What a handler raises just after a fork would be lost: Python then runs the
    callbacks of `os.register_at_fork`, logging's for one, and ignores what they raise."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _STOP_SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _become(account: Account, libc: ctypes.CDLL | None) -> None:
    keeps = account.passes_closed_doors and libc is not None
    if libc is not None and keeps:
        libc.prctl(_PR_SET_SECUREBITS, _SECBIT_NO_SETUID_FIXUP)
    os.setgroups([])
    os.setgid(account.gid)
    os.setuid(account.uid)
    if libc is not None and keeps:
        _keep_passing(libc)


def _keep_passing(libc: ctypes.CDLL) -> None:
    """Give up all that root may do but to enter directories, which then survives exec: capabilities(7)."""
    for wanted in (_PASSING_CAPABILITIES, _PASSING_CAPABILITIES[:1]):
        mask = sum(1 << each for each in wanted)
        header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION, 0)
        sets = (ctypes.c_uint32 * 6)(mask, mask, mask)  # effective, permitted, inheritable; the rest empty
        if libc.capset(header, sets) == 0:
            for each in wanted:
                libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, each, 0, 0)
            return


def _cannot_run(command: Sequence[str | Path], account: Account | None, error: Exception) -> str:
    who = f" as the user {account.name}" if account else ""
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return f"{command[0]} could not be run{who}: {reason}."


def account_for(directory: Path) -> Account | None:
    """Whom a server with its data in `directory` runs as: None for ourselves.

    Only root changes: to the directory's owner unless that is root, else to `postgres`, else to `nobody`.
    """
    if os.geteuid() != 0:
        return None
    with contextlib.suppress(FileNotFoundError, KeyError):
        owner = pwd.getpwuid(directory.stat().st_uid)
        if owner.pw_uid != 0:
            return _account(owner)
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return _account(pwd.getpwnam(name))
    raise NotStarted(
        "PostgreSQL does not run as root, and there is neither a user postgres nor nobody to run it as: "
        "start Threadly as an ordinary user, or set DATABASE_URL."
    )


def _account(entry: pwd.struct_passwd) -> Account:
    return Account(name=entry.pw_name, uid=entry.pw_uid, gid=entry.pw_gid)


def find_closed_directory(paths: Iterable[Path], *, account: Account) -> Path | None:
    """The first directory on the way to any of `paths` that `account` may not enter.

    The kernel is asked, as that user, so access lists count too.
    """
    on_the_way = dict.fromkeys(parent for path in paths for parent in reversed(path.parents))
    ask = 'for d do [ -x "$d" ] || { printf %s "$d"; exit 0; }; done'
    closed = run_to_end(["/bin/sh", "-c", ask, "sh", *on_the_way], account=account, timeout_s=5.0)
    return Path(closed) if closed else None


def poll_until(condition: Callable[[], bool], *, timeout_s: float, interval_s: float = 0.01) -> bool:
    """Whether `condition` came true within `timeout_s`."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() >= deadline:
            return False
        time.sleep(interval_s)
    return True


def is_running(pid: int) -> bool:
    """Whether `pid` runs. A zombie, ended but not yet reaped by its parent, does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # it exists, and is someone else's
    return _state(pid) not in ("", "Z", "X")


def _state(pid: int) -> str:
    """One letter as in `ps`; empty when there is no such process."""
    if sys.platform != "linux":
        return _ask_ps(pid, "stat")[:1]
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return ""
    return stat.rpartition(")")[2].split()[0]  # the name before it may hold anything, parentheses too


def working_directory(pid: int) -> Path | None:
    """Where `pid` works, as far as we may know it (Linux only). A zombie works nowhere."""
    try:
        return Path(f"/proc/{pid}/cwd").readlink()
    except OSError:
        return None


def command_line(pid: int) -> str:
    """What `pid` was started as, or calls itself now; empty when that cannot be known."""
    if sys.platform != "linux":
        return _ask_ps(pid, "command")
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(errors="replace").replace("\0", " ").strip()
    except OSError:
        return ""


def send_signal(pid: int, number: signal.Signals) -> None:
    """Send it, unless the process has gone already."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def _ask_ps(pid: int, column: str) -> str:
    asked = subprocess.run(
        ["/bin/ps", "-o", f"{column}=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return asked.stdout.strip()
