"""The one door to people's labels: every page, command and script reads and writes through `AnnotationService`.

Each write is one transaction that appends an event and brings the tables up to date; roles are checked here, at every
write. Nothing is ever deleted: an undo is an event too, and it can be undone.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from rebracket_core.annotation import adjudication as adjudicating
from rebracket_core.annotation import labelling, people, projects, snapshots
from rebracket_core.annotation import queries as reading
from rebracket_core.annotation.database.store import Store
from rebracket_core.annotation.entities.records import (
    Ack,
    Case,
    Claimed,
    ClaimResult,
    Decision,
    Event,
    Guideline,
    Item,
    Label,
    NewItem,
    Person,
    Progress,
    Project,
    ProjectSettings,
    Resolved,
    Role,
    Snapshot,
    Submission,
    Suggestion,
)
from rebracket_core.annotation.events import consistency as replaying
from rebracket_core.annotation.queue import leases as queue
from rebracket_core.annotation.queue import ranking
from rebracket_core.annotation.queue import suggestions as suggesting
from rebracket_core.annotation.session import Desk


class AnnotationService:
    """All of annotation over one database (any SQLAlchemy URL); safe to share between threads and processes.

    Nothing is created before the first write. `by` is always the person_id of whoever acts. Raises InputError for what is
    not allowed or not there, and StoreError where the database refuses.
    """

    def __init__(self, database_url: str, *, clock: Callable[[], float] = time.time) -> None:
        self._desk = Desk(Store(database_url), clock)

    def close(self) -> None:
        """Nothing; every connection is closed. The service opens again on next use."""
        self._desk.store.close()

    # ---- people -------------------------------------------------------------------------------------------------------

    def enrol(self, name: str, *, person_id: str | None = None) -> Person:
        """The person of this name (or id, such as an e-mail address), made on the first visit; the first one is an admin."""
        return people.enrol(self._desk, name, person_id=person_id)

    def people(self) -> list[Person]:
        """Everybody who ever enrolled, by name."""
        return people.everybody(self._desk)

    def person(self, person_id: str) -> Person:
        """One person; an unknown id is an InputError."""
        found = people.find(self._desk, person_id)
        if found is None:
            raise people.unknown(person_id)
        return found

    def set_role(self, person_id: str, role: Role, *, by: str, active: bool = True) -> Person:
        """The person with the new role (admins only; the last admin stays one)."""
        return people.set_role(self._desk, person_id, role, by=by, active=active)

    # ---- projects -----------------------------------------------------------------------------------------------------

    def create_project(
        self,
        name: str,
        items: Iterable[NewItem],
        *,
        by: str,
        dataset: str = "",
        dataset_digest: str = "",
        settings: ProjectSettings | None = None,
        guideline: str = "",
    ) -> Project:
        """A new project with its items in one go (admins only). The id is made from the name; a name is used once."""
        return projects.create(
            self._desk,
            name,
            items,
            by=by,
            dataset=dataset,
            dataset_digest=dataset_digest,
            settings=settings or ProjectSettings(),
            guideline=guideline,
        )

    def projects(self) -> list[Project]:
        """Every project, newest first; closed ones too."""
        return projects.every(self._desk)

    def project(self, project_id: str) -> Project:
        """One project; an unknown id is an InputError."""
        return projects.one(self._desk, project_id)

    def change_settings(self, project_id: str, settings: ProjectSettings, *, by: str, closed: bool = False) -> Project:
        """The project with other settings (admins only). The shares of items are fixed when a project is made."""
        return projects.change(self._desk, project_id, settings, by=by, closed=closed)

    def guideline(self, project_id: str, version: int | None = None) -> Guideline:
        """The guideline as it is now, or one of its versions."""
        found = projects.guidelines(self._desk, project_id)
        wanted = self.project(project_id).guideline_version if version is None else version
        return projects.version_of(found, wanted)

    def guidelines(self, project_id: str) -> list[Guideline]:
        """All versions of the guideline, oldest first."""
        return projects.guidelines(self._desk, project_id)

    def set_guideline(self, project_id: str, text: str, *, by: str) -> Guideline:
        """A new version of the guideline (reviewers and admins). Labels keep the version that they were given under."""
        return projects.set_guideline(self._desk, project_id, text, by=by)

    # ---- labelling ----------------------------------------------------------------------------------------------------

    def claim(self, project_id: str, n: int = 1, *, by: str, holding: Sequence[str] = ()) -> ClaimResult:
        """Up to n items for a person to label, leased to them, best first; where there are fewer, `empty` says why.

        `holding` are the item ids that the client has already: they are kept leased and not given again. Items that the
        person holds and that are not in it (a page loaded anew) come back first.
        """
        return queue.claim(self._desk, project_id, n, by=by, holding=holding)

    def heartbeat(self, project_id: str, lease_ids: Sequence[str], *, by: str) -> tuple[str, ...]:
        """The leases that still hold, now for a whole term longer; the others ran out and may be with somebody else."""
        return queue.heartbeat(self._desk, project_id, lease_ids, by=by)

    def release(self, project_id: str, lease_ids: Sequence[str], *, by: str) -> int:
        """The number of leases given back."""
        return queue.release(self._desk, project_id, lease_ids, by=by)

    def submit(self, project_id: str, submissions: Sequence[Submission], *, by: str) -> list[Ack]:
        """One ack a submission, in order. What is acknowledged is on disk; the same `label_id` again is "already".

        A label whose lease ran out is kept all the same. A second label of a person for the same item and round is a
        revision. One that is refused stops none of the others.
        """
        return labelling.submit(self._desk, project_id, submissions, by=by)

    def import_labels(self, project_id: str, labels: Sequence[Label], *, by: str, source: str) -> list[Ack]:
        """One ack a label from elsewhere (reviewers and admins), kept under its own annotator, times and `source`.

        An annotator who is not known is enrolled. The item is found by its id and the digest of its text. `label_id` is
        kept; sent twice, it is "already".
        """
        return labelling.import_labels(self._desk, project_id, labels, by=by, source=source)

    def skip(self, project_id: str, item_id: str, *, by: str, reason: str = "", event_id: str | None = None) -> str:
        """The id of the event; the item is not offered to this person again, and goes to somebody else."""
        return labelling.skip(self._desk, project_id, item_id, by=by, reason=reason, event_id=event_id)

    def flag(self, project_id: str, item_id: str, *, by: str, note: str = "", event_id: str | None = None) -> str:
        """The id of the event; a reviewer will look at the item."""
        return labelling.flag(self._desk, project_id, item_id, by=by, note=note, event_id=event_id)

    def undo(self, event_id: str, *, by: str, undo_id: str | None = None) -> Claimed | None:
        """The item, leased again to the person whose label or skip was undone; None for other things.

        Undoes a label, skip, flag, decision, setting, guideline or an undo (which does it again). One's own, or
        anybody's for an admin.
        """
        return labelling.undo(self._desk, event_id, by=by, undo_id=undo_id)

    def suggestion(self, project_id: str, item_id: str, *, by: str) -> Suggestion | None:
        """What the model says of an item, where the policy lets this person see it now; it is written down as shown.

        None for blind items and those of the chance share, always; before one's own label under "after"; under "never".
        """
        return suggesting.show(self._desk, project_id, item_id, by=by)

    def put_suggestions(self, project_id: str, suggestions: Iterable[Suggestion], *, by: str) -> int:
        """The number of items that have a suggestion of this run now (reviewers and admins)."""
        return suggesting.put(self._desk, project_id, suggestions, by=by)

    def suggestions(self, project_id: str) -> dict[str, Suggestion]:
        """The latest suggestion by item id, shown or not: for statistics, never for whoever labels."""
        return suggesting.every(self._desk, project_id)

    def put_order(self, project_id: str, scores: Mapping[str, float], *, by: str, why: Mapping[str, str]) -> int:
        """The number of items put in a new order, highest score first, the chance share mixed in (reviewers and admins)."""
        return ranking.put_order(self._desk, project_id, scores, by=by, why=why)

    def put_first(self, project_id: str, item_ids: Collection[str], *, by: str, why: str) -> int:
        """The number of these items that the project has (reviewers and admins); all but those by chance come first now."""
        return ranking.put_first(self._desk, project_id, item_ids, by=by, why=why)

    # ---- reading ------------------------------------------------------------------------------------------------------

    def item(self, project_id: str, item_id: str) -> Item:
        """One item as it stands."""
        return reading.item(self._desk, project_id, item_id)

    def items(self, project_id: str, *, offset: int = 0, limit: int | None = None) -> list[Item]:
        """The items in the order in which they came in."""
        return reading.items(self._desk, project_id, offset=offset, limit=limit)

    def labels(
        self,
        project_id: str,
        *,
        as_of: str | None = None,
        item_id: str | None = None,
        annotator: str | None = None,
        every_round: bool = True,
    ) -> list[Label]:
        """The labels as they stand, or as they stood at a moment (ISO 8601), by item, round and annotator."""
        return reading.labels(
            self._desk, project_id, as_of=as_of, item_id=item_id, annotator=annotator, every_round=every_round
        )

    def history(
        self, project_id: str, *, item_id: str | None = None, person: str | None = None, limit: int = 200
    ) -> list[Event]:
        """What happened, newest first, undone things too."""
        return reading.history(self._desk, project_id, item_id=item_id, person=person, limit=limit)

    def progress(self, project_id: str) -> Progress:
        """How far a project is."""
        return reading.progress(self._desk, project_id)

    # ---- adjudication -------------------------------------------------------------------------------------------------

    def adjudication_queue(self, project_id: str, *, by: str, limit: int = 50, names: bool = False) -> list[Case]:
        """What waits for a reviewer: flagged items first, then by disagreement; names are letters unless asked for."""
        return adjudicating.queue(self._desk, project_id, by=by, limit=limit, names=names)

    def decide(self, project_id: str, item_id: str, decision: Decision, *, by: str, event_id: str | None = None) -> str:
        """The id of the event (reviewers and admins). Raw labels never change; `undo` takes it back."""
        return adjudicating.decide(self._desk, project_id, item_id, decision, by=by, event_id=event_id)

    # ---- for training -------------------------------------------------------------------------------------------------

    def resolved(self, project_id: str, *, snapshot_id: str | None = None) -> list[Resolved]:
        """What people say of each labelled text, as it stands or as a snapshot names it; dropped items are left out."""
        return snapshots.resolved(self._desk, project_id, snapshot_id=snapshot_id)

    def snapshot(self, project_id: str, *, by: str) -> Snapshot:
        """The labels of now under a name that is made of their content."""
        return snapshots.take(self._desk, project_id, by=by)

    def snapshots(self, project_id: str | None = None) -> list[Snapshot]:
        """The snapshots that were taken, newest first."""
        return snapshots.every(self._desk, project_id)

    # ---- health -------------------------------------------------------------------------------------------------------

    def replay(self) -> list[str]:
        """The differences between the tables and the events told anew; [] where they are equal."""
        return replaying.replay(self._desk)
