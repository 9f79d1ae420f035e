"""Whether the daemon gets in at all: the port, TLS, the user, its secret, from where it may come."""

from __future__ import annotations

from collections.abc import Iterator

from textback.config import Pbx
from textback.doctor.asterisk.etc import MANAGER, Etc, place
from textback.doctor.asterisk.look import Look
from textback.doctor.asterisk.manager_conf import ManagerUser, user_of
from textback.doctor.asterisk.wanted import Wanted
from textback.doctor.finding import SHELL, Finding, failed, ok, warning
from textback.pbx.errors import Distrusted, LinkError

OLDEST = 16
#: major number of AMI's version in its greeting, with the first Asterisk that had it
_OLDEST_AMI = 5


def let_in(wanted: Wanted, look: Look) -> Iterator[Finding]:
    """What is to be said once the daemon is in."""
    pbx = wanted.pbx
    yield ok(f"{pbx.name}/login", f"{wanted.username} is let in at {pbx.host}:{pbx.port}")
    major = look.version[0] if look.version else None
    if (major or OLDEST) < OLDEST or (major is None and _ami(look) < _OLDEST_AMI):
        shown = f"{major}" if major else f"one with AMI {look.banner}"
        yield failed(f"{pbx.name}/version", f"Asterisk {OLDEST} or later is needed, this is {shown}")
    else:
        shown = ".".join(map(str, look.version)) if look.version else f"with AMI {look.banner}"
        yield ok(f"{pbx.name}/version", f"Asterisk {shown}")
    if not pbx.tls and not _is_near(pbx):
        says = f"the link to {pbx.host} is not encrypted: callers' numbers and the secret can be read on the way"
        yield warning(f"{pbx.name}/tls", says, ("tls = true",), f"textback.toml, [[pbx]] {pbx.name}")


def kept_out(wanted: Wanted, etc: Etc | None, error: LinkError, local_address: str | None = None) -> Iterator[Finding]:
    """Why it is not let in, as exactly as can be known."""
    if isinstance(error, Distrusted):
        yield failed(f"{wanted.pbx.name}/tls", str(error))
        return
    if not error.permanent:
        yield _unreached(wanted, etc, str(error))
        return
    check, file = f"{wanted.pbx.name}/login", place(etc, MANAGER)
    conf = etc.get(MANAGER) if etc else None
    if conf is None:
        says = (
            f"{error}. Asterisk says the same of a wrong secret, an unknown user and a refused address: let"
            " manager.conf have these lines, with your secret"
        )
        yield failed(check, says, _section(wanted), file)
        return
    yield _refused(wanted, check, file, user_of(conf, wanted.username), local_address or "127.0.0.1")


def _refused(wanted: Wanted, check: str, file: str, user: ManagerUser | None, address: str) -> Finding:
    name = wanted.username
    if user is None:
        return failed(check, f"manager.conf has no user {name}", _section(wanted), file)
    if user.secret != wanted.pbx.secret.get_secret_value():
        says = f"the secret of {name} in manager.conf is another one than in textback.toml"
        return failed(check, f"{says}: put that in", (f"[{name}](+)", "secret = change-me"), file)
    if user.admits(address) is False:
        says = f"manager.conf does not let {name} come from {address}"
        return failed(check, says, (f"[{name}](+)", f"permit = {address}/255.255.255.255"), file)
    return failed(check, f"manager.conf has {name} as it must be, but the PBX refuses it: reload it", (
        'asterisk -rx "manager reload"',), SHELL)  # fmt: skip


def _unreached(wanted: Wanted, etc: Etc | None, why: str) -> Finding:
    pbx = wanted.pbx
    check = f"{pbx.name}/connect"
    if pbx.tls:
        bind, certificate = f"tlsbindaddr = 0.0.0.0:{pbx.port}", "tlscertfile = /etc/asterisk/keys/asterisk.pem"
        lines = ("[general](+)", "tlsenable = yes", bind, certificate)
        says = (
            f"{why}; with tls = true, manager.conf must listen with TLS there, with a certificate for {pbx.host} that"
            " we trust (tls_ca)"
        )
        return failed(check, says, lines, place(etc, MANAGER))
    conf = etc.get(MANAGER) if etc else None
    port = (conf.value("general", "port") if conf else None) or "5038"
    if conf and conf.value("general", "enabled") in ("yes", "true", "1") and port != str(pbx.port):
        says = f"{why}: manager.conf has port {port}"
        return failed(check, says, (f"port = {port}",), f"textback.toml, [[pbx]] {pbx.name}")
    address = pbx.host if _is_near(pbx) else "0.0.0.0"
    lines = ("[general](+)", "enabled = yes", f"port = {pbx.port}", f"bindaddr = {address}")
    says = f"{why}: is Asterisk running, and its manager interface enabled there?"
    return failed(check, says, lines, place(etc, MANAGER))


def _section(wanted: Wanted) -> tuple[str, ...]:
    """The user as it must be, but for its secret."""
    text = wanted.rendered.files["manager-textback.conf"] if wanted.rendered else ""
    lines = [line for line in text.splitlines() if line and not line.startswith(";")]
    return tuple(line if not line.startswith("secret") else "secret = change-me" for line in lines)


def _ami(look: Look) -> int:
    major = look.banner.partition(".")[0]
    return int(major) if major.isdecimal() else 0


def _is_near(pbx: Pbx) -> bool:
    return pbx.host in ("localhost", "::1") or pbx.host.startswith("127.")
