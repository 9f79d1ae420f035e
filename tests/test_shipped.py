"""What is shipped beside the program is found from anywhere, installed or not."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from importlib.resources import files
from pathlib import Path

import pytest

import textback
from textback import shipped
from textback.shipped import Incomplete, package

SOURCE = Path(textback.__file__).resolve().parent
#: without what makes an installation that is worked on (pip install --editable) find its source tree
SHOW = [
    "-c",
    "import sys; sys.meta_path[:] = [one for one in sys.meta_path if 'editable' not in str(one).lower()];"
    "from textback.__main__ import main; main()",
    "dialplan",
    "show",
]


def test_the_dialplan_and_the_migrations_are_found() -> None:
    assert (files(package("dialplan")) / "asterisk/extensions-textback.conf").is_file()
    assert (files(package("sql")) / "versions").is_dir()


def test_a_package_is_loaded_once() -> None:
    assert package("dialplan") is package("dialplan")


def test_a_part_that_was_left_out_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shipped, "__file__", str(tmp_path / "lib" / "textback" / "shipped.py"))
    with pytest.raises(Incomplete, match="installed without its package textback.left_out: install it again"):
        package("left_out")


def test_a_fault_within_a_package_is_told_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "__init__.py").write_text("import no_such_module_at_all\n")
    monkeypatch.setattr(shipped, "__file__", str(tmp_path / "daemon" / "textback" / "shipped.py"))
    with pytest.raises(ModuleNotFoundError, match="no_such_module_at_all"):
        package("broken")
    assert sys.modules.pop("textback.broken")


@pytest.mark.parametrize("layout", ["source tree", "installed", "left out"])
def test_the_prompts_are_found_from_any_directory(layout: str, tmp_path: Path) -> None:
    root = tmp_path / "root" / "daemon"
    shutil.copytree(SOURCE, root / "textback", ignore=shutil.ignore_patterns("__pycache__"))
    beside = root.parent / "dialplan" if layout == "source tree" else root / "textback" / "dialplan"
    if layout != "left out":
        original = Path(str(files(package("dialplan"))))
        shutil.copytree(original, beside, ignore=shutil.ignore_patterns("__pycache__"))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    run = subprocess.run(
        [sys.executable, *SHOW, "--prompts", "sounds"],
        cwd=elsewhere,
        env=os.environ | {"PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    if layout == "left out":
        assert (run.returncode, run.stderr.count("\n")) == (1, 1)
        assert "installed without its package textback.dialplan" in run.stderr
    else:
        assert (run.returncode, run.stderr) == (0, "")
        assert (elsewhere / "sounds/es/textback/offer.wav").is_file()


def test_every_room_is_shipped() -> None:
    rooms = {".".join(("textback", *path.parent.relative_to(SOURCE).parts)) for path in SOURCE.rglob("__init__.py")}
    shipped_rooms = tomllib.loads((SOURCE.parents[1] / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    assert rooms <= set(shipped_rooms)
