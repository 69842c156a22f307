"""The token that the app generates when it listens beyond loopback."""

from urllib.parse import urlsplit

from tests.support.apps import running


def test_a_generated_token_is_printed_in_a_link_that_opens_the_page(small: tuple[str, ...]) -> None:
    with running(*small, "--impl", "threading", "--host", "0.0.0.0") as app:
        parts = urlsplit(app.link)
        assert parts.query.startswith("token=")
        assert app.ask("/api/stats").status == 401
        assert app.ask(f"/?{parts.query}").status == 303
