"""A Slurm of the test's own: a controller and two nodes of one core each, all on this host."""

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "scontrol")
REASON = "no Slurm here, or not root (Debian: apt-get install slurm-wlm munge)"
CONFIGURATION = """
ClusterName=test
SlurmctldHost=localhost
SlurmctldPort={ports[0]}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={home}/munge
StateSaveLocation={home}/state
SlurmdSpoolDir={home}/spool-%n
SlurmctldPidFile={home}/slurmctld.pid
SlurmdPidFile={home}/%n.pid
SlurmctldLogFile={home}/slurmctld.log
SlurmdLogFile={home}/%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
KillWait=30
MpiDefault=none
NodeName=n1 NodeHostname=localhost Port={ports[1]} CPUs=1
NodeName=n2 NodeHostname=localhost Port={ports[2]} CPUs=1
PartitionName=main Nodes=n1,n2 Default=YES State=UP MaxTime=INFINITE
"""


@dataclass(frozen=True)
class Slurm:
    """A running cluster.

    Attributes:
        folder: in which jobs are submitted; their logs are there.
        environment: of every Slurm command.
    """

    folder: Path
    environment: dict[str, str]

    def call(self, *words: str) -> str:
        """What a Slurm command prints."""
        done = subprocess.run(words, cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def submit(self, script: str, *options: str) -> str:
        """Submit a batch script; its job's number."""
        path = self.folder / "job.sh"
        path.write_text(script, encoding="utf-8")
        return self.call("sbatch", "--parsable", *options, str(path))

    def states(self, job: str) -> dict[str, dict[str, str]]:
        """What the controller says of each task of an array (or of a job), by its number in the array."""
        found = {}
        for line in self.call("scontrol", "--oneliner", "show", "job", job).splitlines():
            said = dict(word.split("=", 1) for word in line.split() if "=" in word)
            found[said.get("ArrayTaskId", "")] = said
        return found

    def wait(self, job: str, seconds: float) -> dict[str, dict[str, str]]:
        """Wait until no task of a job is left in the queue or running."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found = self.states(job)
            if not {said["JobState"] for said in found.values()} & {"PENDING", "RUNNING", "COMPLETING", "REQUEUED"}:
                return found
            time.sleep(0.5)
        raise AssertionError(f"job {job} has not ended: {self.states(job)}\n{self.logs()}")

    def logs(self) -> str:
        """What all jobs printed."""
        return "\n".join(f"{one.name}:\n{one.read_text('utf-8')}" for one in sorted(self.folder.glob("slurm-*.out")))


@contextlib.contextmanager
def cluster(folder: Path) -> Iterator[Slurm]:
    """Start Slurm; jobs are submitted in `folder`. Skips where there is none."""
    search = f"{os.environ['PATH']}:/usr/sbin:/sbin"
    if os.geteuid() != 0 or any(shutil.which(one, path=search) is None for one in PROGRAMS):
        pytest.skip(REASON)
    home = Path(tempfile.mkdtemp(prefix="airybench-slurm-"))
    (home / "state").mkdir()
    (home / "key").write_bytes(os.urandom(128))
    (home / "key").chmod(0o600)
    (home / "slurm.conf").write_text(CONFIGURATION.format(home=home, ports=_free_ports(3)), encoding="utf-8")
    environment = {**os.environ, "PATH": search, "SLURM_CONF": str(home / "slurm.conf")}
    slurm, processes = Slurm(folder, environment), []
    try:
        for words in (
            ["munged", "--foreground", "--force", f"--key-file={home}/key", f"--socket={home}/munge",
             f"--pid-file={home}/munge.pid", f"--log-file={home}/munge.log", f"--seed-file={home}/munge.seed"],
            ["slurmctld", "-D"], ["slurmd", "-D", "-N", "n1"], ["slurmd", "-D", "-N", "n2"],
        ):  # fmt: skip
            with open(home / "said", "ab") as said:
                processes.append(subprocess.Popen(words, env=environment, stdout=said, stderr=said, cwd=home))
            time.sleep(0.5)
        end = time.monotonic() + 60
        while subprocess.run(["sinfo", "--noheader", "--states=idle", "--format=%D"], env=environment, check=False,
                             capture_output=True, text=True).stdout.strip() != "2":  # fmt: skip
            assert time.monotonic() < end, (home / "said").read_text("utf-8")
            time.sleep(0.2)
        yield slurm
    finally:
        with contextlib.suppress(AssertionError):
            slurm.call("scancel", "--full", "--state=RUNNING")
        for process in reversed(processes):
            process.terminate()
            process.wait(60)
        shutil.rmtree(home, ignore_errors=True)


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
