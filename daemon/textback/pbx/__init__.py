"""One link per PBX: bytes in, the same facts out from every kind of switch."""
