"""What a request may reach: the paths and their scopes, the proxies that are believed, the hosts that are answered."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from typing import Any

from rebracket_core.errors import ConfigError
from rebracket_core.serving.guard.api_keys import Scope

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# Every path that is served stands in one of these two tables, letter by letter. One that does not is answered by the middleware
# and never handed to the router, whose patterns are wider than the path they are written as ("/v1/runs$" takes "/v1/runs\n").
OPEN_PATHS = frozenset({"/health", "/docs", "/docs/oauth2-redirect", "/openapi.json"})
SCOPES: Mapping[str, Scope] = {
    "/v1/validate": Scope.VALIDATE,
    "/v1/validate/batch": Scope.VALIDATE,
    "/v1/predict": Scope.VALIDATE,
    "/v1/transmigration": Scope.VALIDATE,
    "/v1/runs": Scope.RUNS,
    "/v1/thresholds": Scope.RUNS,
    "/v1/rules": Scope.RUNS,
    "/metrics": Scope.METRICS,
}
SERVED_PATHS = OPEN_PATHS | SCOPES.keys()
# Those that are read with GET, and so with HEAD.
READ_PATHS = OPEN_PATHS | {"/v1/runs", "/v1/thresholds", "/v1/rules", "/metrics"}
LOOPBACK_HOSTS = ("localhost", "127.0.0.1", "::1")

# Names of headers in which a proxy says for whom it asks, and of those by which one shows itself; every vendor has its own.
_NAMES_CLIENT = re.compile(
    r"(?:client|cluster|real|connecting|user|remote|originating|source|appengine)-?(?:ip|addr)|forwarded-for|external-address"
)
_SHOWS_PROXY = re.compile(r"forwarded|^via$|^cdn-loop$|^x-original-|^x-envoy-|^x-proxyuser")

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_RAW_CONTROL = re.compile(rb"[\x00-\x1f\x7f]")
_HOST = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+))(?::[0-9]{0,5})?")
_NAME = re.compile(r"[A-Za-z0-9._-]+")
_HOP = re.compile(r"\[([^\]]*)\](?::\w+)?|([0-9.]+):\w+|(.*)")
_FORWARDED_FOR = re.compile(r'(?:^|;)\s*for\s*=\s*("[^"]*"|[^;"\s]+)\s*(?=;|$)', re.I)


def has_control(scope: Mapping[str, Any]) -> bool:
    """Whether the path holds a control character, as it was sent or once it is decoded."""
    return bool(_CONTROL.search(scope["path"]) or _RAW_CONTROL.search(scope.get("raw_path") or b""))


class AllowedHosts:
    """The values of Host that a server without keys answers, whatever their port.

    A page of another site may point its own name at this machine (DNS rebinding); its browser then sends that name as Host.
    The address at which the connection arrived is allowed too: a page cannot be of that origin.
    """

    def __init__(self, host: str, allowed: Iterable[str] = ()) -> None:
        self._names = frozenset(name.lower() for name in (*LOOPBACK_HOSTS, host, *parse_hosts(allowed)) if name)

    def foreign(self, scope: Mapping[str, Any]) -> str | None:
        """The value of Host that is not answered, or None; a request of HTTP/1.0 may have no Host."""
        for name, value in scope["headers"]:
            if name == b"host" and not self._known(value.decode("latin-1"), scope.get("server")):
                return str(value.decode("latin-1"))
        return None

    def _known(self, value: str, server: Any) -> bool:
        found = _HOST.fullmatch(value.strip())
        if found is None:
            return False
        host = (found[1] or found[2]).lower()
        return host in self._names or bool(server and host == str(server[0]).lower())


def foreign_caller(scope: Mapping[str, Any]) -> str | None:
    """Whom else than this machine a request is for, or None: the caller's address, or what a proxy says of its own caller.

    Without keys such a request is refused. Whoever the proxy is, its headers can only take rights away here.
    """
    peer = str((scope.get("client") or ("",))[0])
    address = _address(peer)
    if address is not None and not address.is_loopback:
        return peer
    pairs = [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in scope["headers"]]
    proxied = [(name, value) for name, value in pairs if names_client(name) or shows_proxy(name)]
    named = [part for name, value in proxied if names_client(name) for part in value.split(",")]
    named += [hop for name, value in proxied if name == "forwarded" for part in value.split(",") for hop in _all_for(part)]
    for hop in named:
        address = _address(hop)
        if address is None or not address.is_loopback:
            return hop.strip() or "somebody whom a proxy does not name"
    return "somebody whom a proxy does not name" if proxied and not named else None


def names_client(name: str) -> bool:
    """Whether a header of this lower-case name says for whom a proxy asks."""
    return bool(_NAMES_CLIENT.search(name))


def shows_proxy(name: str) -> bool:
    """Whether only a proxy sends a header of this lower-case name."""
    return bool(_SHOWS_PROXY.search(name))


class TrustedProxies:
    """Whose X-Forwarded-For, Forwarded and X-Forwarded-Proto are believed: nobody's, unless proxies are named."""

    def __init__(self, proxies: Iterable[str] = ()) -> None:
        self._networks = parse_networks(proxies)

    def apply(self, scope: MutableMapping[str, Any]) -> None:
        """Put the caller (and its http or https) that a trusted proxy names in the place of the proxy."""
        peer = _address((scope.get("client") or ("",))[0]) if self._networks else None
        if peer is None or not self._trusts(peer):
            return
        headers = [(name, value.decode("latin-1")) for name, value in scope["headers"]]
        hops = [part for name, value in headers if name == b"x-forwarded-for" for part in value.split(",")]
        elements = [part for name, value in headers if name == b"forwarded" for part in value.split(",")]
        callers = {self._caller(of, peer) for of in (hops, [_for(one) for one in elements]) if of}
        if len(callers) == 1:  # a proxy that sets one header may hand on what its caller wrote into the other: believe neither
            scope["client"] = (str(callers.pop()), 0)
        schemes = {value.strip().lower() for name, value in headers if name == b"x-forwarded-proto"}
        if len(schemes) == 1 and schemes <= {"http", "https"}:
            scope["scheme"] = schemes.pop()

    def _caller(self, hops: list[str], peer: Address) -> Address:
        """The last hop that no trusted proxy made up: each proxy adds at the end, so what stands before a stranger is his."""
        caller = peer
        for hop in reversed(hops):
            found = _address(hop)
            if found is None:
                return caller
            caller = found
            if not self._trusts(found):
                break
        return caller

    def _trusts(self, address: Address) -> bool:
        return any(address in network for network in self._networks)


