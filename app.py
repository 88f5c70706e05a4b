"""The workbench in a browser: navigation, whether the visitor may come in, the page that was asked for, errors in one box."""

import streamlit as st

from rebracket_core.ui import access, site
from rebracket_core.ui.kit import favicon, guard, keep_in_browser

# First of all, so that no browser asks Google's server for the icon of a page, which navigation would make the tab's.
st.set_page_config(page_title="Rebracket", page_icon=favicon(), layout="wide")
page = st.navigation(site.navigation(), expanded=True)
st.set_page_config(page_title=site.tab_title(page.title))
with guard():
    access.require_access()
    keep_in_browser(owner=access.signed_in_as())
    with site.address_kept(page.url_path or site.HOME):
        page.run()
