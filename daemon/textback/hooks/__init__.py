"""What a dialplan asks of the daemon while a call runs; a fault of ours lets the call go on."""
