"""Parameters of the query of a request."""

from aiohttp import web

from common.text import printable_line

MAX_VALUE = 80  # characters of a value that are shown in an error


def whole_number(request: web.Request, name: str, first: int, last: int) -> int | None:
    """Return a number from `first` to `last`, None without the parameter. Raises HTTPBadRequest."""
    value = parameter(request, name)
    if value is None:
        return None
    if value not in map(str, range(first, last + 1)):
        raise web.HTTPBadRequest(text=f"{name} must be a whole number from {first} to {last}, not {shown(value)}")
    return int(value)


def switch(request: web.Request, name: str, *, default: bool) -> bool:
    """Return whether a parameter is 1, not 0. Raises HTTPBadRequest."""
    value = parameter(request, name)
    if value not in (None, "0", "1"):
        raise web.HTTPBadRequest(text=f"{name} must be 0 or 1, not {shown(value or '')}")
    return default if value is None else value == "1"


def parameter(request: web.Request, name: str) -> str | None:
    """Return the value of a parameter, None without it. Raises HTTPBadRequest when it is given more than once."""
    values = request.query.getall(name, [])
    if len(values) > 1:
        raise web.HTTPBadRequest(text=f"{name} must be given once")
    return values[0] if values else None


def shown(value: str) -> str:
    """Return a value as it is shown in an error."""
    return printable_line(value, MAX_VALUE) or "an empty text"
