"""Save what viewers drew: POST /api/regions writes the lines and zones in force to the settings file."""

import asyncio

from aiohttp import web

from common.config.settings_file import SettingsFile
from common.errors import SettingsError
from common.server.guard.origins import EMBEDDED
from common.server.keys import HUB

SETTINGS_FILE = web.AppKey("settings_file", SettingsFile)
"""Set where viewers may save."""


async def save_regions(request: web.Request) -> web.Response:
    """Write the lines and zones of `?processor=NAME`, and return a sentence.

    Raises HTTPForbidden without leave and for pages of other origins, and HTTPConflict, with the reason, if the file is
    not written.
    """
    if SETTINGS_FILE not in request.app:
        raise web.HTTPForbidden(text="saving needs a settings file and --allow-save")
    if request[EMBEDDED]:
        raise web.HTTPForbidden(text="pages of other origins may not save")
    file, processor = request.app[SETTINGS_FILE], request.query.get("processor", "")
    try:
        regions = request.app[HUB].regions(processor)
        await asyncio.to_thread(file.save, processor, regions)  # a disk may take its time
    except SettingsError as error:
        raise web.HTTPConflict(text=str(error)) from None
    return web.Response(text=f"Saved to {file.name}.")
