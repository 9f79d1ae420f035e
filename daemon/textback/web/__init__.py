"""What listens for HTTP: posts of providers, and later the pages."""
