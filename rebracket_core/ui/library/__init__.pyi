from rebracket_core.ui.library.datasets import (
    choose_dataset as choose_dataset,
    dataset_table as dataset_table,
    show_report as show_report,
)
