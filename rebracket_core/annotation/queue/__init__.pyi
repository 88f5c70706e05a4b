from rebracket_core.annotation.queue.leases import (
    claim_items as claim_items,
    keep_items as keep_items,
    renew_leases as renew_leases,
)
from rebracket_core.annotation.queue.ranking import mixed as mixed, put_first as put_first, put_order as put_order
from rebracket_core.annotation.queue.suggestions import (
    list_suggestions as list_suggestions,
    put_suggestions as put_suggestions,
    show_suggestion as show_suggestion,
)
