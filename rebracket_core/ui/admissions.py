"""The browser sessions whose visitors may act: those that a page has let in, and no others."""

from __future__ import annotations

import threading
from collections import OrderedDict

# Far above the sessions that one machine serves; beyond it the longest unseen one has to open a page again.
MOST_SESSIONS = 4096


class Admissions:
    """Session ids that a page has let in. Safe to use from several threads."""

    def __init__(self, *, most: int = MOST_SESSIONS) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._ids: OrderedDict[str, None] = OrderedDict()

    def admit(self, session_id: str) -> None:
        """Let this session act from now on."""
        with self._lock:
            self._ids[session_id] = None
            self._ids.move_to_end(session_id)
            while len(self._ids) > self._most:
                self._ids.popitem(last=False)

    def withdraw(self, session_id: str) -> None:
        """Let this session act no longer; one that was not let in is no error."""
        with self._lock:
            self._ids.pop(session_id, None)

    def __contains__(self, session_id: str) -> bool:
        """Whether this session may act."""
        with self._lock:
            return session_id in self._ids


# The pages of a process and its server share them.
ADMISSIONS = Admissions()
