"""What stands at the top of each rendered file: where it goes."""

from __future__ import annotations

from collections.abc import Sequence

EXTENSIONS, QUEUES, MANAGER = (f"{name}-textback.conf" for name in ("extensions", "queues", "manager"))
#: all files, in the order in which an administrator needs them
FILES = (MANAGER, EXTENSIONS, QUEUES)

_WHERE = {
    MANAGER: """
; Plain Asterisk: save it as /etc/asterisk/manager-textback.conf, put your own secret in (that of textback.toml, there
; as secret or in secret_file), and add at the end of manager.conf the line
;     #include "manager-textback.conf"
; FreePBX: save it there, too, with that line in manager_custom.conf.
; If the user is there already (`textback init` has told its lines), leave this file out: of two users of one name the
; last one's secret holds.
; Under [general] of manager.conf, `channelvars = CALLERID(pres)` tells who hides the number (after a restart).
; Then: asterisk -rx "manager reload"
""",
    EXTENSIONS: """
; Plain Asterisk: save it as /etc/asterisk/extensions-textback.conf, and add to extensions.conf, outside of any context,
;     #include "extensions-textback.conf"
; and where your dialplan calls Queue(...), let it call Gosub(textback-queue,s,1(...)) with the same arguments: without
; it, a caller who presses the key and is refused does not come back to the queue.
; FreePBX: save it there, too, with that line in extensions_custom.conf. Its queues need no other change.
; The prompts: `textback dialplan show --prompts /var/lib/asterisk/sounds`, or wherever your sounds are.
; Then: asterisk -rx "dialplan reload", in FreePBX: fwconsole reload
""",
    QUEUES: """
; Plain Asterisk: save it as /etc/asterisk/queues-textback.conf, and add at the end of queues.conf, after the queues,
;     #include "queues-textback.conf"
; FreePBX: save it there, too, with that line in queues_post_custom.conf.
; Include it, do not paste it: of a queue that is not there Asterisk warns (`category 'NAME' does not exist`) and skips
; the rest of this file, but if that stood in queues.conf itself, it would load no queue at all. Queues in a database
; (realtime) are not there either: their columns have the same names.
; Then: asterisk -rx "queue reload all", in FreePBX: fwconsole reload
""",
}


def heading(file: str, remarks: Sequence[str] = ()) -> str:
    """The comment for one file, with what is particular to this configuration."""
    special = "".join(f"; Mind: {remark}.\n" for remark in remarks)
    return f"; {file}: change the configuration or the practice rather than this file.\n;{_WHERE[file]}{special}"
