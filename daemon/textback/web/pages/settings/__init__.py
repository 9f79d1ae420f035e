"""Settings: what managers change of their practices, whom they let in, and which software may start a text."""
