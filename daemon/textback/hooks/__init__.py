"""What a dialplan asks of the daemon while a call runs: SPEC §6, fail-open."""
