"""Logging to standard error."""

import logging


def configure_logging(level: int) -> None:
    """Log to standard error from `level` (of the `logging` module) on. Called once in every process."""
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)-7s %(message)s", datefmt="%H:%M:%S")
    for library in ("websockets", "aiohttp.access"):  # below, they log requests, which may contain tokens
        logging.getLogger(library).setLevel(logging.WARNING)
