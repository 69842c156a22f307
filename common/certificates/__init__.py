"""Certificates for nodes that connect over TLS."""

AUTHORITY = "ca"  # the name of the files of the authority
