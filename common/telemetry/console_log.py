"""Configure logging to stderr."""

import logging


def configure_logging(level: int) -> None:
    """Log to stderr from `level` (a number of `logging`) on; once in every process."""
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)-7s %(message)s", datefmt="%H:%M:%S")
    for library in ("websockets", "aiohttp.access"):  # they would log requests, with the tokens in them
        logging.getLogger(library).setLevel(logging.WARNING)
