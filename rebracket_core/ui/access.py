"""Who may open the pages: whoever signed in where a sign-in provider is set, else visitors from allowed addresses."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit import runtime
from streamlit.errors import StreamlitAuthError, StreamlitSecretNotFoundError
from streamlit.runtime.scriptrunner import get_script_run_ctx

from rebracket_core.errors import ConfigError, MissingExtraError
from rebracket_core.serving.guard import names_client, shows_proxy
from rebracket_core.settings import Settings
from rebracket_core.ui.admissions import ADMISSIONS
from rebracket_core.ui.kit.markdown import escape

Address = IPv4Address | IPv6Address

_PROVIDER_KEYS = ("client_id", "server_metadata_url")
_SECRETS_NAMED = "STREAMLIT_SECRETS_FILES"
_WAYS = (
    "Whoever runs this app has two ways to let you in: set up a sign-in provider (a section [auth] in "
    ".streamlit/secrets.toml), or start it with REBRACKET_OPEN_TO naming the addresses that may come in, such as lan, "
    "192.168.1.20 or 10.0.0.0/8."
)


@dataclass(frozen=True, slots=True)
class Visit:
    """One connection as the server saw it: the peer's address, and all headers with lower-case names.

    `peer` is None where the connection came over this machine's loopback interface.
    """

    peer: str | None
    headers: Mapping[str, Sequence[str]]

    def first(self, name: str) -> str:
        """The first value of a header, "" where it is absent."""
        return next(iter(self.headers.get(name, ())), "")


def require_access() -> None:
    """Let the page go on for a visitor who may open it; else draw the reason and the way in, and stop the page.

    Raises ConfigError where the secrets or REBRACKET_OPEN_TO cannot be read: nobody is let in by mistake.
    """
    session_id = _session_id()
    auth = auth_section()
    if auth is not None:
        if not st.user.get("is_logged_in"):
            ADMISSIONS.withdraw(session_id)
            _sign_in(auth)
            st.stop()
        ADMISSIONS.admit(session_id)
        with st.sidebar:
            st.caption(f":material/person: {escape(st.user.get('name') or st.user.get('email') or 'Signed in')}")
            st.button("Sign out", key="access.sign_out", type="tertiary", icon=":material/logout:", on_click=st.logout)
        return
    reason = refusal(_visit(), open_to=Settings.from_env().open_to, hosts=_configured_hosts())
    if reason:
        ADMISSIONS.withdraw(session_id)
        st.title("Not open to this visitor", anchor=False)
        st.error(escape(reason), icon=":material/lock:")
        st.text(_WAYS)
        st.stop()
    ADMISSIONS.admit(session_id)


def signed_in_as() -> str:
    """Who signed in, by mail or subject; "" without a provider."""
    return str(st.user.get("email") or st.user.get("sub") or "") if auth_section() is not None else ""


def auth_section() -> Mapping[str, Any] | None:
    """The section `auth` of the secrets, None where there is none.

    Raises ConfigError where a file of secrets is there, or is named by the environment, and cannot be read: it may well ask for
    a sign-in.
    """
    try:
        return st.secrets.get("auth")
    except StreamlitSecretNotFoundError as cause:
        unread = [path for path in st.get_option("secrets.files") if Path(path).exists() or os.environ.get(_SECRETS_NAMED)]
        if unread:
            raise ConfigError(
                "The secrets cannot be read, so nobody can sign in.",
                expected="a TOML file",
                found=str(cause),
                hint="correct the file, or remove it if nobody has to sign in",
                where=", ".join(map(str, unread)),
            ) from cause
        return None


def providers(auth: Mapping[str, Any]) -> list[str | None]:
    """The names of the providers in a section `auth`; None is the one without a name."""
    named: list[str | None] = [
        name for name, part in auth.items() if isinstance(part, Mapping) and any(key in part for key in _PROVIDER_KEYS)
    ]
    return named if named and not any(key in auth for key in _PROVIDER_KEYS) else [None, *named]


def _sign_in(auth: Mapping[str, Any]) -> None:
    """Draw one button a provider; a press leads to its own page."""
    st.title("Sign in", anchor=False)
    st.text("This workbench is open to people who have signed in.")
    for name in providers(auth):
        label = f"Sign in with {escape(name)}" if name else "Sign in"
        if st.button(label, key=f"access.sign_in.{name or ''}", type="primary", icon=":material/login:"):
            _log_in(name)


def _log_in(name: str | None) -> None:
    try:
        st.login(name)
    except StreamlitAuthError as cause:
        if "authlib" in str(cause).lower():
            raise MissingExtraError("auth", what="Signing in") from cause
        raise ConfigError(
            "The sign-in provider is not set up completely.",
            expected="redirect_uri, cookie_secret, client_id, client_secret and server_metadata_url in the section [auth]",
            found=str(cause),
            hint="complete .streamlit/secrets.toml; the README shows an example",
        ) from cause


# ---- visitors without a provider -----------------------------------------------------------------------------------------


def refusal(visit: Visit | None, *, open_to: Sequence[str], hosts: Sequence[str] = ()) -> str:
    """Why a visitor is not let in, as one sentence; "" where the visitor is.

    A visitor is let in whose connection comes from this machine and through no proxy, or all of whose addresses (the peer's
    and each that a proxy names) are in `open_to`. Headers can only take rights away. Whatever the address, the Host and the
    Origin must be this machine's (see `own_host`), so that no foreign web page reaches the app by a name that it controls.

    Args:
        visit: the connection; None where no server runs, so that nobody can come from elsewhere.
        open_to: networks such as "10.0.0.0/8".
        hosts: further names of this machine.
    """
    if visit is None:
        return ""
    host, origin = visit.first("host"), visit.first("origin")
    if not host:
        return "Your address is not known to the app."
    for name, value in (("the address", host), ("the page", origin.partition("://")[2] or origin)):
        if value and not own_host(value, hosts=hosts):
            return (
                f"You come by {name} {value}, which is not a name of this machine. Use its IP address, or let whoever runs "
                "the app name it in STREAMLIT_SERVER_ALLOWED_HOSTS."
            )
    chain, proxied = named_clients(visit)
    peer = _address(visit.peer) if visit.peer is not None else None
    if visit.peer is None or (peer is not None and peer.is_loopback):
        if not proxied:
            return ""
    elif not _inside(peer, open_to):
        return f"Your address {visit.peer} is not this machine's, and it is not among the addresses that may come in."
    strangers = [text for text, address in chain if not _inside(address, open_to)]
    if strangers:
        return f"You come through a proxy, for {', '.join(strangers)}, which is not among the addresses that may come in."
    if proxied and not chain:
        return "You come through a proxy that does not say for whom it asks (it sends no X-Forwarded-For)."
    return ""


def named_clients(visit: Visit) -> tuple[list[tuple[str, Address | None]], bool]:
    """The addresses for which proxies say they ask, as written and as read (None: unreadable), and whether a proxy asks."""
    naming = [value for name, values in visit.headers.items() if names_client(name) for value in values]
    texts = [part.strip() for value in naming for part in value.split(",")]
    for value in visit.headers.get("forwarded", ()):
        pairs = [pair.strip().partition("=") for element in value.split(",") for pair in element.split(";")]
        texts += [to.strip('" ') for key, _, to in pairs if key.strip().lower() == "for"]
    proxied = any(names_client(name) or shows_proxy(name) for name in visit.headers)
    return [(text, _address(text)) for text in texts], proxied


def own_host(host: str, *, hosts: Sequence[str] = ()) -> bool:
    """Whether a Host header (a name or address, with a port or not) is this machine's.

    An IP address is, for no other page can claim it; so are localhost, the machine's own name, and `hosts`.
    """
    name = _without_port(host).lower().rstrip(".")
    if _address(name) is not None or name == "localhost" or name.endswith(".localhost"):
        return True
    own = socket.gethostname().lower()
    return name in {own, f"{own}.local", *(one.lower() for one in hosts if one)}


def _without_port(host: str) -> str:
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0] if host.count(":") == 1 else host


def _address(text: str) -> Address | None:
    """An address as a header or a socket writes it, with a port or not; an IPv4 address inside IPv6 is read as IPv4."""
    try:
        found = ip_address(_without_port(text.strip()).partition("%")[0])
    except ValueError:
        return None
    return (isinstance(found, IPv6Address) and found.ipv4_mapped) or found


def _inside(address: Address | None, networks: Sequence[str]) -> bool:
    return address is not None and any(address in ip_network(network) for network in networks)


def _visit() -> Visit | None:
    """The connection of this run of the page; None where no server runs."""
    if not _served():
        return None
    headers = st.context.headers
    return Visit(st.context.ip_address, {name.lower(): headers.get_all(name) for name in headers})


def _session_id() -> str:
    """The id under which the server knows this browser's session."""
    run = get_script_run_ctx()
    return run.session_id if run is not None else ""


def _served() -> bool:
    """Whether a server runs; a test that runs pages has a stand-in for it, and no visitors.

    Without headers there, the connection has ended before the page began: such a run is refused, not taken as local.
    """
    return runtime.exists() and issubclass(type(runtime.get_instance()), runtime.Runtime)


def _configured_hosts() -> list[str]:
    """The names that the server's configuration gives this machine; with a pattern Streamlit has checked the Host itself."""
    allowed = [str(name) for name in st.get_option("server.allowedHosts") or ()]
    if any("*" in name for name in allowed):
        allowed.append(_without_port(str(st.context.headers.get("host") or "")))
    return [*allowed, str(st.get_option("browser.serverAddress") or "")]
