from rebracket_core.ui.train.comparison import compare_controls as compare_controls, show_comparison as show_comparison
from rebracket_core.ui.train.leaderboard import show_leaderboard as show_leaderboard, tags_of as tags_of
from rebracket_core.ui.train.run_note import note_form as note_form
from rebracket_core.ui.train.run_summary import (
    STARTER_NOTE as STARTER_NOTE,
    choose_run as choose_run,
    run_table as run_table,
    show_figures as show_figures,
)
