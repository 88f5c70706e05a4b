"""The workbench in a browser: navigation, whether the visitor may come in, the page that was asked for, errors in one box."""

import streamlit as st

from rebracket_core.ui import access, site
from rebracket_core.ui.kit import favicon, guard

st.set_page_config(page_title="Rebracket", page_icon=favicon(), layout="wide")
page = st.navigation(site.navigation(), expanded=True)
with guard():
    access.require_access()
    page.run()
