from rebracket_core.jobs.tracking.tracker_thread import tracked as tracked
from rebracket_core.jobs.tracking.trackers import check_tracker as check_tracker
