"""The wire: messages, and the client that sends them to the server."""
