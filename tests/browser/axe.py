"""axe-core, fetched by npm once into a folder of the tests' own."""

from __future__ import annotations

import json
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import Any

#: https://www.npmjs.com/package/axe-core
VERSION = "4.14.1"
CACHE = Path(__file__).parents[2] / ".pytest_cache" / "axe"
#: seconds for npm
PATIENCE = 120.0
#: The rest are hints; these keep somebody from their work.
GRAVE = ("serious", "critical")


class NoAxe(Exception):
    """There is no axe-core to test with; says why."""


def script() -> str:
    """What a page must run; raises ``NoAxe``."""
    path = CACHE / f"axe-core-{VERSION}.js"
    if not path.exists():
        _fetch(path)
    return path.read_text("utf-8")


def findings(page: Any, *rules: str) -> list[str]:
    """What is gravely wrong with a page as it stands, by all rules or only these, each with its place."""
    options: dict[str, Any] = {"resultTypes": ["violations"]} | ({"runOnly": list(rules)} if rules else {})
    found = page.evaluate("(options) => axe.run(document, options)", options)
    return [
        f"{one['id']}: {one['help']}: {json.dumps([node['target'] for node in one['nodes']][:3])}"
        for one in found["violations"]
        if one["impact"] in GRAVE
    ]


def _fetch(path: Path) -> None:
    if shutil.which("npm") is None:
        raise NoAxe("no axe-core to test with: the program npm is missing")
    CACHE.mkdir(parents=True, exist_ok=True)
    command = ["npm", "pack", "--silent", f"axe-core@{VERSION}", "--pack-destination", str(CACHE)]
    made = subprocess.run(command, cwd=CACHE, capture_output=True, text=True, timeout=PATIENCE, check=False)
    archive = CACHE / f"axe-core-{VERSION}.tgz"
    if made.returncode or not archive.exists():
        raise NoAxe(f"no axe-core to test with: npm says {made.stderr.strip()[-300:]}")
    with tarfile.open(archive) as packed:
        member = packed.extractfile("package/axe.min.js")
        assert member is not None
        path.write_bytes(member.read())
