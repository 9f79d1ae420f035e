"""Whether the daemon gets in at all: the event socket, its password, from where it may come."""

from __future__ import annotations

from collections.abc import Iterator

from textback.doctor.finding import SHELL, Finding, failed, ok, warning
from textback.doctor.freeswitch.conf import Conf
from textback.doctor.freeswitch.look import Look
from textback.doctor.freeswitch.socket_conf import EVENT_SOCKET, PASSWORD, SocketConf, socket_of
from textback.doctor.freeswitch.tags import place_of, tag_of
from textback.doctor.freeswitch.wanted import Wanted, is_near
from textback.pbx.errors import Distrusted, LinkError, NotAdmitted

#: the first FreeSWITCH with what the daemon relies on
OLDEST = (1, 10)
RELOAD = 'fs_cli -x "reload mod_event_socket"'
RELOAD_XML = "fs_cli -x reloadxml"
#: seconds between heartbeats, after three of which a link that is deaf is noticed
_SLOW = 60
_LAST = f"autoload_configs/{EVENT_SOCKET}.xml, last in <settings>"


def let_in(wanted: Wanted, look: Look) -> Iterator[Finding]:
    """What is to be said once the daemon is in."""
    pbx = wanted.pbx
    yield ok(f"{pbx.name}/login", f"the event socket at {pbx.host}:{pbx.port} takes the password")
    if look.version is None:
        yield warning(f"{pbx.name}/version", "the PBX does not say which FreeSWITCH it is")
    elif look.version < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        yield failed(f"{pbx.name}/version", f"FreeSWITCH {oldest} or later is needed, this is {look.shown}")
    else:
        yield ok(f"{pbx.name}/version", f"FreeSWITCH {look.shown}")
    if not pbx.tls and not is_near(pbx):
        says = (
            f"the link to {pbx.host} is not encrypted: callers' numbers and the password can be read on the way;"
            " FreeSWITCH has no TLS of its own there, stunnel before it has"
        )
        yield warning(f"{pbx.name}/tls", says, ("tls = true",), wanted.toml)
    yield from _heartbeat(wanted, look)


def kept_out(wanted: Wanted, conf: Conf | None, error: LinkError, address: str | None) -> Iterator[Finding]:
    """Why it is not let in, as exactly as can be known; ``address``: from where we come."""
    socket = socket_of(conf)
    if isinstance(error, NotAdmitted):
        yield from _shut_out(wanted, conf, socket, address or "127.0.0.1")
    elif isinstance(error, Distrusted):
        yield failed(f"{wanted.pbx.name}/tls", str(error))
    elif error.permanent:
        yield _refused(wanted, socket, str(error))
    else:
        yield _unreached(wanted, conf, socket, str(error))


def examine_socket(wanted: Wanted, conf: Conf | None) -> Iterator[Finding]:
    """Whether others get in, too: who does can do anything to the PBX."""
    socket, check = socket_of(conf), f"{wanted.pbx.name}/event_socket"
    if socket is None:
        return
    is_open = False
    if socket.password == PASSWORD:
        is_open = True
        says = "the password of the event socket is the one that every FreeSWITCH comes with: take another one"
        lines = ('<param name="password" value="change-me"/>',)
        yield warning(check, says, lines, *_place(socket, "password"))
    if socket.is_everywhere and any(acl in ("any_v4.auto", "any_v6.auto", "0.0.0.0/0") for acl in socket.acls):
        is_open = True
        lines = (f'<param name="apply-inbound-acl" value="{_networks(socket, "127.0.0.1")}"/>',)
        says = "the event socket lets everybody try who reaches it, and who guesses the password owns the PBX"
        yield warning(check, says, lines, *_place(socket, "apply-inbound-acl"))
    if not is_open:
        yield ok(check, "the event socket is not open to everybody")


# -- why not ---------------------------------------------------------------------------------------------------------