def parse_networks(proxies: Iterable[str]) -> tuple[Network, ...]:
    """The addresses and networks as networks. Raises ConfigError for anything else."""
    return tuple(_networks(proxies))


def parse_hosts(hosts: Iterable[str]) -> tuple[str, ...]:
    """The names and addresses, without the brackets of IPv6. Raises ConfigError for one with a port, a scheme or a wildcard."""
    found = []
    for host in hosts:
        bare = host[1:-1] if host[:1] == "[" and host[-1:] == "]" else host
        if not _NAME.fullmatch(bare) and not isinstance(_address(bare), ipaddress.IPv6Address):
            raise ConfigError(
                "The host that is to be answered cannot be read.",
                expected="a name or an address without port or scheme",
                found=repr(host),
                hint="give each name on its own, such as --allow-host rebracket.internal",
            )
        found.append(bare)
    return tuple(found)


def _networks(proxies: Iterable[str]) -> Iterator[Network]:
    for proxy in proxies:
        try:
            yield ipaddress.ip_network(proxy)
        except ValueError as cause:
            raise ConfigError(
                "The trusted proxy cannot be read.",
                expected="an address or a network, such as 10.0.0.7 or 10.0.0.0/24",
                found=f"{proxy!r} ({cause})",
                hint="give each proxy on its own: --trusted-proxy ADDRESS",
            ) from cause


def _all_for(element: str) -> list[str]:
    """Every address that an element of Forwarded names; [""] where it names none."""
    return [found.strip('"') for found in _FORWARDED_FOR.findall(element)] or [""]


def _for(element: str) -> str:
    """The address that an element of Forwarded names, or "" where it names none or several."""
    found = _all_for(element)
    return found[0] if len(found) == 1 else ""


def _address(hop: str) -> Address | None:
    """The address of a hop, with or without a port, IPv4 in IPv6's clothes as IPv4; None where it is none."""
    found = _HOP.fullmatch(hop.strip())
    try:
        address = ipaddress.ip_address(found[1] or found[2] or found[3] or "") if found else None
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
