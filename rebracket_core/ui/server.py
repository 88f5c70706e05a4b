"""The app's server: Streamlit's own behind this app's guards, and every page's address works on the first visit."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence


def serve(arguments: Sequence[str]) -> int:
    """Run the `streamlit` command with these arguments, such as `run app.py`, until it is stopped; its exit code.

    Before the first visitor has reached `st.navigation`, Streamlit takes a folder `pages/` beside the app for its old
    kind of pages and greets a link to a page with "Page not found". Saying that there is none turns that off.
    The address of a visitor is the connection's own, never one that a header claims (`ui.access` reads these itself).
    Every connection passes the guards of `ui.middleware` first. What no page foresaw is drawn as this app's own box.
    """
    from streamlit import error_util
    from streamlit.runtime.pages_manager import PagesManager
    from streamlit.web.cli import main

    from rebracket_core.files import keep_private
    from rebracket_core.jobs.workers import allow
    from rebracket_core.ui.kit.errors import unforeseen_box

    keep_private()
    PagesManager.uses_pages_directory = False
    os.environ["FORWARDED_ALLOW_IPS"] = ""
    allow()
    setattr(error_util, "show_uncaught_app_exception", unforeseen_box)  # noqa: B010 - its type differs in a name alone
    _put_guards_in_front()
    sys.argv = ["streamlit", *arguments]
    try:
        main()
    except SystemExit as done:
        return done.code if isinstance(done.code, int) else int(done.code is not None)
    return 0


def _put_guards_in_front() -> None:
    """Let Streamlit's server build its stack of middleware with this app's in front.

    `st.App` takes middleware too, but then reads neither the command's options nor the settings beside the app's script.
    """
    from starlette.middleware import Middleware
    from streamlit.web.server.starlette import starlette_app

    from rebracket_core.ui.admissions import ADMISSIONS
    from rebracket_core.ui.middleware import DeveloperGuard, HomeByName, OriginGuard, SecurityHeaders, UploadGuard
    from rebracket_core.ui.site import HOME

    streamlits = starlette_app.create_streamlit_middleware

    def guarded() -> list[Middleware]:
        return [
            Middleware(SecurityHeaders),
            Middleware(OriginGuard, hosts=own_names),
            Middleware(DeveloperGuard),
            Middleware(UploadGuard, admissions=ADMISSIONS),
            Middleware(HomeByName, name=HOME),
            *streamlits(),
        ]

    starlette_app.create_streamlit_middleware = guarded


def own_names() -> list[str]:
    """The names and addresses, without ports, of which pages may open a socket here beside the one that they ask."""
    from urllib.parse import urlsplit

    import streamlit as st

    named = [
        st.get_option("server.address"),
        st.get_option("browser.serverAddress"),
        *(st.get_option("server.allowedHosts") or ()),
    ]
    origins = [urlsplit(origin).hostname for origin in st.get_option("server.corsAllowedOrigins") or ()]
    return ["localhost", "127.0.0.1", *(str(name).lower() for name in [*named, *origins] if name)]
