"""What a changed textback.toml means for a daemon that runs, in words, and without a value: some are secrets."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import BaseModel

from textback.config.sections import Config, Pbx

#: what cannot be changed while the daemon runs
FIXED = ("database",)


def kept(old: Config, new: Config) -> Config:
    """``new``, with what cannot change in place as it is in ``old``."""
    return new.model_copy(update={name: getattr(old, name) for name in FIXED})


def differences(old: Config, new: Config) -> list[str]:
    """One line for each thing that is another one in ``new``, and what becomes of it."""
    found = list(_pbxes(old, new))
    for name in type(new).model_fields:
        keys = _keys(getattr(old, name), getattr(new, name)) if name != "pbx" else []
        if keys:
            fixed = ": that takes a restart, and stays as it was until then" if name in FIXED else ""
            found.append(f"[{name}] {', '.join(keys)}{fixed}")
    return found


def pbxes(config: Config) -> dict[str, Pbx]:
    """The PBXes by their names."""
    return {pbx.name: pbx for pbx in config.pbx}


def _pbxes(old: Config, new: Config) -> Iterator[str]:
    before, after = pbxes(old), pbxes(new)
    for name in before.keys() - after.keys():
        yield f"[[pbx]] {name}: it is not followed any more"
    for name, pbx in after.items():
        if name not in before:
            yield f"[[pbx]] {name}: it is followed from now on"
        elif keys := _keys(before[name], pbx):
            yield f"[[pbx]] {name}, {', '.join(keys)}: its link starts anew"


def _keys(old: object, new: object, under: str = "") -> list[str]:
    """The keys that differ, those of a table below as ``twilio.auth_token``; the table's own name if one has none."""
    if old == new:
        return []
    if not isinstance(old, BaseModel) or not isinstance(new, BaseModel) or type(old) is not type(new):
        return [under or "the table"]
    found: list[str] = []
    for name in type(new).model_fields:
        found += _keys(getattr(old, name), getattr(new, name), f"{under}.{name}" if under else name)
    return found
