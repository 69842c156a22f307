"""What protects the public port: access checks, connection and rate limits, TLS."""
