"""One process that labels until nothing is left: `python labelling_process.py URL PROJECT PERSON N [ready]`; tells what it did.

With "ready" it says so and begins when a line comes in: what is timed is then labelling, not seven others being started.
"""

from __future__ import annotations

import json
import sys
import time
import uuid

from rebracket_core.annotation import AxisLabel, LabelSession, LabelValue, Submission
from rebracket_core.annotation.labelling import submit_labels
from rebracket_core.annotation.queue.leases import claim_items, renew_leases

VALUE = LabelValue(AxisLabel.hard("temporal", "past"), AxisLabel.abstain(), AxisLabel.abstain())


def main(url: str, project: str, person: str, n: int, *, waits: bool) -> None:
    """Claims n at a time and labels them; every acknowledged label is printed, then the times of claims and submits."""
    session = LabelSession.open(url)
    renew_leases(
        session, project, lease_ids=[], by=person
    )  # opens the database and loads what it needs; claims are timed after it
    if waits:
        print("ready", flush=True)
        sys.stdin.readline()
    took, sending = [], []
    while True:
        started = time.perf_counter()
        got = claim_items(session, project, n=n, by=person)
        took.append(time.perf_counter() - started)
        if not got.items:
            if got.empty is not None and not got.empty.leased:
                break
            time.sleep(0.01)
            continue
        sent = [
            Submission(str(uuid.uuid4()), c.item.item_id, c.item.round, c.item.text_digest, VALUE, "", c.lease.lease_id)
            for c in got.items
        ]
        started = time.perf_counter()
        acks = submit_labels(session, project, submissions=sent, by=person)
        sending.append(time.perf_counter() - started)
        print("".join(f"{ack.label_id} {ack.status}\n" for ack in acks), end="", flush=True)
    print(json.dumps({"claims": took, "submits": sending}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), waits=sys.argv[5:] == ["ready"])
