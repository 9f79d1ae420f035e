"""The Debian package, from its build to its purge, in a bare Debian of the release that runs the tests.

That takes some minutes and the network, and so is done only where it is asked for: TEXTBACK_DEB=1, as root on Debian.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from textback.demo.queue_calls import waits_and_gives_up
from textback.demo.simulator import Simulator
from textback.demo.stage import Script

SOURCE = Path(__file__).parents[2]
LAB = Path(os.environ.get("TEXTBACK_LAB", Path.home() / ".cache/textback-lab"))
MIRROR = os.environ.get("TEXTBACK_LAB_MIRROR", "http://deb.debian.org/debian")
PATIENCE = 60.0
CALLER = Script("12025550143", "Doe, Jane", "15551230100", (waits_and_gives_up(20.0),))
PRACTICE = "/etc/textback/practice.toml"
#: brings a new database to the tables of an earlier version
EARLIER = """
from alembic import command
from textback.store.engine import open_engine
from textback.store.migrations import alembic_config
engine = open_engine("sqlite:////var/lib/textback/textback.db")
with engine.begin() as connection:
    command.upgrade(alembic_config(connection), "0011")
"""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not os.environ.get("TEXTBACK_DEB"), reason="takes minutes: TEXTBACK_DEB=1 asks for it"),
]


def run(*command: object, cwd: Path | None = None, env: dict[str, str] | None = None) -> str:
    """What a program prints, which must succeed."""
    words = [str(word) for word in command]
    made = subprocess.run(words, text=True, capture_output=True, check=False, timeout=1200, cwd=cwd, env=env)
    assert made.returncode == 0, f"{command}:\n{made.stdout[-3000:]}\n{made.stderr[-3000:]}"
    return made.stdout


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The package, and the same as it would be built of a later version."""
    folder = tmp_path_factory.mktemp("packages")
    run("make", "deb", cwd=SOURCE, env={**os.environ, "DEB_VERSION": "0.1.0~test1"})
    built = next((SOURCE / "dist").glob("textback_0.1.0~test1_*.deb"))
    first = Path(shutil.move(built, folder))
    run("dpkg-deb", "-R", first, folder / "later")
    control = folder / "later/DEBIAN/control"
    control.write_text(control.read_text().replace("0.1.0~test1", "0.1.0~test2"))
    run("dpkg-deb", "--root-owner-group", "-Zgzip", "-z1", "--build", folder / "later", folder / "later.deb")
    return first, folder / "later.deb"


class Computer:
    """A Debian in a folder, in which nothing runs but what a test starts."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def do(self, *command: object) -> str:
        return run("chroot", self.root, *command)

    def textback(self, *arguments: object) -> str:
        """As the daemon's own user."""
        return self.do("runuser", "-u", "textback", "--", "textback", *arguments)

    def install(self, package: Path) -> str:
        shutil.copy(package, self.root / "tmp/package.deb")
        return self.do("dpkg", "--install", "/tmp/package.deb")


@pytest.fixture(scope="module")
def computer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Computer]:
    release = re.search(r"^VERSION_CODENAME=(\w+)", Path("/etc/os-release").read_text(), re.M)
    assert release is not None
    archive = LAB / f"{release[1]}.tar"
    if not archive.exists():
        LAB.mkdir(parents=True, exist_ok=True)
        include = f"python{'.'.join(run('/usr/bin/python3', '-V').split()[1].split('.')[:2])},systemd,libstdc++6"
        part = LAB / f"part-{os.getpid()}.tar"
        run("mmdebstrap", "--variant=minbase", f"--include={include}", release[1], part, MIRROR)
        part.rename(archive)
    root = tmp_path_factory.mktemp("debian") / "root"
    root.mkdir()
    run("tar", "-C", root, "--exclude=./dev/*", "-xf", archive)
    with mounted(root):
        yield Computer(root)


