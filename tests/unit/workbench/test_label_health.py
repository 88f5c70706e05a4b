"""A project's figures from its events: an answer changed after the suggestion was shown is found in the history."""

from __future__ import annotations

from pathlib import Path

from rebracket_core.annotation import (
    AnnotationService,
    AxisLabel,
    LabelValue,
    NewItem,
    ProjectSettings,
    Submission,
    Suggestion,
    SuggestionPolicy,
)
from rebracket_core.rainbow import AXIS_NAMES, MODES
from rebracket_core.services.labels.health import label_health


def value(at: int) -> LabelValue:
    return LabelValue(**{axis: AxisLabel.hard(axis, MODES[axis][at]) for axis in AXIS_NAMES})


def test_answers_changed_after_a_suggestion_are_counted(tmp_path: Path) -> None:
    service = AnnotationService(f"sqlite:///{tmp_path / 'labels.db'}")
    service.enrol("Ann")
    settings = ProjectSettings(suggestions=SuggestionPolicy.AFTER, blind_share=0.0, random_share=0.0)
    service.create_project("One", [NewItem(f"i{k}", f"Text {k}") for k in range(24)], by="ann", settings=settings)
    service.put_suggestions(
        "one", [Suggestion(f"i{k}", "run", {axis: (0.8, 0.1, 0.1) for axis in AXIS_NAMES}) for k in range(24)], by="ann"
    )
    for k, item in enumerate(service.items("one")):
        sent = Submission(f"a{k}", item.item_id, 1, item.text_digest, value(1), "2026-03-01T10:00:00Z", active_s=3.0)
        service.submit("one", [sent], by="ann")
        assert service.suggestion("one", item.item_id, by="ann") is not None
        if k % 2:
            again = Submission(
                f"b{k}",
                item.item_id,
                1,
                item.text_digest,
                value(0 if k % 4 == 1 else 2),
                "2026-03-01T10:01:00Z",
                active_s=3.0,
                shown_at="2026-03-01T10:00:30Z",
            )
            service.submit("one", [again], by="ann")
    found = label_health(service, "one", seed=1)
    effect = found.anchoring[0]
    assert effect.flip_rate.n == 36 and effect.flip_rate.value == 1.0
    assert effect.toward_model.value == 0.5
    assert "not enough yet" in effect.difference.why
    assert found.agreement.left_aside == {"a suggestion was seen before the label": 12}
    assert found.agreement.of("temporal").main.why == "no item has two labels"
    assert found.pace.n_left == 0
    service.close()
