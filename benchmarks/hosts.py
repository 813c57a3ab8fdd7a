"""Machines without machines: namespaces of the kernel (namespaces(7)), each with a network, a name,
processes and folders of its own, joined by a bridge that can be cut. They take root, `ip` and
`unshare`."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import psutil

NETWORK = "10.77.0"
CLONE_NEWNET = 0x40000000
FIRST_PROCESS = "while :; do sleep 3600 & wait $!; done"
"""Buries what its host's processes leave behind, as the first process of a machine has to."""


def obstacle() -> str | None:
    """Why no such machine can be made here; None where nothing is in the way."""
    if os.geteuid() != 0:
        return "namespaces take root"
    for program in ("ip", "unshare", "nsenter"):
        if shutil.which(program) is None:
            return f"there is no {program}"
    name = f"heaters-try-{os.getpid()}"
    if subprocess.run(["ip", "netns", "add", name], capture_output=True).returncode:
        return "this system lets nobody make a network namespace"
    subprocess.run(["ip", "netns", "del", name], check=False)
    return None


@dataclass
class Host:
    """A machine: `/srv` and `/tmp` are its own, the rest of the disk is everybody's to read."""

    name: str
    address: str
    folder: Path
    _namespace: str
    _switch: str
    _init: subprocess.Popen[bytes] | None = None
    _children: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def boot(self) -> None:
        for name in ("srv", "tmp"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
            (self.folder / name).chmod(0o755 if name == "srv" else 0o1777)
        setup = (
            f"hostname {self.name} && mount --make-rprivate /"
            f" && mount --bind {self.folder}/srv /srv && mount --bind {self.folder}/tmp /tmp"
            f" && touch /srv/booted && {FIRST_PROCESS}"
        )
        (self.folder / "srv" / "booted").unlink(missing_ok=True)
        spaces = ["--uts", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
        with (self.folder / "boot.log").open("ab") as log:
            self._init = subprocess.Popen(
                ["ip", "netns", "exec", self._namespace, "unshare", *spaces, "sh", "-c", setup],
                stdout=log,
                stderr=log,
            )
        end = time.monotonic() + 20
        while not (self.folder / "srv" / "booted").exists():
            if time.monotonic() > end or self._init.poll() is not None:
                said = (self.folder / "boot.log").read_text()
                raise RuntimeError(f"The host {self.name} does not boot: {said}")
            time.sleep(0.02)

    def _inside(self, command: Sequence[str]) -> list[str]:
        assert self._init is not None
        (first,) = psutil.Process(self._init.pid).children()
        enter = ["nsenter", "--all", "--target", str(first.pid), "--"]
        return [*enter, "sh", "-c", 'cd /srv && exec "$@"', "sh", *command]

    def start(self, *command: str, log: str, environment: Mapping[str, str]) -> None:
        """A program that goes on; what it says is in the file `log` of /srv."""
        with (self.folder / "srv" / log).open("ab") as said:
            self._children.append(
                subprocess.Popen(
                    self._inside(command),
                    env=dict(environment),
                    stdin=subprocess.DEVNULL,
                    stdout=said,
                    stderr=subprocess.STDOUT,
                )
            )

    def run(self, *command: str, environment: Mapping[str, str], given: str = "") -> str:
        """A program that ends: what it said. Raises RuntimeError where it fails."""
        done = subprocess.run(
            self._inside(command),
            env=dict(environment),
            input=given,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{self.name}: {' '.join(command)}: {done.stdout}{done.stderr}")
        return done.stdout

    def processes(self) -> list[psutil.Process]:
        """All but its first."""
        if self._init is None:
            return []
        try:
            (first,) = psutil.Process(self._init.pid).children()
            space = Path(f"/proc/{first.pid}/ns/pid").readlink()
        except (psutil.Error, OSError, ValueError):
            return []
        return [each for each in psutil.process_iter() if self._is_in(each, space, first.pid)]

    @staticmethod
    def _is_in(process: psutil.Process, space: Path, first: int) -> bool:
        try:
            return process.pid != first and Path(f"/proc/{process.pid}/ns/pid").readlink() == space
        except OSError:
            return False

    def power_off(self) -> None:
        """As when the plug is pulled: all processes end at once; what is on its disk stays."""
        if self._init is not None:
            with_all = psutil.Process(self._init.pid).children(recursive=True)
            for process in with_all[:1]:
                process.kill()
            self._init.wait()
            self._init = None
        for child in self._children:
            child.wait()
        self._children.clear()

    @contextmanager
    def cut_off(self) -> Iterator[None]:
        """Its cable is out."""
        self._link("down")
        try:
            yield
        finally:
            self._link("up")

    def _link(self, state: str) -> None:
        _ip("-n", self._switch, "link", "set", self.name, state)


class Lan:
    """Hosts on one bridge, and the present process among them, at `desk`."""

    def __init__(self, folder: Path, names: Sequence[str]) -> None:
        self.folder = folder
        self.hosts = {
            name: Host(
                name,
                f"{NETWORK}.{number}",
                folder / name,
                f"{self._prefix}-{name}",
                f"{self._prefix}-switch",
            )
            for number, name in enumerate(names, start=11)
        }
        self.desk = f"{NETWORK}.2"

    @cached_property
    def _prefix(self) -> str:
        return f"heaters-{os.getpid()}"

    def open(self) -> None:
        """Makes the namespaces, boots the hosts, and moves this thread into the network: call it
        before others begin."""
        switch = f"{self._prefix}-switch"
        _ip("netns", "add", switch)
        _ip("-n", switch, "link", "add", "bridge", "type", "bridge")
        _ip("-n", switch, "link", "set", "bridge", "up")
        places = {name: host.address for name, host in self.hosts.items()} | {"desk": self.desk}
        for name, address in places.items():
            space = f"{self._prefix}-{name}"
            _ip("netns", "add", space)
            veth = ["type", "veth", "peer", "name", "eth0", "netns", space]
            _ip("-n", switch, "link", "add", name, *veth)
            _ip("-n", switch, "link", "set", name, "master", "bridge", "up")
            _ip("-n", space, "address", "add", f"{address}/24", "dev", "eth0")
            for link in ("lo", "eth0"):
                _ip("-n", space, "link", "set", link, "up")
        for host in self.hosts.values():
            host.boot()
        with Path(f"/run/netns/{self._prefix}-desk").open() as desk:
            if ctypes.CDLL(None, use_errno=True).setns(desk.fileno(), CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), "this process can't move to another network")

    def close(self) -> None:
        for host in self.hosts.values():
            host.power_off()
        for name in (*self.hosts, "desk", "switch"):
            subprocess.run(["ip", "netns", "del", f"{self._prefix}-{name}"], check=False)


@contextmanager
def lan(*names: str) -> Iterator[Lan]:
    with tempfile.TemporaryDirectory(prefix="heaters-lan-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        made = Lan(Path(folder), names)
        try:
            made.open()
            yield made
        finally:
            made.close()


def _ip(*words: str) -> None:
    done = subprocess.run(["ip", *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"ip {' '.join(words)}: {done.stderr.strip()}")
