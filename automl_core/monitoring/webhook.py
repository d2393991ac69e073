"""Alerts are sent to an address that a person chose: to the web, and to networks inside only where they are allowed."""

from __future__ import annotations

import contextlib
import ipaddress
import json
import re
import socket
import urllib.error
import urllib.parse
import urllib.request
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import IO, Any

from automl_core.errors import InputError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
TIMEOUT = 5.0
"""Seconds that a webhook may take."""
TRANSLATED = ipaddress.IPv6Network("64:ff9b::/96")
"""Addresses of IPv4 as networks without it write them."""
UNTOLD = "no address is known for the host's name, or it is inside of this network; a test that an administrator sends says more"
"""The one answer for both, so that nobody finds out by it which names there are inside."""
_HOST = re.compile(r"[^\s/?#]+")


def check_address(address: str) -> str:
    """Return a webhook's address; raises InputError for anything but http(s) with a host and without a password."""
    try:
        found = urllib.parse.urlsplit(address.strip())
        host, user = found.hostname, found.username
        _ = found.port
    except ValueError as error:
        raise InputError(f"{address[:200]!r} is no address: {error}.", action="Type it as https://host/path.") from error
    if found.scheme not in ("http", "https") or not host or not _HOST.fullmatch(host):
        raise InputError(
            f"{address[:200]!r} cannot be a webhook.", "Alerts are sent to addresses that begin with http:// or https://.",
            "Type it as https://host/path.",
        )  # fmt: skip
    if user or found.password:
        raise InputError(
            "The webhook's address holds a user or a password.", "It would be stored as it is.",
            "Use an address with a token in its path.",
        )  # fmt: skip
    return address.strip()


def check_inside(address: str, inside: tuple[str, ...]) -> None:
    """Refuse a webhook that names a place which gets no alerts; a name's addresses are looked at before one is connected to.

    Raises
    ------
    InputError
    """
    host = urllib.parse.urlsplit(address).hostname or ""
    meant = _address_of(host)
    if meant and not may_receive(meant, inside):
        raise InputError(
            f"{_refused(meant)}.", "Alerts go to the web, and to networks inside that are allowed.", "Use another address."
        )


def _address_of(host: str) -> str:
    """Return the address that a host is, however it is spelled, such as ``127.1`` or ``0x7f000001``; empty for a name.

    Nobody is asked: it is read as the system's own resolver reads it.
    """
    plain = host.partition("%")[0] if ":" in host else urllib.parse.unquote(host)  # the zone of an address of IPv6
    with contextlib.suppress(UnicodeError):  # signs that only look like digits and dots
        plain = plain.encode("idna").decode()
    plain = plain.lower().rstrip(".")
    if plain == "localhost" or plain.endswith(".localhost"):  # RFC 6761, 6.3
        return "127.0.0.1"
    try:
        return str(ipaddress.ip_address(plain))
    except ValueError:
        pass
    try:
        return socket.inet_ntoa(socket.inet_aton(plain))
    except (OSError, UnicodeError):
        return ""


class _Inside(OSError):
    """No address that a name resolves to may get alerts."""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Follows no redirect: an address that a person did not enter gets nothing."""

    def redirect_request(self, req: Any, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str) -> None:
        return None


class _Handler(urllib.request.HTTPSHandler, urllib.request.HTTPHandler):
    """Sends nothing to an address that gets no alerts, whatever the name resolves to."""

    def __init__(self, inside: tuple[str, ...]) -> None:
        super().__init__()

        def connect(place: tuple[str, int], *rest: Any) -> socket.socket:
            return _connect(place, inside, *rest)

        class Http(HTTPConnection):
            def __init__(self, *given: Any, **named: Any) -> None:
                super().__init__(*given, **named)
                self._create_connection = connect

        class Https(HTTPSConnection):
            def __init__(self, *given: Any, **named: Any) -> None:
                super().__init__(*given, **named)
                self._create_connection = connect

        self._http, self._https = Http, Https

    def http_open(self, req: urllib.request.Request) -> Any:
        return self.do_open(self._http, req)

    def https_open(self, req: urllib.request.Request) -> Any:
        return self.do_open(self._https, req)


def _connect(place: tuple[str, int], inside: tuple[str, ...], *rest: Any) -> socket.socket:
    """Connect to an address of a host that may get alerts; the others are not even knocked at, which would tell open ports."""
    host, port = place
    known = [str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    allowed = [one for one in dict.fromkeys(known) if may_receive(one.partition("%")[0], inside)]
    if not allowed:
        told = _refused(known[0].partition("%")[0])
        raise OSError(told) if _address_of(host) else _Inside(told)
    for one in allowed[:-1]:
        with contextlib.suppress(OSError):
            return socket.create_connection((one, port), *rest)
    return socket.create_connection((allowed[-1], port), *rest)


def may_receive(address: str, inside: tuple[str, ...] = ()) -> bool:
    """Return whether alerts may go to an address, also where IPv6 only wraps one of IPv4.

    Never to link-local addresses, where clouds hand out their machines' secrets, to multicast and unspecified ones; to this
    machine and to private networks only where they are in one of the networks `inside`.
    """
    found = _unwrapped(ipaddress.ip_address(address))
    if found.is_link_local or found.is_multicast or found.is_unspecified:
        return False
    return found.is_global or any(found in ipaddress.ip_network(network) for network in inside)


def _unwrapped(address: Address) -> Address:
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in TRANSLATED:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


def _refused(address: str) -> str:
    if may_receive(address, ("0.0.0.0/0", "::/0")):
        return f"{address} is inside of this network; an administrator can let alerts go there, on the Settings page"
    return f"{address} is an address of the machine's surroundings, which get no alerts"


def send(address: str, data: dict[str, Any], *, inside: tuple[str, ...] = (), telling: bool = False) -> str:
    """Post JSON to a webhook and return what became of it, in words; nothing is retried and no redirect is followed.

    Parameters
    ----------
    address : str
    data : dict
    inside : tuple of str
        Networks inside that may be reached, see `people.settings.Settings.webhooks`.
    telling : bool
        Whether whoever reads the answer may know which names there are inside and where they lead: an administrator.

    Raises
    ------
    InputError
        For an address that is none of http(s).
    """
    request = urllib.request.Request(
        check_address(address),
        data=json.dumps(data, ensure_ascii=False).encode(),
        headers={"Content-Type": "application/json", "User-Agent": "tablewright"},
        method="POST",
    )
    opener = urllib.request.build_opener(_NoRedirect, _Handler(inside), urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=TIMEOUT) as answer:
            return f"Sent, answered with {answer.status}."
    except urllib.error.HTTPError as error:
        with error:
            kind = "a redirect, which is not followed" if 300 <= error.code < 400 else "an error"
            return f"Not taken: answered with {error.code}, {kind}."
    except (OSError, HTTPException, ValueError) as error:
        return f"Not sent: {_why(error, telling)}."


def _why(error: Exception, telling: bool) -> str:
    """Return what hindered sending, in words."""
    reason = getattr(error, "reason", None) or error
    if isinstance(reason, _Inside | socket.gaierror) and not telling:
        return UNTOLD
    if isinstance(reason, socket.gaierror):
        return "no address is known for the host's name"
    if isinstance(reason, TimeoutError):
        return f"it did not answer within {TIMEOUT:g} seconds"
    return str(getattr(reason, "strerror", None) or reason)
