"""The supervisor as a process of its own, with real children; what they did is read from a journal file."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis

from threadly.platform.embedded import EmbeddedValkey
from threadly.platform.embedded.process import is_running, poll_until

# Each child notes its start and its stop, and has a child of its own that would outlive it.
SUPERVISOR = """
import signal
import sys
from pathlib import Path
from threadly.platform.progress import Progress
from threadly.platform.supervisor import Program, Supervisor

journal = Path(sys.argv[1])
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # whoever started the tests may have ignored it, as nohup does
CHILD = '''
note() { echo "$1 $2 $3" >> "$JOURNAL"; }
sleep 60 & inner=$!
note NAME started "$$ $inner"
trap 'note NAME stopped; exit 0' TERM
while :; do wait; done
'''

def child(name, script=None, **options):
    command = ["/bin/sh", "-c", (script or CHILD).replace("NAME", name)]
    return Program(name, command, environ={"JOURNAL": str(journal), "PATH": "/usr/bin:/bin"}, **options)

def noted(text):
    return lambda: journal.exists() and text in journal.read_text()

"""


class Run:
    """A supervisor over the programs that `body` makes."""

    def __init__(self, journal: Path, body: str) -> None:
        self._journal = journal
        self.process = subprocess.Popen(
            [sys.executable, "-c", SUPERVISOR + body, str(journal)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def notes(self) -> list[str]:
        """`name event`, in order."""
        return [" ".join(words[:2]) for words in self._lines()]

    def pids(self, name: str = "") -> list[int]:
        """Of every child called `name` (all without) and of its own child."""
        started = [words for words in self._lines() if words[1] == "started" and name in ("", words[0])]
        return [int(pid) for words in started for pid in words[2:]]

    def wait_for(self, note: str, times: int = 1) -> None:
        assert poll_until(lambda: self.notes().count(note) >= times, timeout_s=30.0), self.notes()

    def finish(self) -> tuple[int, str, str]:
        """Its exit code, output and complaints, once no process is left."""
        output, complaints = self.process.communicate(timeout=60)
        assert poll_until(lambda: not any(map(is_running, self.pids())), timeout_s=30.0)
        return self.process.returncode, output, complaints

    def clear_away(self) -> None:
        """See that a failed test leaves nothing running."""
        self.process.kill()
        for pid in filter(is_running, self.pids()):
            os.kill(pid, signal.SIGKILL)

    def _lines(self) -> list[list[str]]:
        return (
            [line.split() for line in self._journal.read_text().splitlines()]
            if self._journal.exists()
            else []
        )


@pytest.fixture
def supervise(tmp_path: Path) -> Iterator[Callable[[str], Run]]:
    runs: list[Run] = []

    def supervise(body: str) -> Run:
        runs.append(Run(tmp_path / "journal", body))
        return runs[-1]

    yield supervise
    for run in runs:
        run.clear_away()


TWO = """
programs = [child("web", ready=noted("web started")), child("worker")]
sys.exit(Supervisor(programs, progress=Progress()).run())
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_programs_stop_in_reverse_order_on_a_stop_signal(
    supervise: Callable[[str], Run], number: signal.Signals
) -> None:
    run = supervise(TWO)
    run.wait_for("worker started")

    run.process.send_signal(number)
    code, output, complaints = run.finish()

    assert run.notes() == ["web started", "worker started", "worker stopped", "web stopped"]
    assert (code, complaints) == (0, "")
    assert [line.split(" (")[0] for line in output.splitlines()] == ["✓ web ready", "✓ worker ready"]


def test_stop_signal_before_all_are_ready_stops_what_was_started(supervise: Callable[[str], Run]) -> None:
    run = supervise('sys.exit(Supervisor([child("web", ready=lambda: False), child("worker")]).run())')
    run.wait_for("web started")

    run.process.send_signal(signal.SIGTERM)
    code, _, _ = run.finish()

    assert (code, run.notes()) == (0, ["web started", "web stopped"])


def test_terminals_interrupt_does_not_reach_the_children(supervise: Callable[[str], Run]) -> None:
    run = supervise(TWO)
    run.wait_for("worker started")

    stat = Path(f"/proc/{run.pids('web')[0]}/stat").read_text().split()

    assert int(stat[4]) == int(stat[5]) == run.pids("web")[0]  # its process group and session are its own
    run.process.terminate()
    run.finish()


def test_nothing_is_left_when_the_supervisor_is_killed(supervise: Callable[[str], Run]) -> None:
    # A program answers for its own children when there is no supervisor left to do it.
    run = supervise("CHILD = CHILD.replace('note NAME stopped', 'kill $inner')\n" + TWO)
    run.wait_for("worker started")

    run.process.kill()
    run.finish()


def test_program_that_dies_is_started_again_without_what_it_left(supervise: Callable[[str], Run]) -> None:
    run = supervise(TWO)
    run.wait_for("worker started")
    web, inner = run.pids("web")

    subprocess.run(["/bin/kill", "-KILL", str(web)], check=True)
    run.wait_for("web started", times=2)

    assert not is_running(inner)
    assert run.notes().count("worker started") == 1
    run.process.terminate()
    code, output, _ = run.finish()
    assert code == 0
    assert "! web was ended by SIGKILL; starting it again in 0.2 s" in output


