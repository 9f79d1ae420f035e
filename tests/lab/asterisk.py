"""A real Asterisk of one's own: rendered configuration, free ports on loopback, started and ended by process id."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from .ami import Ami
from .ports import free_port

TRUNK_IP = "127.0.0.10"
PHONE_IP = "127.0.0.20"
PHONES = ("agent1", "agent2", "desk201", "desk202")
#: desks 301... are phones of phones.py, all behind one port
DESKS = range(301, 381)
_TEMPLATES = Path(__file__).parent / "asterisk"
_FOLDERS = ("etc", "run", "log/cdr-csv", "spool/tmp", "spool/voicemail", "spool/outgoing", "lib", "cache", "people")
_START_LIMIT = 60.0
# A mount namespace of its own: what is mounted here is gone with the process, whatever ends it.
_LAUNCH = """
mount -t proc proc "$1/proc" 2>/dev/null
for node in null zero random urandom; do
  [ -c "$1/dev/$node" ] || mount --bind "/dev/$node" "$1/dev/$node" 2>/dev/null
done
exec chroot "$1" /usr/sbin/asterisk -f -C "$2"
"""


class LabError(Exception):
    """The lab's Asterisk did not do what it was asked to."""


def lab_folder() -> Path:
    """Returns the folder in which `make lab` puts everything."""
    return Path(os.environ.get("TEXTBACK_LAB") or Path.home() / ".cache/textback-lab")


def missing_part(wanted: str) -> str | None:
    """Says in one sentence why Asterisk `wanted` ("22", "16") cannot be run here, or None if it can."""
    if os.uname().sysname != "Linux":
        return "the lab needs Linux"
    if os.geteuid() != 0:
        return "a real Asterisk needs root (chroot)"
    if not (lab_folder() / f"asterisk{wanted}/.version").exists():
        return f"there is no Asterisk {wanted} in {lab_folder()}: run make lab as root"
    if shutil.which("sipp") is None:
        return "sipp is missing: run make lab as root"
    return None


