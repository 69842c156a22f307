"""The page that asks for the token, in place of a line of text: a form that opens the same page with it."""

import base64
import hashlib

from aiohttp import web

STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 24rem; margin: 15vh auto 0; padding: 0 1rem; }
h1 { font-size: 1.25rem; }
form { display: flex; flex-wrap: wrap; gap: 0.5rem; }
label { flex: 1 0 100%; }
input { flex: 1; min-width: 0; }
input, button { box-sizing: border-box; min-height: 44px; padding: 0 0.75rem; font: inherit; }
"""
POLICY = (
    f"default-src 'none'; style-src 'sha256-{base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()}'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"  # another page must not ask for the token around it
)


def token_page(request: web.Request) -> web.HTTPUnauthorized:
    """Return the page, for a request of a browser without the token, or with a wrong one."""
    reason = "This token is not valid." if "token" in request.query else "A token is required."
    return web.HTTPUnauthorized(
        text=_html(reason), content_type="text/html", headers={"Content-Security-Policy": POLICY}
    )


def _html(reason: str) -> str:
    return f"""<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>Edge Vision: token required</title>
  <style>{STYLE}</style>
</head>
<body>
  <main>
    <h1>Edge Vision</h1>
    <form>
      <label for="token">{reason} Use the one that was set, or that of the link that the app printed.</label>
      <input id="token" name="token" type="password" autocomplete="current-password" required autofocus>
      <button>Open</button>
    </form>
  </main>
</body>
</html>
"""
