"""Certificates for nodes that connect over TLS."""