@contextmanager
def mounted(root: Path) -> Iterator[None]:
    run("mount", "-t", "proc", "proc", root / "proc")
    run("mount", "--bind", "/dev", root / "dev")
    try:
        yield
    finally:
        run("umount", root / "dev")
        run("umount", root / "proc")


def follow_a_call(computer: Computer, port: int) -> None:
    """Run the daemon there until a call is decided, and end it as systemd does."""

    async def story() -> None:
        pbx = Simulator(sleep=at_once, callers=(), port=port, secret=secret)
        await pbx.start()
        become = ["setpriv", "--reuid=textback", "--regid=textback", "--init-groups"]
        command = ["chroot", str(computer.root), *become, "textback", "run"]
        daemon = await asyncio.create_subprocess_exec(
            *command, stderr=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL, cwd="/"
        )
        assert daemon.stderr is not None
        try:
            async with asyncio.timeout(PATIENCE):
                await said(daemon.stderr, "main: link is up")
                await pbx.play(CALLER)
                await said(daemon.stderr, "[test_mode]")
                daemon.send_signal(signal.SIGTERM)
                assert await daemon.wait() == 0
        finally:
            with suppress(ProcessLookupError):
                daemon.kill()
            await pbx.stop()

    async def said(stream: asyncio.StreamReader, words: str) -> None:
        while words not in (line := (await stream.readline()).decode()):
            assert line, f"it ended before it said {words}"

    async def at_once(seconds: float) -> None:
        """Time that a test does not wait for."""

    secret = (computer.root / "etc/textback/secrets/ami-secret").read_text().strip()
    asyncio.run(story())


def test_the_package_is_installed_used_upgraded_removed_and_purged(
    packages: tuple[Path, Path], computer: Computer
) -> None:
    first, later = packages
    etc, data = computer.root / "etc/textback", computer.root / "var/lib/textback"

    assert "textback init --system" in computer.install(first)
    given = ("--practice-name", "Riverside", "--number", "+12025550100", "--context", "from-trunk")
    with_port = ("--pbx-port", "35038")
    told = computer.do("textback", "init", "--system", "--non-interactive", *given, *with_port)
    assert "/etc/systemd/system" not in told  # the package has brought it
    config = etc / "textback.toml"
    config.write_text(config.read_text() + '[http]\nlisten = "127.0.0.1:0"\n')
    group = data.stat().st_gid
    for path in (config, etc / "practice.toml", etc / "secrets/ami-secret"):
        assert (path.stat().st_uid, path.stat().st_gid, path.stat().st_mode & 0o777) == (0, group, 0o640)

    (computer.root / "tmp/earlier.py").write_text(EARLIER)
    computer.do("runuser", "-u", "textback", "--", "/usr/lib/textback/bin/python3", "-I", "/tmp/earlier.py")
    assert "0011" in run("chroot", computer.root, "sh", "-c", "cd /; textback db status; true")

    computer.install(later)
    assert "test2" in computer.do("dpkg-query", "-W", "textback")
    computer.textback("db", "status")  # fails unless it is at the newest
    (copy,) = (data / "before-upgrade").iterdir()
    assert copy.stat().st_mode & 0o777 == 0o600 and copy.stat().st_size > 100_000

    computer.textback("practice", "apply", PRACTICE)
    follow_a_call(computer, 35038)
    before = computer.textback("calls", "list", "--json")
    assert '"test_mode"' in before
    computer.install(first)  # back, and forth again: dpkg calls the first an upgrade, too
    computer.install(later)
    assert computer.textback("calls", "list", "--json") == before
    assert "Riverside" in computer.textback("practice", "list")

    computer.do("dpkg", "--remove", "textback")
    assert not (computer.root / "usr/lib/textback").exists()
    assert config.exists() and (data / "textback.db").exists()
    computer.do("dpkg", "--purge", "textback")
    assert not etc.exists() and not data.exists()
