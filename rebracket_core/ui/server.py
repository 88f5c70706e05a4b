"""The app's server, started so that the address of a page works on the very first visit."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence


def serve(arguments: Sequence[str]) -> int:
    """Run the `streamlit` command with these arguments, such as `run app.py`, until it is stopped; its exit code.

    Before the first visitor has reached `st.navigation`, Streamlit takes a folder `pages/` beside the app for its old
    kind of pages and greets a link to a page with "Page not found". Saying that there is none turns that off.
    The address of a visitor is the connection's own, never one that a header claims (`ui.access` reads these itself).
    """
    from streamlit.runtime.pages_manager import PagesManager
    from streamlit.web.cli import main

    from rebracket_core.files import keep_private
    from rebracket_core.jobs.workers.warm_pool import allow

    keep_private()
    PagesManager.uses_pages_directory = False
    os.environ["FORWARDED_ALLOW_IPS"] = ""
    allow()
    sys.argv = ["streamlit", *arguments]
    try:
        main()
    except SystemExit as done:
        return done.code if isinstance(done.code, int) else int(done.code is not None)
    return 0
