"""The unit, its user and its folders, and what a proxy publishes: files only, shipped as ``textback.systemd``."""
