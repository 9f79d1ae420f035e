"""Dialplans and prompts to be included in a PBX (installed as ``textback.dialplan``)."""
