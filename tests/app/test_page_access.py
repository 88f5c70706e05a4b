"""Who may open a page: with a sign-in provider whoever signed in, else visitors from allowed addresses; on every page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import streamlit as st
from streamlit.errors import StreamlitSecretNotFoundError
from streamlit.testing.v1 import AppTest

from rebracket_core.errors import ConfigError
from rebracket_core.settings import LAN, Settings
from rebracket_core.ui import access
from rebracket_core.ui.access import Visit, auth_section, own_host, providers, refusal
from tests.support.app_pages import PAGES, Open, words

AUTH = {"client_id": "x", "client_secret": "y", "redirect_uri": "http://localhost/oauth2callback", "cookie_secret": "z"}
HOST = {"host": ["localhost:8501"]}


@dataclass(frozen=True)
class FakeClient:
    """A connection as Streamlit's server hands it to a run of the script."""

    remote_ip: str | None
    headers: list[tuple[str, str]]
    cookies: dict[str, str]


@pytest.fixture
def come_from(monkeypatch: pytest.MonkeyPatch) -> Iterator[object]:
    """A function that makes every following run come over a connection of this address and these headers."""

    def come(remote_ip: str | None, **headers: str) -> None:
        named = [(name.replace("_", "-"), value) for name, value in {"host": "localhost:8501", **headers}.items()]
        monkeypatch.setattr(access, "_served", lambda: True)
        monkeypatch.setattr("streamlit.runtime.context._get_client_context", lambda: FakeClient(remote_ip, named, {}))

    yield come


def _reveals_nothing(app: AppTest) -> None:
    assert not app.exception
    assert [title.value for title in app.title] in (["Sign in"], ["Not open to this visitor"])
    for kind in ("dataframe", "page_link", "selectbox", "text_area", "file_uploader", "bidi_component", "form", "expander"):
        assert not app.get(kind), kind


def test_with_a_provider_no_page_opens_before_the_sign_in(open_page: Open, empty_home: Path) -> None:
    app = open_page("pages/home/overview.py")
    app.secrets["auth"] = AUTH
    app.query_params["run"] = "any"
    for user in ({"is_logged_in": False}, {}, {"is_logged_in": None, "email": "dana@example.org"}):
        app.user = user
        for page in PAGES:
            app.switch_page(page).run()
            _reveals_nothing(app)
            assert not app.error and [button.label for button in app.button] == ["Sign in"], page
    assert len(app.title) == 1 and not list(empty_home.glob("*"))


def test_who_signed_in_comes_in_and_can_sign_out_on_every_page(open_page: Open, empty_home: Path) -> None:
    app = open_page("pages/home/overview.py")
    app.secrets["auth"] = AUTH
    app.user = {"is_logged_in": True, "email": "dana@example.org"}
    for page in ("pages/home/overview.py", "pages/train/runs.py", "pages/annotate/label.py"):
        app.switch_page(page).run()
        assert not app.exception and not app.error and app.title[0].value != "Sign in"
        assert "Sign out" in [button.label for button in app.sidebar.button]
    app.sidebar.button(key="access.sign_out").click().run()
    _reveals_nothing(app)


def test_without_a_provider_no_page_opens_to_a_foreign_address(
    open_page: Open, empty_home: Path, come_from, monkeypatch: pytest.MonkeyPatch
) -> None:
    come_from("203.0.113.9")
    app = open_page("pages/home/overview.py")
    for page in PAGES:
        app.switch_page(page).run()
        _reveals_nothing(app)
        assert not app.button and "203.0.113.9" in app.error[0].value.replace("\\", "")
        assert "REBRACKET_OPEN_TO" in words(app) and "[auth]" in words(app)
    monkeypatch.setenv("REBRACKET_OPEN_TO", "203.0.113.0/24")
    app.run()
    assert not app.exception and not app.error and app.title[0].value != "Not open to this visitor"


def test_a_visitor_of_this_machine_comes_in(open_page: Open, empty_home: Path, come_from) -> None:
    for address in ("127.0.0.1", "::1", "127.0.0.2"):
        come_from(address)
        app = open_page("pages/train/runs.py")
        assert not app.exception and not app.error and app.title[0].value != "Not open to this visitor"


def test_a_forged_header_makes_nobody_local(open_page: Open, empty_home: Path, come_from) -> None:
    come_from("203.0.113.9", x_forwarded_for="127.0.0.1")
    _reveals_nothing(open_page("pages/train/runs.py"))