class Asterisk:
    """One instance with folders, ports and a secret of its own; several may run from the same unpacked root."""

    def __init__(self, wanted: str) -> None:
        self.root = lab_folder() / f"asterisk{wanted}"
        self.version = (self.root / ".version").read_text().removeprefix("Asterisk ").strip()
        _sweep(self.root / "srv/textback")
        self.home = Path(tempfile.mkdtemp(prefix=f"{os.getpid()}-", dir=self.root / "srv/textback"))
        self.secret = secrets.token_hex(12)
        self.user = "textback"
        self.ami_port = free_port()
        self.sip_port = free_port(socket.SOCK_DGRAM)
        self.trunk_port = free_port(socket.SOCK_DGRAM, TRUNK_IP)
        self.phone_ports = {name: free_port(socket.SOCK_DGRAM, PHONE_IP) for name in PHONES}
        self.desk_port = free_port(socket.SOCK_DGRAM, PHONE_IP)
        self._process: subprocess.Popen[bytes] | None = None
        self._render()

    @property
    def queue_log(self) -> Path:
        """The file in which app_queue keeps its own record."""
        return self.home / "log/queue_log"

    @property
    def cdr(self) -> Path:
        """The file of call detail records."""
        return self.home / "log/cdr-csv/Master.csv"

    @property
    def pid(self) -> int:
        """The process id while it runs."""
        return self._running().pid

    @property
    def is_running(self) -> bool:
        """Whether it runs; one that crashed does not."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Starts it and returns when it says that it is ready; LabError with its last words if it does not."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ready:
            # Asterisk tells systemd when it has booted: an abstract socket is seen from within the chroot too
            name = f"textback-lab-{secrets.token_hex(6)}"
            ready.bind(f"\0{name}")
            with open(self.home / "log/console", "ab") as console:
                self._process = subprocess.Popen(
                    self._command(),
                    stdin=subprocess.DEVNULL,
                    stdout=console,
                    stderr=subprocess.STDOUT,
                    env={**os.environ, "NOTIFY_SOCKET": f"@{name}", "LC_ALL": "C"},
                )
            self._wait_ready(ready)

    def stop(self) -> None:
        """Ends it in order: calls are hung up, sessions are told."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """Ends it at once, as a power cut would."""
        self._end(signal.SIGKILL)

    def remove(self) -> None:
        """Ends it, if need be, and removes its folder."""
        if self._process is not None:
            self.stop()
        shutil.rmtree(self.home)

    def cli(self, command: str) -> str:
        """Runs a console command and returns what it printed."""
        configuration = self._inside("etc/asterisk.conf")
        call = ["chroot", str(self.root), "/usr/sbin/asterisk", "-C", configuration, "-rx", command]
        return subprocess.run(call, capture_output=True, text=True, timeout=30, check=False).stdout

    def connect(self, user: str = "observer", events: str = "on") -> Ami:
        """Opens an AMI session; `observer` may do and see everything."""
        return Ami(self.ami_port, user, self.secret, events)

    def pause(self, queue: str, *agents: str, paused: bool = True) -> None:
        """Pauses agents ("agent1") in a queue, or brings them back."""
        for agent in agents:
            self.cli(f"queue {'' if paused else 'un'}pause member PJSIP/{agent} queue {queue}")

    def messages(self) -> str:
        """Returns the end of what it logged and printed."""
        files = (self.home / "log/console", self.home / "log/messages", self.home / "log/messages.log")
        return "\n".join(file.read_text(errors="replace")[-3000:] for file in files if file.exists())

    def _render(self) -> None:
        for folder in _FOLDERS:
            (self.home / folder).mkdir(parents=True)
        values = {
            "HOME": self._inside(),
            "MODULES": self._modules(),
            "SECRET": self.secret,
            "AMI": self.ami_port,
            "SIP": self.sip_port,
            "TRUNK": self.trunk_port,
            "TRUNK_IP": TRUNK_IP,
            "PHONE_IP": PHONE_IP,
            "DESKS": "\n".join(_desk(number, self.desk_port) for number in DESKS),
            **{name.upper(): port for name, port in self.phone_ports.items()},
        }
        pattern = re.compile("@(" + "|".join(values) + ")@")
        for template in _TEMPLATES.glob("*.conf"):
            text = pattern.sub(lambda found: str(values[found[1]]), template.read_text(encoding="utf-8"))
            (self.home / "etc" / template.name).write_text(text, encoding="utf-8")
        # rings and busy tones
        shutil.copy(self.root / "etc/asterisk/indications.conf", self.home / "etc")
        # pjsip looks the machine's own name up at every call; unanswered, that stalls its SIP thread
        (self.root / "etc/hosts").write_text(f"127.0.0.1 localhost {socket.gethostname()}\n")

    def _modules(self) -> str:
        binary = next(self.root.glob("usr/lib/**/asterisk/modules/app_queue.so"))
        return f"/{binary.parent.relative_to(self.root)}"

    def _inside(self, path: str = "") -> str:
        return f"/{(self.home / path).relative_to(self.root)}"

    def _command(self) -> list[str]:
        # whoever ends the tests, however roughly, ends this too
        command = ["setpriv", "--pdeathsig", "KILL"]
        configuration = self._inside("etc/asterisk.conf")
        if subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode == 0:
            return [*command, "unshare", "--mount", "sh", "-c", _LAUNCH, "launch", str(self.root), configuration]
        # no mounts allowed: it does without /proc
        return [*command, "chroot", str(self.root), "/usr/sbin/asterisk", "-f", "-C", configuration]

    def _wait_ready(self, ready: socket.socket) -> None:
        process = self._running()
        ready.settimeout(0.2)
        deadline = time.monotonic() + _START_LIMIT
        while time.monotonic() < deadline and process.poll() is None:
            try:
                if b"READY=1" in ready.recv(4096):
                    return
            except TimeoutError:
                continue
        self.kill()
        raise LabError(f"Asterisk {self.version} did not start:\n{self.messages()}")

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise LabError("Asterisk is not running")
        return self._process

    def _end(self, how: signal.Signals) -> None:
        process = self._running()
        process.send_signal(how)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        self._process = None


def _desk(number: int, port: int) -> str:
    return f"""
[{number}](phone)
aors = {number}
callerid = "Desk {number}" <{number}>
dtmf_mode = info

[{number}]
type = aor
contact = sip:{number}@{PHONE_IP}:{port}
"""


def _sweep(folder: Path) -> None:
    """Removes what a test session that was killed has left behind."""
    for home in folder.iterdir():
        if not Path("/proc", home.name.partition("-")[0]).exists():
            shutil.rmtree(home)
