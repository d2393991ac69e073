"""Start the app: ``python -m pages.shared.serve``, which takes the options of ``streamlit run``."""

from __future__ import annotations

import os
import sys
import threading
import time
import urllib.error
import urllib.request
import webbrowser
from typing import Any

from streamlit.runtime.pages_manager import PagesManager
from streamlit.web import bootstrap, cli

from automl_core.errors import AutoMLError
from pages.shared import people
from pages.shared.pagelist import ROOT

_run = bootstrap.run


def main() -> None:
    """Run Streamlit with `app.py` as the only entrypoint.

    A folder called ``pages`` makes Streamlit 1.67 treat the first session of a server as its old kind of multipage app:
    a link to a page that is opened first gets a dialog "Page not found" over the page. `st.navigation` turns that off
    when it is first called; here it is off from the start.
    """
    PagesManager.uses_pages_directory = False
    bootstrap.run = checked
    if sys.platform == "darwin" or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        threading.Thread(target=_open_browser, daemon=True).start()
    sys.argv = ["streamlit", "run", str(ROOT / "app.py"), *sys.argv[1:]]
    sys.exit(cli.main())


def checked(*args: Any, **options: Any) -> None:
    """Run the server once its settings are read, unless it would let in people whom nobody knows."""
    try:
        people.check_open()
    except AutoMLError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    _run(*args, **options)


def _open_browser() -> None:
    """Open the app as soon as it answers; Streamlit's own way would ask for an e-mail address first."""
    url = f"http://localhost:{os.environ.get('STREAMLIT_SERVER_PORT', '8501')}"
    for _ in range(200):
        try:
            urllib.request.urlopen(f"{url}/_stcore/health", timeout=1)
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
        else:
            webbrowser.open(url)
            return


if __name__ == "__main__":
    main()