def _unreached(wanted: Wanted, conf: Conf | None, socket: SocketConf | None, why: str) -> Finding:
    pbx = wanted.pbx
    check = f"{pbx.name}/connect"
    if socket and socket.port != pbx.port:
        lines = (f"port = {socket.port}",)
        return failed(check, f"{why}: event_socket.conf.xml has listen-port {socket.port}", lines, wanted.toml)
    if socket and not is_near(pbx) and socket.listen.startswith("127."):
        lines = (f'<param name="listen-ip" value="{pbx.host}"/>',)
        says = f"{why}: the event socket listens at {socket.listen}, where only its own computer reaches it"
        return failed(check, says, lines, *_place(socket, "listen-ip"))
    modules = conf.configurations.get("modules.conf") if conf else None
    loads = {one.get("module") for one in modules.walk() if one.tag == "load"} if modules else None
    if conf and loads is not None and "mod_event_socket" not in loads:
        file = f"{conf.file_of('modules.conf')}, last in <modules>"
        says = f"{why}: mod_event_socket is not loaded; after this, on the PBX: load mod_event_socket"
        return failed(check, says, ('<load module="mod_event_socket"/>',), file)
    if socket:
        says = f"{why}: event_socket.conf.xml has it at {socket.listen}:{socket.port}: is FreeSWITCH running?"
        return failed(check, says, ("systemctl start freeswitch", RELOAD), SHELL)
    address = pbx.host if is_near(pbx) else "0.0.0.0"
    host, port = f'<param name="listen-ip" value="{address}"/>', f'<param name="listen-port" value="{pbx.port}"/>'
    says = f"{why}: is FreeSWITCH running, and does mod_event_socket listen there?"
    return failed(check, says, (host, port), _LAST)


def _refused(wanted: Wanted, socket: SocketConf | None, why: str) -> Finding:
    check = f"{wanted.pbx.name}/login"
    if socket and socket.password == wanted.pbx.secret.get_secret_value():
        says = "event_socket.conf.xml has the password that textback.toml has, but the PBX refuses it: reload it"
        return failed(check, says, (RELOAD_XML, RELOAD), SHELL)
    if socket:
        says = "the password in event_socket.conf.xml is another one than in textback.toml: put that in, or take it"
        says += " into the file that secret_file names"
        return failed(check, says, ('<param name="password" value="change-me"/>',), *_place(socket, "password"))
    says = f"{why}: let event_socket.conf.xml have this line, with your password"
    return failed(check, says, ('<param name="password" value="change-me"/>',), _LAST)


def _shut_out(wanted: Wanted, conf: Conf | None, socket: SocketConf | None, address: str) -> Iterator[Finding]:
    check, why = f"{wanted.pbx.name}/acl", f"the PBX does not let {address} in"
    line = f'<param name="apply-inbound-acl" value="{_networks(socket, address)}"/>'
    if socket is None or conf is None:
        yield failed(check, f"{why}; then reload mod_event_socket", (line,), _LAST)
    elif (name := socket.shuts_out(conf, address)) is not None:
        why += f": the list {name} of apply-inbound-acl has it not; then reload mod_event_socket"
        yield failed(check, why, (line,), *_place(socket, "apply-inbound-acl"))
    else:
        says = f"{why}, though the files do: reload what they say"
        yield failed(check, says, (RELOAD_XML, "fs_cli -x reloadacl", RELOAD), SHELL)


def _networks(socket: SocketConf | None, address: str) -> str:
    """This computer of the PBX itself, where fs_cli is, and us."""
    ours = f"{address}/{128 if ':' in address else 32}"
    before = [acl for acl in socket.acls if "/" in acl and acl != "0.0.0.0/0"] if socket else []
    return ",".join(dict.fromkeys((*(before or ["127.0.0.1/32"]), ours)))


def _place(socket: SocketConf, name: str) -> tuple[str, tuple[str, ...]]:
    """The file of a setting, and the line that is replaced; a password is never shown."""
    line = socket.param(name)
    if line is None or not line.source:
        return f"{socket.file}, last in <settings>", ()
    return (place_of(line), (tag_of(line),)) if name != "password" else (f"{place_of(line)}, its value", ())


# -- what is heard -----------------------------------------------------------------------------------------------------


def _heartbeat(wanted: Wanted, look: Look) -> Iterator[Finding]:
    settings = look.conf.settings("switch.conf")
    line = next(reversed(settings.params("event-heartbeat-interval")), None) if settings else None
    told = line.get("value") if line else ""
    if line is not None and told.isdecimal() and int(told) > _SLOW:
        says = f"a heartbeat comes every {told} s only: a link that has gone deaf is noticed after three of them"
        lines = ('<param name="event-heartbeat-interval" value="20"/>',)
        file = place_of(line) or "autoload_configs/switch.conf.xml"
        yield warning(f"{wanted.pbx.name}/heartbeat", says, lines, file, (tag_of(line),))
