"""Who is at work: the machine's owner on the command line, the person who signed in on the pages."""

from __future__ import annotations

import contextlib
import getpass
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from automl_core.errors import InputError

_ADDRESS = re.compile(r"[^\s@,;<>\"]+@[^\s@,;<>\"]+")
LONGEST_ADDRESS = 254
"""Characters of an e-mail address (RFC 5321)."""


@dataclass(frozen=True)
class Person:
    """Somebody who does something.

    Parameters
    ----------
    id : str
        The e-mail address that the provider vouches for, in small letters; for the machine's owner the name of the account.
    name : str
        For people.
    everywhere : bool
        Whether every project can be seen and changed: the machine's owner and administrators.
    """

    id: str
    name: str
    everywhere: bool = False

    @property
    def signed_in(self) -> bool:
        """Whether a provider vouches for this person."""
        return "@" in self.id


def user() -> str:
    """Return the name of the account this program runs under."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "someone"


def owner() -> Person:
    """Return the owner of this machine, who may do everything."""
    return Person(user(), user(), everywhere=True)


_identify: Callable[[], Person] = owner


def acting() -> Person:
    """Return who is at work at this moment; may raise an AccessError where somebody should have signed in."""
    return _identify()


def identify(by: Callable[[], Person]) -> None:
    """Say how to find out who is at work; holds for the whole process."""
    global _identify
    _identify = by


@contextlib.contextmanager
def acting_as(person: Person) -> Iterator[None]:
    """Let the whole process work in a person's name while the block runs."""
    before = _identify
    identify(lambda: person)
    try:
        yield
    finally:
        identify(before)


def address_of(text: str) -> str:
    """Return an e-mail address in the form that people are known by; raises InputError when it is none.

    The invisible sign that keeps an address on a page from becoming a link may be copied with it, and is left out.
    """
    tidy = text.replace("\u2060", "").strip().lower()
    if not _ADDRESS.fullmatch(tidy) or len(tidy) > LONGEST_ADDRESS:
        raise InputError(
            f"{text.strip()[:80]!r} is no e-mail address.",
            "People are known by the address they sign in with, such as ada@example.org.",
            "Type it again.",
        )
    return tidy
