"""What stands at the top of each file that is rendered for FreeSWITCH: where it goes."""

from __future__ import annotations

from collections.abc import Sequence

from textback.dialplans.names import comment

#: below the folder of FreeSWITCH's configuration
EVENT_SOCKET, DIALPLAN, CALLCENTER = "textback/event_socket.xml", "dialplan/textback.xml", "textback/callcenter.xml"
#: all files, in the order in which an administrator needs them; each queue has one more, beside the last
FREESWITCH_FILES = (EVENT_SOCKET, DIALPLAN, CALLCENTER)

#: FreeSWITCH follows its X-PRE-PROCESS in comments, too: without the NO-, a file would include itself for ever
_WHERE = {
    EVENT_SOCKET: """
     Save it as textback/event_socket.xml below /etc/freeswitch, put your own password in (that of textback.toml, there
     as secret or in secret_file), and add to autoload_configs/event_socket.conf.xml, as the last line of <settings>,
         <X-NO-PRE-PROCESS cmd="include" data="../textback/event_socket.xml"/>     without the NO-
     FusionPBX has its own password in event_socket.conf.xml: take that into textback.toml instead.
     Then: fs_cli -x "reload mod_event_socket"
""",
    DIALPLAN: """
     Save it as dialplan/textback.xml below /etc/freeswitch: whatever lies there is loaded. Where your dialplan runs
     callcenter, let it set textback_queue and textback_next, and transfer to textback-queue XML textback (README.md).
     FusionPBX keeps dialplans in its database: README.md says how.
     The prompts go to the folder sounds_dir, one folder for each language: README.md says how.
     Then: fs_cli -x reloadxml
""",
    CALLCENTER: """
     Save it below /etc/freeswitch under its name, and include it in autoload_configs/callcenter.conf.xml, as the first
     line of each queue that it is for, since the first of a name counts:
         <X-NO-PRE-PROCESS cmd="include" data="../{file}"/>     without the NO-
     FusionPBX: set the same in the queue's own page (Announce Sound, Announce Frequency, Time Base Score).
     Then, for each queue: fs_cli -x "callcenter_config queue reload NAME"
""",
}


def heading(file: str, remarks: Sequence[str] = ()) -> str:
    """The comment for one file, with what is particular to this configuration."""
    where = _WHERE[file if file in _WHERE else CALLCENTER].format(file=file)
    special = "".join(f"     Mind: {comment(remark).replace('--', '- -')}.\n" for remark in remarks)
    return f"<!-- {file}: change the configuration or the practice rather than this file.\n{where}{special}-->\n"
