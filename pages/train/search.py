"""Search: find good training options, measured on groups that no trial has met."""

from importlib.util import find_spec

import streamlit as st

from rebracket_core.errors import MissingExtraError
from rebracket_core.services import StoredKind
from rebracket_core.ui import PageSpec
from rebracket_core.ui.kit import error_box, guard, lifecycle_menu, show_archived
from rebracket_core.ui.train import search, training_form

PAGE = PageSpec(
    title="Search",
    icon=":material/manage_search:",
    position=2,
    help="Find good training options.",
    about="Tries many training options on a part of the groups, each measured by cross-fitting. A fifth of the groups is put "
    "aside before the first trial, and has the last word.",
    empty={"no_data": ("There is no data to search on yet.", ("import", "Import data"))},
)

workbench = PAGE.open()
datasets, states = workbench.datasets.all(), workbench.search.states()
PAGE.require(datasets or states, "no_data")
if datasets:
    with st.expander("A new search", icon=":material/tune:", expanded=not states, key="search.new"):
        if find_spec("optuna") is None:
            error_box(MissingExtraError("search", what="A search"))
        else:
            meta = training_form.choose_dataset(datasets, key="search.dataset")
            with guard():
                plan = search.choose_plan(workbench)
                search.press(workbench, meta, plan=plan)
if states:
    search_id = search.choose_search(states)
    search.show_search(workbench, search_id)
    with st.container(horizontal=True):
        lifecycle_menu(workbench, StoredKind.SEARCH, search_id, key="search.own")
else:
    st.caption("No search yet.")
show_archived(workbench, StoredKind.SEARCH, page="search")