@pytest.mark.parametrize(
    ("peer", "headers", "open_to", "comes_in"),
    [
        (None, {}, (), True),
        ("127.8.0.1", {}, (), True),
        ("::ffff:127.0.0.1", {}, (), True),
        ("192.168.1.5", {}, (), False),
        ("192.168.1.5", {}, LAN, True),
        ("::ffff:192.168.1.5", {}, LAN, True),
        ("fe80::1%eth0", {}, LAN, True),
        ("203.0.113.9", {}, LAN, False),
        ("unix", {}, LAN, False),
        # What a header claims never makes anybody local, and never lets in a peer that may not come in.
        (None, {"x-forwarded-for": ["127.0.0.1"]}, (), False),
        (None, {"x-forwarded-for": ["127.0.0.1"]}, LAN, False),
        (None, {"x-forwarded-for": ["::1"]}, LAN, False),
        ("203.0.113.9", {"x-forwarded-for": ["192.168.1.5"]}, LAN, False),
        ("203.0.113.9", {"x-real-ip": ["127.0.0.1"]}, (), False),
        # Behind a proxy every address that is named counts, so that one put before the true one is of no use.
        (None, {"x-forwarded-for": ["192.168.1.5"]}, LAN, True),
        (None, {"x-forwarded-for": ["192.168.1.5, 203.0.113.9"]}, LAN, False),
        (None, {"x-forwarded-for": ["192.168.1.5"], "x-real-ip": ["203.0.113.9"]}, LAN, False),
        (None, {"x-forwarded-for": ["192.168.1.5", "203.0.113.9"]}, LAN, False),
        (None, {"forwarded": ['for="[fd00::7]:4711";proto=https']}, LAN, True),
        (None, {"forwarded": ["for=192.168.1.5, for=203.0.113.9"]}, LAN, False),
        (None, {"forwarded": ["for=_hidden"]}, LAN, False),
        (None, {"x-forwarded-for": ["unknown"]}, LAN, False),
        (None, {"x-forwarded-for": [""]}, LAN, False),
        (None, {"via": ["1.1 proxy"]}, LAN, False),
        (None, {"x-forwarded-proto": ["https"]}, (), False),
        # A foreign page that its owner's name server sends here, and a request that does not say where it goes.
        (None, {"host": ["evil.example:8501"]}, (), False),
        ("192.168.1.5", {"host": ["evil.example"]}, LAN, False),
        (None, {"origin": ["http://evil.example"]}, (), False),
        (None, {"origin": ["null"]}, (), False),
        (None, {"origin": ["http://localhost:8501"]}, (), True),
        (None, {"host": []}, (), False),
    ],
)
def test_who_is_let_in(peer: str | None, headers: dict[str, list[str]], open_to: tuple[str, ...], comes_in: bool) -> None:
    assert (refusal(Visit(peer, {**HOST, **headers}), open_to=open_to) == "") is comes_in


def test_a_name_of_this_machine_is_its_own_and_others_are_named_on_purpose() -> None:
    import socket

    local = ("localhost", "LOCALHOST.:8501", "a.localhost", "127.0.0.1:8501", "[::1]:8501", "10.1.2.3")
    for host in (*local, socket.gethostname()):
        assert own_host(host), host
    for host in ("evil.example", "localhost.evil.example:80", "127.0.0.1.evil.example", "1", "user@localhost", ""):
        assert not own_host(host), host
    assert own_host("songs.example:8501", hosts=["songs.example"])


def test_the_setting_names_networks_and_goes_on_to_workers() -> None:
    settings = Settings.from_env({"REBRACKET_OPEN_TO": "LAN, 203.0.113.7 2001:db8::/32"})
    assert settings.open_to == (*LAN, "203.0.113.7/32", "2001:db8::/32")
    assert Settings.from_env(settings.to_env()) == settings
    assert Settings.from_env({}).open_to == ()
    with pytest.raises(ConfigError, match="lan, addresses and networks"):
        Settings.from_env({"REBRACKET_OPEN_TO": "everyone"})


def test_secrets_that_are_named_and_not_there_let_nobody_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    missing = str(tmp_path / "none.toml")
    real = st.get_option
    monkeypatch.setattr(st, "get_option", lambda key: [missing] if key == "secrets.files" else real(key))
    monkeypatch.setattr(access.st, "secrets", NoSecrets())
    assert auth_section() is None
    monkeypatch.setenv("STREAMLIT_SECRETS_FILES", missing)
    with pytest.raises(ConfigError, match=r"none\.toml"):
        auth_section()


class NoSecrets:
    """Secrets of which no file was found, as Streamlit tells it."""

    def get(self, _: str) -> None:
        raise StreamlitSecretNotFoundError("none")


def test_secrets_that_cannot_be_read_let_nobody_in(
    open_page: Open, empty_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "secrets.toml"
    broken.write_text("[auth\nclient_id = ", encoding="utf-8")
    real = st.get_option
    monkeypatch.setattr(st, "get_option", lambda key: [str(broken)] if key == "secrets.files" else real(key))
    with pytest.raises(ConfigError, match="nobody can sign in"):
        auth_section()
    app = open_page("pages/train/runs.py")
    assert not app.exception and not app.title and "cannot be read" in app.error[0].value


def test_each_provider_has_its_own_button(open_page: Open, empty_home: Path) -> None:
    assert providers(AUTH) == [None]
    assert providers({}) == [None]
    named = {"redirect_uri": "r", "one": {"client_id": "x"}, "two": {"server_metadata_url": "u"}}
    assert providers(named) == ["one", "two"]
    app = open_page("pages/home/overview.py")
    app.secrets["auth"] = named
    app.user = {"is_logged_in": False}
    app.run()
    assert [button.label for button in app.button] == ["Sign in with one", "Sign in with two"]
    app.button[0].click().run()
    assert not app.exception and "**What to do:**" in app.error[0].value
