from rebracket_core.ui.review.maps.fit import ensure_first as ensure_first, fit_form as fit_form, show_work as show_work
from rebracket_core.ui.review.maps.selection import show_picture as show_picture
from rebracket_core.ui.review.maps.view import ask as ask, choose as choose
