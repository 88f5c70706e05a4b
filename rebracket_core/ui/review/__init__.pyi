from rebracket_core.ui.review.review import choose_review as choose_review, query_of as query_of
from rebracket_core.ui.review.sections import show_section_tabs as show_section_tabs, show_sections as show_sections
