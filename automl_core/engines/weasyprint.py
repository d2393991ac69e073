"""WeasyPrint: a page of HTML as PDF. The only module that imports it; nothing is loaded from elsewhere while it works."""

from __future__ import annotations

import ctypes
import ctypes.util

from automl_core.errors import EngineError

LIBRARIES = {
    "gobject-2.0": "libglib2.0-0",
    "pango-1.0": "libpango-1.0-0",
    "pangoft2-1.0": "libpangoft2-1.0-0",
    "harfbuzz": "libharfbuzz0b",
    "harfbuzz-subset": "libharfbuzz-subset0",
    "fontconfig": "libfontconfig1",
}
"""Libraries of the system that WeasyPrint draws with, and the packages of Debian that hold them (WeasyPrint, "First steps")."""


def missing_libraries() -> tuple[str, ...]:
    """Return the packages of Debian that have to be installed before a PDF can be made; none where all is there."""
    return tuple(package for library, package in LIBRARIES.items() if ctypes.util.find_library(library) is None)


def check_libraries() -> None:
    """Raise EngineError that names the packages where a library is missing."""
    missing = missing_libraries()
    if missing:
        raise EngineError(
            f"A PDF needs {'a library' if len(missing) == 1 else 'libraries'} that this machine lacks: {', '.join(missing)}.",
            "The report as HTML needs none of it and prints the same.",
            f"On Debian or Ubuntu: apt-get install {' '.join(missing)}",
        )


def write_pdf(html: str) -> bytes:
    """Return a self-contained page of HTML as PDF.

    Raises
    ------
    EngineError
        When libraries of the system are missing; it names Debian's packages.
    """
    check_libraries()
    try:
        import weasyprint
        from weasyprint.urls import URLFetcher
    except OSError as error:
        raise EngineError(
            f"A PDF cannot be made on this machine: {str(error)[:200]}.",
            action=f"On Debian or Ubuntu: apt-get install {' '.join(LIBRARIES.values())}",
        ) from error
    # Only what the page itself carries is looked at.
    fetcher = URLFetcher(allowed_protocols=("data",), allow_redirects=False)
    made: bytes = weasyprint.HTML(string=html, url_fetcher=fetcher, media_type="print").write_pdf()
    return made
