"""Webhook sink against a real HTTP server: what is posted, the signature, and each kind of answer."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from pydantic import SecretStr

from common.config.sinks import WebhookSettings
from common.errors import EventRejectedError, SettingsError, SinkError
from common.sinks.webhook import WebhookSink
from tests.support.events import event

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def endpoint(handler: Handler) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_post("/hook", handler)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"{site.name}/hook".replace("http://", "http://user:hunter2@")
    finally:
        await runner.cleanup()


async def send(url: str, thumbnail: bool = False, secret: str | None = None, timeout_s: float = 10) -> None:
    settings = WebhookSettings(
        type="webhook",
        url=SecretStr(url),
        secret=SecretStr(secret) if secret else None,
        thumbnail=thumbnail,
        timeout_s=timeout_s,
    )
    async with WebhookSink(settings).connect() as connection:
        await connection.send(event(7, thumbnail="/9j/"))


async def posted(thumbnail: bool = False, secret: str | None = None) -> tuple[dict[str, str], bytes]:
    requests = []

    async def handler(request: web.Request) -> web.Response:
        requests.append((dict(request.headers), await request.read()))
        return web.Response(status=204)

    async with endpoint(handler) as url:
        await send(url, thumbnail, secret)
    ((headers, body),) = requests
    return headers, body


@pytest.mark.parametrize("thumbnail", [False, True])
async def test_an_event_is_posted_as_json_with_the_thumbnail_only_if_asked(thumbnail: bool) -> None:
    headers, body = await posted(thumbnail)
    expected = event(7, thumbnail="/9j/").model_dump()
    if not thumbnail:
        del expected["thumbnail"]
    assert json.loads(body) == expected
    assert (headers["Content-Type"], headers["X-Vision-Event"]) == ("application/json", "7")
    assert "X-Vision-Signature" not in headers


async def test_a_receiver_can_verify_the_signature() -> None:
    headers, body = await posted(secret="key")
    signed = headers["X-Vision-Timestamp"].encode() + b"." + body
    assert headers["X-Vision-Signature"] == "sha256=" + hmac.new(b"key", signed, hashlib.sha256).hexdigest()


@pytest.mark.parametrize("status", [301, 302, 307, 401, 404, 429, 500, 503])
async def test_other_answers_are_failures_that_are_tried_again_and_redirects_are_not_followed(status: int) -> None:
    async def handler(_: web.Request) -> web.Response:
        return web.Response(status=status, headers={"Location": "http://127.0.0.1:9/"})

    async with endpoint(handler) as url:
        with pytest.raises(SinkError, match=f"HTTP status {status}") as caught:
            await send(url)
    assert not isinstance(caught.value, EventRejectedError)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("status", [400, 413, 422])
async def test_a_status_for_an_invalid_request_rejects_the_event(status: int) -> None:
    async def handler(_: web.Request) -> web.Response:
        return web.Response(status=status)

    async with endpoint(handler) as url:
        with pytest.raises(EventRejectedError, match=f"HTTP status {status}"):
            await send(url)


async def test_an_endpoint_that_never_answers_is_a_failure() -> None:
    async def handler(_: web.Request) -> web.Response:
        await asyncio.sleep(60)
        return web.Response()

    async with endpoint(handler) as url:
        with pytest.raises(SinkError, match="no answer in time"):
            await send(url, timeout_s=0.2)


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/hook?token=hunter2", "http://user:hunter2@\x00"])
async def test_an_endpoint_that_cannot_be_reached_is_a_failure_without_secrets(url: str) -> None:
    with pytest.raises(SinkError) as caught:
        await send(url)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("url", ["mqtt://host", "mailto:hunter2", "http://", "https:///hook", "\x00"])
def test_a_url_that_is_not_http_is_refused_at_the_start(url: str) -> None:
    with pytest.raises(SettingsError, match=r"^sink webhook: its url is not http://HOST/PATH or https://…$"):
        WebhookSink(WebhookSettings(type="webhook", url=SecretStr(url)))
