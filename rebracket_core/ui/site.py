"""The pages of the workbench: where they lie, what they are called and how they are linked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import streamlit as st
from streamlit.navigation.page import StreamlitPage


@dataclass(frozen=True, slots=True)
class Place:
    """One page: its file below the project folder, its title, its icon, its address and what it is for."""

    file: str
    title: str
    icon: str
    url: str
    help: str


OVERVIEW = Place(
    "pages/home/overview.py",
    "Overview",
    ":material/home:",
    "overview",
    "What there is: data, model, last runs, and what to do next.",
)
VALIDATE = Place(
    "pages/concepts/validate.py", "Validate", ":material/rule:", "validate", "Ask for the verdict on one concept or on many."
)
HISTORY = Place(
    "pages/concepts/history.py",
    "History",
    ":material/history:",
    "history",
    "Every verdict that was given, with the model that gave it.",
)
MONITORING = Place(
    "pages/concepts/monitoring.py",
    "Monitoring",
    ":material/monitor_heart:",
    "monitoring",
    "What comes in and what is answered, over time.",
)
PROGRESS = Place(
    "pages/annotate/progress.py",
    "Progress",
    ":material/monitoring:",
    "progress",
    "How far the labelling is, and how far people agree.",
)
LABEL = Place(
    "pages/annotate/label.py",
    "Label",
    ":material/label:",
    "label",
    "Say what concepts are on the three axes, by keys or by touch.",
)
ADJUDICATE = Place(
    "pages/annotate/adjudicate.py",
    "Adjudicate",
    ":material/gavel:",
    "adjudicate",
    "Settle the concepts on which people differ.",
)
LAUNCH = Place(
    "pages/train/launch.py", "Launch", ":material/rocket_launch:", "launch", "Train a model, and watch it while it learns."
)
SEARCH = Place("pages/train/search.py", "Search", ":material/manage_search:", "search", "Find good training options.")
RUNS = Place(
    "pages/train/runs.py", "Runs", ":material/model_training:", "runs", "Compare runs, and choose the one that answers."
)
MAP = Place(
    "pages/review/map.py",
    "Map",
    ":material/scatter_plot:",
    "map",
    "The texts of a data set as points: similar ones lie together.",
)
CONFUSION = Place(
    "pages/review/confusion.py",
    "Confusion",
    ":material/grid_on:",
    "confusion",
    "What a run takes for what, on songs that it had not met.",
)
CONFIDENCE = Place(
    "pages/review/confidence.py",
    "Confidence",
    ":material/speed:",
    "confidence",
    "Whether its probabilities hold, and what other thresholds would accept.",
)
ERRORS = Place(
    "pages/review/errors.py",
    "Errors",
    ":material/bug_report:",
    "errors",
    "The wrong answers, the suspected labels, and the texts on which it is worse.",
)
EXPLAIN = Place(
    "pages/review/explain.py",
    "Explain",
    ":material/psychology:",
    "explain",
    "Which words an answer rests on, and how far to trust that.",
)
GEOMETRY = Place(
    "pages/review/geometry.py",
    "Geometry",
    ":material/share_location:",
    "geometry",
    "How albums and axes lie in the space of the encoder.",
)
IMPORT = Place(
    "pages/library/import.py",
    "Import",
    ":material/upload_file:",
    "import",
    "Bring texts in, and see what was taken and what was not.",
)
AUDIT = Place(
    "pages/library/audit.py", "Audit", ":material/fact_check:", "audit", "What a data set can teach and what it cannot."
)

SECTIONS: dict[str, tuple[Place, ...]] = {
    "": (OVERVIEW,),
    "Concepts": (VALIDATE, HISTORY, MONITORING),
    "Annotate": (LABEL, ADJUDICATE, PROGRESS),
    "Train": (LAUNCH, SEARCH, RUNS),
    "Review": (MAP, CONFUSION, CONFIDENCE, ERRORS, EXPLAIN, GEOMETRY),
    "Library": (IMPORT, AUDIT),
}
"""Section heading → its pages, in the order of the navigation."""


def navigation() -> dict[str, list[StreamlitPage]]:
    """The pages as `st.navigation` takes them; Overview is where the address without a path leads."""
    return {
        heading: [
            st.Page(p.file, title=p.title, icon=p.icon, url_path=p.url, help=p.help, default=p is OVERVIEW) for p in places
        ]
        for heading, places in SECTIONS.items()
    }


def link(place: Place, label: str | None = None, *, query: Mapping[str, str] | None = None) -> None:
    """Draw a link to a page, with its icon; `query` is what the address says after the question mark."""
    st.page_link(place.file, label=label or place.title, icon=place.icon, query_params=dict(query or {}))
