"""Golden numbers of the losses: what they come to, and where a widespread mistake would come to something else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from rebracket_core.models.config import TasksConfig
from rebracket_core.models.heads import LinearHead, problem
from rebracket_core.models.heads.linear import log_odds
from rebracket_core.models.layout import ALBUM, N_OUTPUTS, TYPES
from rebracket_core.models.losses import functions as losses
from rebracket_core.models.losses.tasks import part_losses
from rebracket_core.models.scores import sigmoid, softmax
from rebracket_core.models.targets import HeadTargets
from tests.support.fits import fit_config, fit_heads

SMOOTHED = [0.933333, 0.033333, 0.033333]


def of(*values: Any) -> Any:
    import torch

    return torch.tensor(values if len(values) > 1 else values[0], dtype=torch.float32)


def about(value: float) -> Any:
    return pytest.approx(value, abs=1e-4)


def test_kl_is_golden() -> None:
    flat = of(0.0, 0.0, 0.0)
    assert losses.kl(flat, of(SMOOTHED)).item() == about(0.807472)
    assert losses.kl(flat, of(1.0, 0.0, 0.0)).item() == about(1.098612)
    assert losses.kl(of([0.483333, 0.483333, 0.033333]).log(), of(SMOOTHED)).item() == about(0.525047)
    assert -(of(SMOOTHED) * of(SMOOTHED).log()).sum().item() == about(0.291140)


def test_contrast_counts_both_kinds_of_pairs_alike() -> None:
    import torch

    rows = of([2.0, 0.0], [0.0, 1.0], [1.0, 1.0], [5.0, 5.0])
    half = 0.5**0.5
    albums = torch.tensor([0, 0, 1, -1])  # cosines: 0 within album 0; 0.7071 twice between the albums
    assert losses.album_contrast(rows, albums).item() == about(((0 - 1) ** 2 + half**2) / 2)
    assert losses.album_contrast(rows, torch.tensor([0, 0, 0, -1])).item() == about((1 + 2 * (half - 1) ** 2) / 3)
    assert losses.album_contrast(rows, torch.tensor([-1, -1, 3, -1])).item() == 0.0


def test_probabilities_in_the_place_of_logits_are_not_the_same() -> None:
    p = of(0.8, 0.15, 0.05)
    assert losses.kl(p.log(), p).item() == about(0.0)
    assert losses.kl(p, p).item() == about(0.212480)


def test_bce_and_the_weighted_total_are_golden() -> None:
    assert losses.bce(of(0.0), of(1.0)).item() == about(0.693147)
    each = losses.kl(of(0.0, 0.0, 0.0), of(SMOOTHED)).item()
    assert 0.8 * 3 * each + 0.5 * losses.bce(of(0.0), of(1.0)).item() == about(2.284508)


@pytest.mark.parametrize(("kind", "delta", "half"), [("mse", 1.0, 1.0), ("huber", 1.0, 0.5), ("smooth_l1", 1.0, 0.5)])
def test_distances_of_scores_are_means_over_the_modes(kind: str, delta: float, half: float) -> None:
    """One-hot against uniform: residuals (2/3, -1/3, -1/3), whose mean square is 2/9; at delta 1 the others are its half."""
    told = losses.axis_losses(of(0.0, 0.0, 0.0), of(1.0, 0.0, 0.0), kind=kind, delta=delta)
    assert told.item() == about(half * 2 / 9)


def test_delta_and_beta_are_those_of_torch() -> None:
    from torch.nn.functional import huber_loss, smooth_l1_loss

    assert huber_loss(of(0.5, 2.0, -3.0), of(0.0, 0.0, 0.0), delta=1.0).item() == about(1.375)
    assert smooth_l1_loss(of(0.25, 2.0), of(0.0, 0.0), beta=0.5).item() == about(0.90625)
    assert huber_loss(of(0.25, 2.0), of(0.0, 0.0), delta=0.5).item() == about(0.453125)
    residuals = np.array([2 / 3, 1 / 3, 1 / 3])
    by_hand = np.where(residuals < 0.5, residuals**2 / 2, 0.5 * (residuals - 0.25)).mean()
    assert losses.huber(of(0.0, 0.0, 0.0), of(1.0, 0.0, 0.0), delta=0.5).item() == about(by_hand)
    assert losses.smooth_l1(of(0.0, 0.0, 0.0), of(1.0, 0.0, 0.0), beta=0.5).item() == about(by_hand / 0.5)


def test_a_weight_of_nothing_leaves_a_row_out() -> None:
    """Weights [1, 0] of .239543 and 1.098612: the mean over the weights; half of it over rows (.119772) is the golden sum/n."""
    each = losses.kl(of([[2.0, 0.0, 0.0], [0.0, 0.0, 0.0]]), of([[1.0, 0.0, 0.0]] * 2))
    assert losses.weighted_mean(each[:, None], of([[1.0], [0.0]])).item() == about(0.239543)
    assert (each * of(1.0, 0.0)).mean().item() == about(0.119772)
    assert losses.weighted_mean(each[:, None], of([[1.0], [1.0]])).item() == about(0.669079)
    assert losses.weighted_mean(each[:, None], of([[0.0], [0.0]])).item() == 0.0


def test_balanced_weights_are_golden_and_an_absent_class_weighs_nothing() -> None:
    told = losses.balanced_weights(np.array([803, 5, 31, 53, 0, 0, 0, 0]))
    assert told == pytest.approx([0.1389, 22.3, 3.5968, 2.1038, 0, 0, 0, 0], abs=1e-4)
    told = losses.balanced_weights(np.array([100, 50, 200, 25, 150, 75, 300, 10]))
    assert told == pytest.approx([1.1375, 2.275, 0.56875, 4.55, 0.75833, 1.51667, 0.37917, 11.375], abs=1e-4)


def test_uncertainty_weighting_is_golden() -> None:
    parts = of(1.2, 0.8, 0.6, 0.7, 0.3)
    assert losses.uncertainty_weighted(parts, log_variance=parts * 0).item() == about(3.6)
    assert losses.uncertainty_weighted(parts).item() == about(2.887705)
    assert np.isfinite(losses.uncertainty_weighted(parts * 0).item())
    parts.requires_grad_()
    losses.uncertainty_weighted(parts).backward()
    assert parts.grad.numpy() == pytest.approx(1.0 / parts.detach().numpy(), rel=1e-5)


def test_album_loss_smooths_as_torch_does() -> None:
    import torch

    z = torch.zeros(1, 1, 9)
    z[0, 0, 2] = 3.0
    p = softmax(z.numpy()[0, 0].astype(float))
    target = np.full(9, 0.2 / 9)
    target[2] += 0.8
    told = losses.album_cross_entropy(z, torch.tensor([[2]]), label_smoothing=0.2)
    assert told.item() == about(-(target * np.log(p)).sum())


def test_single_types_share_and_skip_rows_without_any() -> None:
    z, types = of([[1.0] + [0.0] * 7, [0.0] * 8]), of([[1.0, 1.0] + [0.0] * 6, [0.0] * 8])
    p = softmax(z.numpy()[0].astype(float))
    assert losses.types_single(z, types)[0].item() == about(-0.5 * (np.log(p[0]) + np.log(p[1])))
    assert losses.with_a_type(types).tolist() == [1.0, 0.0]


def test_marked_is_at_least_one_type() -> None:
    z = of([[0.3, -1.0] + [-2.0] * 6])
    p_any = 1.0 - np.prod(1.0 - sigmoid(z.numpy().astype(float)))
    assert losses.has_any_type(z, of([1.0])).item() == about(-np.log(p_any))
    assert losses.has_any_type(z, of([0.0])).item() == about(-np.log(1.0 - p_any))
    assert np.isfinite(losses.has_any_type(of([[-90.0] * 8]), of([1.0])).item())


def _data() -> tuple[np.ndarray, HeadTargets, np.ndarray]:
    rng = np.random.default_rng(11)
    n = 90
    x = rng.normal(size=(n, 14)).astype(np.float32)
    album = rng.integers(-1, 9, n)
    y = HeadTargets(
        axis=rng.dirichlet(np.ones(3), size=(n, 3)),
        axis_mask=(rng.random((n, 3)) < 0.9).astype(np.float32),
        confidence=(album > 0).astype(float),
        confidence_mask=np.ones(n),
        album_idx=album,
        types=(rng.random((n, 8)) < 0.3).astype(float),
        types_mask=(rng.random(n) < 0.5).astype(np.float32),
        weight=rng.uniform(0.2, 1, n),
    )
    return x, y, (np.arange(n)[None, :] % 3 != np.arange(3)[:, None]).astype(np.float32)


def _first_losses(
    logits: Any, y: dict[str, Any], row_weight: Any, *, tasks: TasksConfig, class_weights: Any = None, album_loss: Any = None
) -> Any:
    """The sum of the losses as it was first written, before there was any choice."""
    import torch
    from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy, log_softmax

    n, members, _ = logits.shape
    w = row_weight.T

    def mean(values: Any, mask: Any) -> Any:
        weighted = w * mask[:, None]
        return (values * weighted).sum(dim=0) / weighted.sum(dim=0).clamp(min=1e-9)

    log_p, target = log_softmax(logits[..., :9].reshape(n, members, -1, 3), dim=-1), y["axis"][:, None]
    kl = (torch.xlogy(target, target) - target * log_p).sum(dim=-1)
    axis = sum(mean(kl[..., a], y["axis_mask"][:, a]) for a in range(3))
    conf = logits[..., 9]
    told = y["confidence"][:, None].expand_as(conf)
    confidence = mean(binary_cross_entropy_with_logits(conf, told, reduction="none"), y["confidence_mask"])
    at = y["album"].clamp(min=0)[:, None].expand(n, members)
    album = mean(cross_entropy(logits[..., ALBUM].permute(0, 2, 1), at, reduction="none"), (y["album"] >= 0).float())
    kinds = logits[..., TYPES]
    per_type = binary_cross_entropy_with_logits(kinds, y["types"][:, None].expand_as(kinds), reduction="none")
    types = mean(per_type.mean(dim=-1), y["types_mask"])
    return 1.0 * axis + 0.5 * confidence + 1.0 * album + 0.5 * types


def test_the_defaults_are_byte_for_byte_what_they_were(monkeypatch: pytest.MonkeyPatch) -> None:
    x, y, w = _data()
    now = fit_heads(x, y, member_weights=w, config=fit_config(seed=5))
    monkeypatch.setattr(problem, "member_losses", _first_losses)
    before = fit_heads(x, y, member_weights=w, config=fit_config(seed=5))
    assert now.weight.tobytes() == before.weight.tobytes() and now.bias.tobytes() == before.bias.tobytes()


@pytest.mark.parametrize(
    "changes",
    [
        {"axis_loss": "mse"},
        {"axis_loss": "huber"},
        {"axis_loss": "smooth_l1"},
        {"class_weights": "balanced"},
        {"label_smoothing": 0.2},
        {"type_loss": "single"},
        {"weighting": "uncertainty"},
        {"tasks": ("axes", "album", "types", "has_any_type")},
    ],
)
def test_every_choice_reaches_the_fit_and_ends_in_numbers(changes: dict[str, Any]) -> None:
    x, y, w = _data()
    plain = fit_heads(x, y, member_weights=w, config=fit_config(max_steps=6))
    other = fit_heads(x, y, member_weights=w, config=fit_config(max_steps=6, **changes))
    assert np.isfinite(other.weight).all()
    assert not np.array_equal(plain.weight, other.weight)


def test_a_question_of_no_weight_moves_no_head() -> None:
    x, y, w = _data()
    for uncertain in ("fixed", "uncertainty"):
        options = fit_config(axis_weight=0.0, confidence_weight=0.0, types_weight=0.0, weighting=uncertain)
        fitted = fit_heads(x, y, member_weights=w, config=options)
        assert np.abs(fitted.weight[..., ALBUM]).max() > 0
        assert np.abs(np.delete(fitted.weight, np.arange(N_OUTPUTS)[ALBUM], axis=2)).max() == 0


def test_balance_makes_a_rare_album_count_as_much() -> None:
    x, y, _ = _data()
    album = np.where(np.arange(len(x)) < 6, 1, 2)
    y = replace(y, album_idx=album, weight=np.ones(len(x)))
    member = fit_heads(x * 0, y, member_weights=np.ones((1, len(x)), np.float32), config=fit_config(class_weights="balanced"))
    p = softmax(member.bias[:, ALBUM].astype(float))[0]
    assert p[1] == pytest.approx(p[2], abs=0.01) and p[1] > 0.45
    plain = fit_heads(x * 0, y, member_weights=np.ones((1, len(x)), np.float32), config=fit_config())
    assert softmax(plain.bias[:, ALBUM].astype(float))[0][1] == pytest.approx(6 / 90, abs=0.01)


def test_an_annotators_confidence_weighs_the_row() -> None:
    """Two people say opposite things of the same text; the surer one is believed in proportion."""
    x = np.zeros((2, 3), np.float32)
    _, y, _ = _data()
    y = y.take(np.array([0, 1]))
    axis = np.zeros((2, 3, 3))
    axis[0, :, 0], axis[1, :, 1] = 1.0, 1.0
    y = replace(y, axis=axis, axis_mask=np.ones((2, 3)), weight=np.array([0.9, 0.3]))
    fitted = fit_heads(x, y, member_weights=np.ones((1, 2), np.float32), config=fit_config(max_steps=100))
    assert softmax(fitted.bias[0, :3].astype(float))[:2] == pytest.approx([0.75, 0.25], abs=0.01)


def test_exclusive_types_answer_with_the_softmax_probability() -> None:
    z = np.random.default_rng(3).normal(size=(5, 2, 8)).astype(np.float32) * 4
    assert sigmoid(log_odds(z).astype(float)) == pytest.approx(softmax(z.astype(float)), abs=1e-5)
    assert np.isfinite(log_odds(np.array([[200.0] + [-200.0] * 7], np.float32))).all()
    heads = LinearHead(np.zeros((1, 2, N_OUTPUTS), np.float32), np.ones((1, N_OUTPUTS), np.float32), exclusive_types=True)
    logits = heads.logits(np.zeros((1, 2), np.float32))
    assert sigmoid(logits[..., TYPES].astype(float)).sum() == pytest.approx(1.0)
    assert (logits[..., ALBUM] == 1.0).all()


def test_questions_are_told_apart() -> None:
    import torch

    x, y, w = _data()
    t = {n: torch.from_numpy(np.asarray(getattr(y, n), dtype=np.float32)) for n in y.__slots__ if n != "album_idx"}
    t["album"] = torch.from_numpy(y.album_idx.astype(np.int64))
    parts = part_losses(torch.zeros(len(x), 3, N_OUTPUTS), t, torch.from_numpy(w), tasks=TasksConfig())
    assert set(parts) == {"temporal", "spatial", "ontological", "confidence", "album", "types"}
    assert parts["album"].numpy() == pytest.approx([np.log(9)] * 3, abs=1e-5)
