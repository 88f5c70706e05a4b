"""Who may open the pages of a real server: what comes back over its own connection, whatever a client claims."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.support.app_server import AppServer
from tests.support.app_visits import title_of as _ask, upload_status as _upload

pytestmark = [pytest.mark.slow, pytest.mark.alone]

SECRET = "a secret of the test's own"
REFUSED, SIGN_IN, RUNS = "Not open to this visitor", "Sign in", "Runs"


def _serve(home: Path, folder: Path, env: Mapping[str, str]) -> Iterator[AppServer]:
    server = AppServer(home, log=folder / "server.log", env=env)
    server.start()
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture
def alone(home: Path, tmp_path: Path) -> Iterator[AppServer]:
    """A server without a provider that is open to this machine; a careless setting tells uvicorn to believe all headers."""
    yield from _serve(home, tmp_path, {"FORWARDED_ALLOW_IPS": "*"})


@pytest.fixture
def opened(home: Path, tmp_path: Path) -> Iterator[AppServer]:
    """A server without a provider that is open to one more address."""
    yield from _serve(home, tmp_path, {"REBRACKET_OPEN_TO": "203.0.113.9"})


@pytest.fixture
def signed(home: Path, tmp_path: Path) -> Iterator[AppServer]:
    """A server whose secrets name a provider."""
    secrets = tmp_path / "secrets.toml"
    secrets.write_text(
        f'[auth]\nclient_id = "x"\nclient_secret = "y"\ncookie_secret = "{SECRET}"\n'
        'redirect_uri = "http://localhost/oauth2callback"\nserver_metadata_url = "http://localhost/none"\n',
        encoding="utf-8",
    )
    yield from _serve(home, tmp_path, {"STREAMLIT_SECRETS_FILES": str(secrets)})


def test_an_address_is_the_connections_own_and_not_what_a_header_says(alone: AppServer) -> None:
    assert _ask(alone) == RUNS
    assert _ask(alone, source="127.0.0.2") == RUNS  # all of 127.0.0.0/8 is this machine
    assert _ask(alone, host=f"localhost:{alone.port}") == RUNS
    for page in ("runs", "label", "", "overview", "no-such-page"):
        assert _ask(alone, page=page, X_Forwarded_For="203.0.113.9") == REFUSED
    assert _ask(alone, X_Forwarded_For="127.0.0.1") == REFUSED
    assert _ask(alone, X_Real_IP="127.0.0.1") == REFUSED
    assert _ask(alone, Forwarded="for=127.0.0.1") == REFUSED
    assert _ask(alone, host="evil.example") == REFUSED


def test_an_address_that_is_named_on_purpose_comes_in_through_a_proxy(opened: AppServer) -> None:
    assert _ask(opened, X_Forwarded_For="203.0.113.9") == RUNS
    assert _ask(opened, X_Forwarded_For="203.0.113.9, 198.51.100.1") == REFUSED
    assert _ask(opened, X_Forwarded_For="198.51.100.1") == REFUSED


def test_with_a_provider_every_address_signs_in_and_a_cookie_of_its_own_counts(signed: AppServer) -> None:
    for page in ("runs", "label", ""):
        assert _ask(signed, page=page) == SIGN_IN
    assert _visit_with_cookie(signed, secret="another") == SIGN_IN
    assert _visit_with_cookie(signed, secret=SECRET) == RUNS


def test_a_file_is_taken_only_from_a_visitor_who_was_let_in(alone: AppServer) -> None:
    assert _upload(alone) == 204
    assert _upload(alone, X_Forwarded_For="203.0.113.9") == 403


def test_with_a_provider_a_file_is_taken_only_after_the_sign_in(signed: AppServer) -> None:
    assert _upload(signed) == 403
    assert _upload(signed, cookie=_user_cookie(signed, secret="another")) == 403
    assert _upload(signed, cookie=_user_cookie(signed, secret=SECRET)) == 204


def _user_cookie(server: AppServer, *, secret: str) -> str:
    """The cookie that a sign-in leaves, signed with this secret."""
    from streamlit.web.server.starlette.starlette_app_utils import create_signed_value

    user = {"is_logged_in": True, "email": "dana@example.org", "origin": server.url}
    return f"_streamlit_user={create_signed_value(secret, '_streamlit_user', json.dumps(user)).decode()}"


def _visit_with_cookie(server: AppServer, *, secret: str) -> str:
    """The title that a browser gets with the cookie that a sign-in leaves, signed with this secret."""
    from streamlit.web.server.starlette.starlette_app_utils import generate_xsrf_token_string

    token = generate_xsrf_token_string()
    return _ask(
        server, token=token, Cookie=f"{_user_cookie(server, secret=secret)}; _streamlit_xsrf={token}", Origin=server.url
    )
