"""Predict: what a model says of texts without a verdict, such as their types."""

from rebracket_core.ui import PageSpec
from rebracket_core.ui.concepts import predictions
from rebracket_core.ui.kit import guard

PAGE = PageSpec(
    title="Predict",
    icon=":material/category:",
    position=4,
    help="Types and whatever else a model learnt, without a verdict.",
    about="Rebracketing types, whether there is any, and whatever else a model learnt: for models that were trained without "
    "album or axes, which give no verdicts.",
    empty={
        "nothing": (
            "There is no model yet, and without one nothing is predicted. Import texts first, then train.",
            ("import", "Import data"),
            ("launch", "Train a model"),
        ),
        "no_model": (
            "There is no model yet, and without one nothing is predicted. Train one from the data that is here.",
            ("launch", "Train a model"),
        ),
    },
)

workbench = PAGE.open()
runs = {run.run_id: run for run in workbench.runs.all()}
PAGE.require(runs, "no_model" if workbench.datasets.all() else "nothing")
with guard():
    predictions.show(workbench, runs)
