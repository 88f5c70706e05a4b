from rebracket_core.ui.annotate.labelling.adjudication_form import (
    Adjudication as Adjudication,
    decide_form as decide_form,
    show_result as show_result,
)
from rebracket_core.ui.annotate.labelling.guideline import show_guideline as show_guideline
from rebracket_core.ui.annotate.labelling.keyboard_view import (
    MOST_RESERVED as MOST_RESERVED,
    LabellingPage as LabellingPage,
    show_form as show_form,
    show_keyboard_view as show_keyboard_view,
)
from rebracket_core.ui.annotate.labelling.project import choose_project as choose_project, manage as manage
from rebracket_core.ui.annotate.labelling.protocol import RESERVED as RESERVED
from rebracket_core.ui.annotate.labelling.review_case import choose_case as choose_case, show_case as show_case
