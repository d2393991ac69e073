"""Start the app: ``python -m pages.shared.serve``, which takes the options of ``streamlit run``."""

from __future__ import annotations

import sys

from streamlit.runtime.pages_manager import PagesManager
from streamlit.web import cli

from pages.shared.pagelist import ROOT


def main() -> None:
    """Run Streamlit with `app.py` as the only entrypoint.

    A folder called ``pages`` makes Streamlit 1.67 treat the first session of a server as its old kind of multipage app:
    a link to a page that is opened first gets a dialog "Page not found" over the page. `st.navigation` turns that off
    when it is first called; here it is off from the start.
    """
    PagesManager.uses_pages_directory = False
    sys.argv = ["streamlit", "run", str(ROOT / "app.py"), *sys.argv[1:]]
    sys.exit(cli.main())


if __name__ == "__main__":
    main()
