from rebracket_core.ui.kit.browser_state import keep_in_browser as keep_in_browser
from rebracket_core.ui.kit.confirmation import confirm as confirm, show_refusal as show_refusal
from rebracket_core.ui.kit.download_buttons import downloads as downloads
from rebracket_core.ui.kit.errors import error_box as error_box, guard as guard
from rebracket_core.ui.kit.lifecycle import lifecycle_menu as lifecycle_menu, show_archived as show_archived
from rebracket_core.ui.kit.markdown import escape as escape
from rebracket_core.ui.kit.swatch import favicon as favicon
