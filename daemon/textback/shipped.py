"""Finds what is shipped beside the program: migrations, dialplans and prompts."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType


class Incomplete(Exception):
    """The program was installed without a part of it."""


def package(name: str) -> ModuleType:
    """``textback.NAME`` of an installed program, or the folder NAME beside ``daemon/`` in a source tree.

    Raises ``Incomplete`` if there is neither.
    """
    full = f"textback.{name}"
    try:
        return importlib.import_module(full)
    except ModuleNotFoundError as error:
        if error.name != full:
            raise
    folder = Path(__file__).resolve().parents[2] / name
    spec = importlib.util.spec_from_file_location(
        full, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    if spec is None or spec.loader is None or not folder.is_dir():
        raise Incomplete(f"this textback was installed without its package {full}: install it again")
    module = importlib.util.module_from_spec(spec)
    sys.modules[full] = module
    spec.loader.exec_module(module)
    return module
