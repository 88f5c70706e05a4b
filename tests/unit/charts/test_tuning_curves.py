"""The curves of an encoder that learns: the newest in front, the last word of a step counts, its warning is the newest."""

from typing import Any

from rebracket_core.charts import Weight, finetuning_curves, finetunings, newest_warning, trial_values


def _step(name: str, step: int, loss: float, **more: Any) -> dict[str, Any]:
    return {"tuning": name, "epoch": 0.5, "step": step, "tuning_loss": loss, **more}


def _held(name: str, step: int, loss: float) -> dict[str, Any]:
    return {"tuning": name, "epoch": 1, "step": step, "held_loss": loss}


POINTS = [
    _step("fold-0", 2, 3.0, warning="old"),
    _step("fold-0", 4, 2.0),
    _held("fold-0", 4, 2.5),
    {"fold": 0, "n": 30, "album": 0.5},
    _step("final", 2, 2.8),
    _step("final", 4, 1.5),
    _held("final", 4, 1.9),
]


def test_the_newest_encoder_is_in_front_with_what_was_held_back() -> None:
    curves = finetuning_curves(POINTS)
    lines = curves.plots[0].lines
    assert {line.name: line.y for line in lines} == {
        "fold 1": (3.0, 2.0),
        "the final encoder": (2.8, 1.5),
        "validation": (1.9,),
    }
    assert [line.weight for line in lines] == [Weight.BEFORE, Weight.NOW, Weight.VALIDATION]
    assert "the final encoder is at 1.500 after step 4, validation 1.900" in curves.alt and curves.reading.endswith(".")


def test_a_step_told_again_after_an_interruption_counts_once() -> None:
    again = [*POINTS, _step("final", 4, 1.4)]
    assert [p.get("tuning_loss") for p in finetunings(again)["final"]] == [2.8, 1.4, None]


def test_other_points_and_losses_that_are_no_numbers_are_left_out() -> None:
    assert finetunings([{"fold": 0, "step": 1, "loss": 2.0}, _step("final", 1, float("nan")), {}]) == {}
    assert finetuning_curves([]).plots[0].lines == ()


def test_the_warning_is_of_the_newest_step_alone() -> None:
    assert newest_warning(POINTS) == ""
    assert newest_warning([*POINTS, _step("final", 6, 1.2, warning="album is 20 times types")]) == "album is 20 times types"
    assert newest_warning([]) == ""


def test_trials_are_counted_in_whole_numbers() -> None:
    few, many = trial_values([(0, 1.0), (1, 0.9)], what="loss"), trial_values([(i, 1.0) for i in range(40)], what="loss")
    assert few.layout.xaxis.dtick == 1 and many.layout.xaxis.dtick is None
