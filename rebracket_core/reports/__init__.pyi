from rebracket_core.reports.cards import model_card as model_card
from rebracket_core.reports.map_export import (
    coordinates as coordinates,
    to_csv as to_csv,
    to_html as to_html,
    to_parquet as to_parquet,
)
from rebracket_core.reports.review_figures import (
    cka_figure as cka_figure,
    confusion_figure as confusion_figure,
    coverage_figure as coverage_figure,
    layer_figures as layer_figures,
)
from rebracket_core.reports.review_html import run_report as run_report
from rebracket_core.reports.verdict_writers import FIELDS as FIELDS, one_line as one_line, ordered as ordered, plain as plain
