"""A PBX in miniature for ``textback demo``: it speaks real AMI on a real socket, and callers call it."""