def test_program_that_keeps_dying_stops_everything_with_a_sentence(supervise: Callable[[str], Run]) -> None:
    mortal = "'echo NAME started $$ >> \"$JOURNAL\"; sleep 0.05; exit 3'"
    run = supervise(
        f'sys.exit(Supervisor([child("web"), child("mortal", {mortal})], restarts=2, window_s=30).run())'
    )

    code, _, complaints = run.finish()

    assert (code, complaints) == (
        1,
        "mortal ended with exit code 3, 3 times within 30 s: stopping everything.\n",
    )
    assert run.notes().count("mortal started") == 3
    assert run.notes()[-1] == "web stopped"


def test_program_that_ends_before_it_was_ready_is_not_tried_again(supervise: Callable[[str], Run]) -> None:
    run = supervise(
        'sys.exit(Supervisor([child("web"), child("worker", "exit 4", ready=lambda: False)]).run())'
    )

    code, _, complaints = run.finish()

    assert (code, complaints) == (1, "worker ended with exit code 4 before it was ready.\n")
    assert run.notes() == ["web started", "web stopped"]


def test_program_that_is_never_ready_is_given_up(supervise: Callable[[str], Run]) -> None:
    run = supervise('sys.exit(Supervisor([child("web", ready=lambda: False)], ready_timeout_s=0.3).run())')

    code, _, complaints = run.finish()

    assert (code, complaints) == (1, "web was not ready after 0 s.\n")


def test_command_that_does_not_exist_is_named(supervise: Callable[[str], Run]) -> None:
    run = supervise('sys.exit(Supervisor([Program("web", ["/nowhere/web"])]).run())')

    code, _, complaints = run.finish()

    assert (code, complaints) == (1, "/nowhere/web could not be run: No such file or directory.\n")


def test_deaf_program_is_killed_after_its_timeout(supervise: Callable[[str], Run]) -> None:
    deaf = '\'trap "" TERM; sleep 60 & echo NAME started $$ $! >> "$JOURNAL"; while :; do wait; done\''
    run = supervise(f'sys.exit(Supervisor([child("deaf", {deaf}, stop_timeout_s=0.2)]).run())')
    run.wait_for("deaf started")

    began = time.monotonic()
    run.process.terminate()
    code, _, _ = run.finish()

    assert code == 0
    assert 0.2 <= time.monotonic() - began < 15.0  # the default


def test_embedded_server_is_kept_running_too(supervise: Callable[[str], Run], tmp_path: Path) -> None:
    body = f"""
from threadly.platform.embedded import EmbeddedValkey
valkey = EmbeddedValkey(Path({str(tmp_path)!r}) / "home")
with valkey:
    sys.exit(Supervisor([valkey, child("web")], progress=Progress()).run())
"""
    run = supervise(body)
    run.wait_for("web started")
    valkey = EmbeddedValkey(tmp_path / "home")

    with redis.Redis.from_url(valkey.url) as client:
        os.kill(client.info("server")["process_id"], signal.SIGKILL)
    assert poll_until(lambda: not valkey.is_ready(), timeout_s=30.0)
    assert poll_until(valkey.is_ready, timeout_s=30.0)

    run.process.terminate()
    code, output, _ = run.finish()
    assert (code, valkey.is_ready()) == (0, False)
    assert "! Valkey was ended by SIGKILL; starting it again in 0.2 s" in output


def test_stop_signal_before_the_programs_run_unwinds_like_ctrl_c(supervise: Callable[[str], Run]) -> None:
    body = """
import time
from threadly.platform.supervisor import interrupt_on_stop_signals
interrupt_on_stop_signals()
try:
    journal.write_text("script started\\n")
    time.sleep(60)
except KeyboardInterrupt:
    print("unwound")
"""
    run = supervise(body)
    run.wait_for("script started")

    run.process.terminate()

    assert run.finish() == (0, "unwound\n", "")


def test_stop_signal_while_a_child_is_started_is_not_lost(supervise: Callable[[str], Run]) -> None:
    body = """
import os
from threadly.platform.embedded.process import Child
from threadly.platform.supervisor import interrupt_on_stop_signals
interrupt_on_stop_signals()
os.register_at_fork(after_in_parent=lambda: os.kill(os.getpid(), signal.SIGTERM))
try:
    Child(["/bin/true"])
except KeyboardInterrupt:
    print("unwound")
"""
    run = supervise(body)

    assert run.finish() == (0, "unwound\n", "")


def test_supervisor_imports_nothing_but_the_standard_library(supervise: Callable[[str], Run]) -> None:
    body = """
print(*{name.partition(".")[0] for name in sys.modules} - set(sys.stdlib_module_names))
"""
    run = supervise(body)

    _, output, _ = run.finish()

    # Some environments add import hooks of their own, with a leading underscore, to every process.
    assert {name for name in output.split() if not name.startswith("_")} == {"threadly"}
