"""A real Slurm of one node, run from a folder of its own beside whatever else the machine has: munged, slurmctld
and slurmd, without systemd, cgroups or accounting.

`python tests/slurm/single_node.py COMMAND ...` starts it, runs the command in its environment and stops it.
"""

import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "squeue", "scancel", "scontrol")
SYSTEM_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
NODE = "node1"
START_S = 60.0

CONFIGURATION = """\
ClusterName=single
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller_port}
SlurmdPort={node_port}
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket
SlurmUser={user}
SlurmdUser={user}
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/linux
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerParameters=batch_sched_delay=0,sched_interval=2,bf_interval=2
SlurmdParameters=config_overrides
MpiDefault=none
ReturnToService=2
MinJobAge=300
KillWait={kill_wait_s}
NodeName={node} NodeHostname={host} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory={memory_mb} State=UNKNOWN
PartitionName=main Nodes={node} Default=YES MaxTime=INFINITE State=UP
"""


def missing_programs() -> list[str]:
    """The programs of Slurm and munge that this machine lacks."""
    return [name for name in PROGRAMS if shutil.which(name, path=SYSTEM_PATH) is None]


@dataclass(frozen=True)
class SingleNode:
    """A running Slurm; `environment` is what a process needs to speak to it."""

    folder: Path
    environment: Mapping[str, str]

    def call(self, *command: object) -> str:
        """The output of one of Slurm's commands. Raises CalledProcessError when it fails."""
        words = [str(word) for word in command]
        return subprocess.run(
            words, env=dict(self.environment), capture_output=True, text=True, check=True
        ).stdout.strip()

    def jobs(self, *options: str, fields: str = "%i|%T|%j") -> list[list[str]]:
        """The jobs in the queue, array elements one by one: by default id, state and name."""
        rows = self.call("squeue", "--noheader", "--array", f"--format={fields}", *options)
        return [row.split("|") for row in rows.splitlines()]

    def set_node(self, state: str) -> None:
        """Set the node `down`, `drain` or `resume`."""
        self.call("scontrol", "update", f"nodename={NODE}", f"state={state}", "reason=test")

    def node_state(self) -> str:
        """What Slurm thinks of the node, such as idle or down."""
        return self.call("sinfo", "--noheader", "--format=%T", f"--nodes={NODE}")

    def wait_until_empty(self, seconds: float = 60.0) -> None:
        """Wait for the queue to be empty."""
        wait_for(lambda: not self.jobs(), seconds, "an empty queue")


def wait_for(happened: Callable[[], object], seconds: float, what: str) -> None:
    """Wait until something is so. Raises TimeoutError naming it when it takes longer than `seconds`."""
    deadline = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {seconds:.0f} s for {what}")
        time.sleep(0.2)


@contextmanager
def single_node(*, kill_wait_s: int = 10) -> Iterator[SingleNode]:
    """Slurm for the block; every process of it has ended after it.

    kill_wait_s: what Slurm leaves a job between SIGTERM and SIGKILL.
    """
    with tempfile.TemporaryDirectory(prefix="slurm-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        for part in ("munge", "state", "spool"):
            (folder / part).mkdir()
        (folder / "slurm.conf").write_text(_configuration(folder, kill_wait_s))
        environment = _environment(folder)
        node = SingleNode(folder, environment)
        started: list[subprocess.Popen[bytes]] = []
        try:
            started.append(_started(_munged(folder), folder, environment))
            wait_for((folder / "munge" / "socket").exists, START_S, "munged")
            for command in (["slurmctld", "-D"], ["slurmd", "-D"]):
                started.append(_started(command, folder, environment))
            wait_for(lambda: _is_idle(node), START_S, f"the node (see {folder})")
            yield node
            node.call("scancel", f"--user={pwd.getpwuid(os.geteuid()).pw_name}")
            node.wait_until_empty()
        finally:
            for process in reversed(started):
                process.terminate()
                process.wait(timeout=START_S)


def _environment(folder: Path) -> dict[str, str]:
    """What leads to this Slurm. Snakemake's plugin drops SLURM_CONF before it calls srun, which finds it by itself
    where Slurm is configured in /etc; here a wrapper gives it back."""
    wrapper = folder / "bin" / "srun"
    wrapper.parent.mkdir()
    wrapper.write_text(
        f'#!/bin/sh\nSLURM_CONF={folder}/slurm.conf exec {shutil.which("srun", path=SYSTEM_PATH)} "$@"\n'
    )
    wrapper.chmod(0o755)
    return os.environ | {"SLURM_CONF": str(folder / "slurm.conf"), "PATH": f"{wrapper.parent}:{SYSTEM_PATH}"}


def _configuration(folder: Path, kill_wait_s: int) -> str:
    controller_port, node_port = _free_ports(2)
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return CONFIGURATION.format(
        folder=folder,
        host=socket.gethostname().split(".")[0],
        user=pwd.getpwuid(os.geteuid()).pw_name,
        node=NODE,
        cpus=os.cpu_count(),
        memory_mb=pages // 2**20 * 9 // 10,
        controller_port=controller_port,
        node_port=node_port,
        kill_wait_s=kill_wait_s,
    )


def _munged(folder: Path) -> list[str]:
    """The call of munged with a new key, everything in its own folder."""
    munge = folder / "munge"
    (munge / "key").write_bytes(os.urandom(1024))
    (munge / "key").chmod(0o400)
    return [
        *("munged", "--foreground", "--force", "--num-threads=2"),
        *(f"--{name}-file={munge / name}" for name in ("key", "log", "pid", "seed")),
        f"--socket={munge / 'socket'}",
    ]


def _started(command: list[str], folder: Path, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    program = shutil.which(command[0], path=SYSTEM_PATH) or command[0]
    with (folder / f"{command[0]}.out").open("wb") as out:
        return subprocess.Popen([program, *command[1:]], env=dict(environment), stdout=out, stderr=out)


def _is_idle(node: SingleNode) -> bool:
    try:
        return node.node_state() == "idle"
    except subprocess.CalledProcessError:
        return False


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


if __name__ == "__main__":
    with single_node() as running:
        sys.exit(subprocess.run(sys.argv[1:], env=dict(running.environment), check=False).returncode)
