"""A project's figures from its events: an answer changed after the suggestion was shown is found in the history."""

from __future__ import annotations

from pathlib import Path

from rebracket_core.annotation import (
    LabelSession,
    NewItem,
    NewProject,
    ProjectSettings,
    Submission,
    Suggestion,
    SuggestionPolicy,
)
from rebracket_core.annotation.labelling import submit_labels
from rebracket_core.annotation.people import enrol
from rebracket_core.annotation.projects import create_project
from rebracket_core.annotation.queries import list_items
from rebracket_core.annotation.queue.suggestions import put_suggestions, show_suggestion
from rebracket_core.rainbow import AXIS_NAMES
from rebracket_core.services.labels.health import label_health
from tests.support.labels import label_at


def test_answers_changed_after_a_suggestion_are_counted(tmp_path: Path) -> None:
    session = LabelSession.open(f"sqlite:///{tmp_path / 'labels.db'}")
    enrol(session, "Ann")
    settings = ProjectSettings(suggestions=SuggestionPolicy.AFTER, blind_share=0.0, random_share=0.0)
    create_project(session, NewProject("One", [NewItem(f"i{k}", f"Text {k}") for k in range(24)], settings=settings), by="ann")
    put_suggestions(
        session,
        "one",
        suggestions=[Suggestion(f"i{k}", "run", {axis: (0.8, 0.1, 0.1) for axis in AXIS_NAMES}) for k in range(24)],
        by="ann",
    )
    for k, item in enumerate(list_items(session, "one")):
        sent = Submission(f"a{k}", item.item_id, 1, item.text_digest, label_at(1), "2026-03-01T10:00:00Z", active_s=3.0)
        submit_labels(session, "one", submissions=[sent], by="ann")
        assert show_suggestion(session, "one", item_id=item.item_id, by="ann") is not None
        if k % 2:
            again = Submission(
                f"b{k}",
                item.item_id,
                1,
                item.text_digest,
                label_at(0 if k % 4 == 1 else 2),
                "2026-03-01T10:01:00Z",
                active_s=3.0,
                shown_at="2026-03-01T10:00:30Z",
            )
            submit_labels(session, "one", submissions=[again], by="ann")
    found = label_health(session, "one", seed=1)
    effect = found.automation_bias[0]
    assert effect.flip_rate.n == 36 and effect.flip_rate.value == 1.0
    assert effect.toward_model.value == 0.5
    assert "not enough yet" in effect.difference.why
    assert found.agreement.excluded == {"a suggestion was seen before the label": 12}
    assert found.agreement.of("temporal").main.why == "no item has two labels"
    assert found.pace.n_left == 0
    session.close()
