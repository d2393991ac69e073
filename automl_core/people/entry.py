"""Who comes in: the person that an OpenID provider vouches for, and where the app may listen without one."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Mapping
from typing import Any

from automl_core.errors import AccessError, InputError
from automl_core.people.person import Person, address_of
from automl_core.people.settings import Settings

OPEN = "AUTOML_OPEN"
"""Environment variable that lets everybody in who reaches the app."""
_YES = ("1", "true", "yes", "on")


def person_of(claims: Mapping[str, Any], settings: Settings) -> Person:
    """Return the person whom a provider's claims are about (OpenID Connect Core 1.0, section 5.1).

    People are known by their e-mail address, since that is what others share a project with.

    Raises
    ------
    AccessError
        When the claims hold no address, the provider says that it is not verified, or the settings do not let it in.
    """
    try:
        address = address_of(str(claims.get("email") or ""))
    except InputError as error:
        raise AccessError(
            "The provider did not say your e-mail address.",
            "It is what people are known by here.",
            "Have the scope 'email' allowed for this application at the provider.",
        ) from error
    if str(claims.get("email_verified", "true")).lower() == "false":
        raise AccessError(
            f"The provider has not verified that {address} is yours.", action="Verify it there, then sign in again."
        )
    if not settings.admits(address):
        raise AccessError(
            f"{address} may not use this installation.",
            action="Ask the person who runs it; `python -m automl_core settings allowed=...` lets people in.",
        )
    name = " ".join(str(claims.get("name") or address).split())[:80]
    return Person(address, name, everywhere=address in settings.administrators)


def check_listening(address: str | None, *, sign_in: bool) -> None:
    """Refuse to listen to other machines where nobody signs in, unless `OPEN` asks for it.

    Parameters
    ----------
    address : str or None
        Where the app listens; none or empty for every address of the machine.
    sign_in : bool
        Whether people sign in.

    Raises
    ------
    AccessError
    """
    if sign_in or _loopback(address) or os.environ.get(OPEN, "").strip().lower() in _YES:
        return
    raise AccessError(
        f"Tablewright was told to listen on {address or 'every address of this machine'}, and nobody has to sign in.",
        "Everybody who reaches it could see and change everything.",
        f"Set up sign-in (docs/people.md), listen on localhost, or set {OPEN}=yes if that is meant.",
    )


def _loopback(address: str | None) -> bool:
    if not address:
        return False
    if address.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(address.strip("[]")).is_loopback
    except ValueError:
        return False
