"""What the request handlers share, as typed keys of the application."""

from aiohttp import web

from common.server.hub import Hub
from common.server.options import ServerOptions

HUB = web.AppKey("hub", Hub)
OPTIONS = web.AppKey("options", ServerOptions)
