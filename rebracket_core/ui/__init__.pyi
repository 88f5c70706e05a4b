from rebracket_core.ui.person import person_here as person_here, show_person as show_person
from rebracket_core.ui.site import PageSpec as PageSpec
