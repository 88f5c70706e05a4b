"""Vectors and targets → an ensemble of linear heads, all members trained in one pass.

A member's weights never meet another member's, so the sum of the members' losses trains each as if it were alone.
The loss is convex and full-batch; L-BFGS needs tens of steps where AdamW needs hundreds. Where there are many
more rows than features, the features' own spread tells most of the curvature, and ten steps do (see `many_rows`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from rebracket_core.models import losses
from rebracket_core.models.closed_form import is_known
from rebracket_core.models.dropout import fit_thinned
from rebracket_core.models.ensemble import HeadEnsemble
from rebracket_core.models.evidential import concentration, evidential_loss
from rebracket_core.models.layout import ALBUM, AXIS, CONFIDENCE, N_OUTPUTS, TYPES
from rebracket_core.models.many_rows import fit_many_rows
from rebracket_core.rainbow import ALBUM_NAMES, AXIS_NAMES

if TYPE_CHECKING:
    import torch

OnStep = Callable[[int, np.ndarray], None]

# Below this many numbers a second thread waits longer for the first than it works.
_WORTH_THREADS = 20_000_000
# Below this many rows a fit takes a second or two, and small steps find the best moment to stop more finely than long ones.
_MANY_ROWS = 2_000


@dataclass(frozen=True, slots=True)
class HeadTargets:
    """Targets of n rows as plain arrays; see corpus.targets for their meaning. Masks are 0/1 floats.

    `axis` (n, 3, 3), `axis_mask` (n, 3), `confidence` (n,), `confidence_mask` (n,), `album_idx` (n,) with -1 for none,
    `types` (n, 8), `types_mask` (n,), `weight` (n,).
    """

    axis: np.ndarray
    axis_mask: np.ndarray
    confidence: np.ndarray
    confidence_mask: np.ndarray
    album_idx: np.ndarray
    types: np.ndarray
    types_mask: np.ndarray
    weight: np.ndarray

    def take(self, rows: np.ndarray) -> HeadTargets:
        """The targets of some rows, in the given order."""
        return HeadTargets(*(getattr(self, name)[rows] for name in self.__slots__))


@dataclass(frozen=True, slots=True)
class FitOptions:
    """How heads are fitted.

    `strength` is the inverse of the penalty, as C in scikit-learn's LogisticRegression: the mean loss of n rows is
    penalised by |w|²/(2·C·n). `max_steps` and `patience` count steps of four L-BFGS iterations, or of one on many
    rows. A question of weight 0 teaches nothing. `axis_loss`, `type_loss` as in `losses`; `axis_delta` is Huber's delta and
    smooth L1's beta; `balanced` weighs albums by the inverse of how often a member's rows have them. With `by_uncertainty`
    the weights only say which questions count (above 0): the losses weigh themselves (`losses.uncertainty_weighted`). Linear
    heads share no parameters, so that moves each question's strength against the penalty, and nothing else.
    `dropout` above 0 leaves that share of the features out, in training and in each of `passes` answers (see `dropout`);
    `evidential` asks the album's question for evidence (see `evidential`), `evidence_penalty` as there.
    """

    strength: float = 10.0
    max_steps: int = 60
    patience: int = 8
    seed: int = 0
    album_weight: float = 1.0
    axis_weight: float = 1.0
    confidence_weight: float = 0.5
    types_weight: float = 0.5
    marked_weight: float = 0.0
    axis_loss: str = losses.AxisLoss.KL
    axis_delta: float = 0.2
    type_loss: str = losses.TypeLoss.MULTI
    balanced: bool = False
    label_smoothing: float = 0.0
    by_uncertainty: bool = False
    dropout: float = 0.0
    passes: int = 0
    evidential: bool = False
    evidence_penalty: float = 0.1


def fit_heads(
    features: np.ndarray,
    targets: HeadTargets,
    *,
    member_weights: np.ndarray,
    options: FitOptions,
    on_step: OnStep | None = None,
) -> HeadEnsemble:
    """An ensemble of M linear heads, one pass for all.

    `features` (n, d) float32; `member_weights` (M, n): a row's weight in a member's training, where 0 leaves the row out.
    Rows that a member leaves out stop it early: the member keeps the weights of the step with the lowest loss there.
    `on_step` is told, after each step, its number (from 1) and each member's loss on the rows that it left out, (M,).
    """
    import torch

    torch.manual_seed(options.seed)
    threads = torch.get_num_threads()
    rotated, back = (features, None) if options.dropout > 0 else _rotate(features)
    if rotated.size * len(member_weights) < _WORTH_THREADS:
        torch.set_num_threads(1)
    by_directions = back is None and len(features) >= _MANY_ROWS and is_known(options)
    fit = fit_thinned if options.dropout > 0 else fit_many_rows if by_directions else _minimise
    try:
        weight, bias = fit(rotated, targets, member_weights=member_weights, options=options, on_step=on_step)
    finally:
        torch.set_num_threads(threads)
    full = np.einsum("dr,mro->mdo", back, weight) if back is not None else weight
    return HeadEnsemble(
        weight=np.ascontiguousarray(full, dtype=np.float32),
        bias=bias,
        exclusive_types=options.type_loss == losses.TypeLoss.SINGLE,
        evidential=options.evidential,
    )


def _minimise(
    rotated: np.ndarray, targets: HeadTargets, *, member_weights: np.ndarray, options: FitOptions, on_step: OnStep | None
) -> tuple[np.ndarray, np.ndarray]:
    """(M, r, 27) weights and (M, 27) biases of the members, each at its best step."""
    import torch

    from rebracket_core.models.lbfgs import LightLBFGS

    told = Training.of(targets, member_weights=member_weights, options=options)
    x = torch.from_numpy(rotated)
    weight = torch.zeros(told.members, rotated.shape[1], N_OUTPUTS, requires_grad=True)
    bias = torch.zeros(told.members, N_OUTPUTS, requires_grad=True)
    optimiser = LightLBFGS([weight, bias], lr=1.0, max_iter=4, history_size=12, line_search_fn="strong_wolfe")
    best = told.best(weight, bias)

    def closure() -> torch.Tensor:
        optimiser.forget()
        loss = told.penalised(logits_of(x, weight, bias), weight)
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    for step in range(options.max_steps):
        optimiser.step(closure)
        with torch.no_grad():
            held = told.held_losses(logits_of(x, weight, bias))
            stop = best.see(held, weight, bias)
        if on_step:
            on_step(step + 1, held.numpy())
        if stop:
            break
    return best.weight.numpy(), best.bias.numpy()


@dataclass(frozen=True, slots=True)
class Training:
    """What M members are trained on: targets `y`, (M, n) weights of rows learnt from and asked about, and the options."""

    y: dict[str, torch.Tensor]
    learnt: torch.Tensor
    asked: torch.Tensor
    n_learnt: torch.Tensor
    balance: torch.Tensor | None
    options: FitOptions

    @classmethod
    def of(cls, targets: HeadTargets, *, member_weights: np.ndarray, options: FitOptions) -> Training:
        """From plain arrays; where a member leaves no row out, all are asked about the rows that they learn from."""
        import torch

        y = _tensors(targets)
        learnt = torch.from_numpy(member_weights.astype(np.float32)) * y["weight"]
        held = torch.from_numpy((member_weights == 0).astype(np.float32)) * y["weight"]
        n_learnt = torch.from_numpy((member_weights > 0).sum(axis=1).astype(np.float32)).clamp(min=1.0)
        balance = _balance(y["album"], learnt) if options.balanced else None
        asked = held if bool((held.sum(dim=1) > 0).all()) else learnt
        return cls(y, learnt, asked, n_learnt, balance, options)

    @property
    def members(self) -> int:
        """How many members there are."""
        return int(self.learnt.shape[0])

    def penalised(self, logits: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        """The sum of the members' losses on the rows that they learn from, with the penalty on their weights."""
        loss = member_losses(logits, self.y, self.learnt, options=self.options, balance=self.balance).sum()
        penalty = (weight**2).sum(dim=(1, 2)) / (2.0 * self.options.strength * self.n_learnt)
        return loss + penalty.sum()

    def held_losses(self, logits: torch.Tensor) -> torch.Tensor:
        """(M,) losses on the rows asked about; they weigh questions the same at every step, so that steps compare."""
        watched = replace(self.options, by_uncertainty=False)
        return member_losses(logits, self.y, self.asked, options=watched, balance=self.balance)

    def best(self, weight: torch.Tensor, bias: torch.Tensor) -> Best:
        """The memory of each member's best step, before the first."""
        import torch

        lost = torch.full((self.members,), torch.inf)
        stale = torch.zeros(self.members)
        return Best(torch.zeros_like(weight), torch.zeros_like(bias), lost, stale, self.options.patience)


@dataclass(slots=True)
class Best:
    """Each member's weights at its lowest loss so far, and how many steps ago that was."""

    weight: torch.Tensor
    bias: torch.Tensor
    loss: torch.Tensor
    stale: torch.Tensor
    patience: int

    def see(self, held: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor) -> bool:
        """Take in a step; whether no member has got better for `patience` steps."""
        import torch

        better = held < self.loss - 1e-5
        self.loss = torch.where(better, held, self.loss)
        self.weight[better], self.bias[better] = weight[better].detach(), bias[better].detach()
        self.stale = torch.where(better, torch.zeros_like(self.stale), self.stale + 1)
        return bool((self.stale >= self.patience).all())


def member_losses(
    logits: torch.Tensor,
    y: dict[str, torch.Tensor],
    row_weight: torch.Tensor,
    *,
    options: FitOptions,
    balance: torch.Tensor | None = None,
) -> torch.Tensor:
    """(M,) losses of M members from (n, M, 27) logits: the questions' losses, weighted as the options say.

    `row_weight` (M, n); `balance` (M, n) multiplies it for the album's question.
    """
    import torch

    parts = question_losses(logits, y, row_weight, options=options, balance=balance)
    if options.by_uncertainty:
        axes = [parts[axis] for axis in AXIS_NAMES if options.axis_weight > 0]
        others = [parts[name] for name in ("confidence", "album", "types", "marked") if _weight(options, name) > 0]
        return losses.uncertainty_weighted(torch.stack([*axes, *others], dim=-1))
    total = (
        options.axis_weight * sum(parts[axis] for axis in AXIS_NAMES)
        + options.confidence_weight * parts["confidence"]
        + options.album_weight * parts["album"]
        + options.types_weight * parts["types"]
    )
    return total + options.marked_weight * parts["marked"] if options.marked_weight > 0 else total


def question_losses(
    logits: torch.Tensor,
    y: dict[str, torch.Tensor],
    row_weight: torch.Tensor,
    *,
    options: FitOptions,
    balance: torch.Tensor | None = None,
) -> dict[str, torch.Tensor]:
    """By question the (M,) losses of M members, each a weighted mean over the rows that have that label.

    The three axes by name, "confidence", "album", "types", and "marked" where it has a weight; shapes as in `member_losses`.
    """
    n, members, _ = logits.shape
    w = row_weight.T
    axis = losses.axis_losses(
        logits[..., AXIS].reshape(n, members, -1, 3), y["axis"][:, None], kind=options.axis_loss, delta=options.axis_delta
    )
    out = {name: losses.weighted_mean(axis[..., a], w * y["axis_mask"][:, a][:, None]) for a, name in enumerate(AXIS_NAMES)}
    conf = losses.bce(logits[..., CONFIDENCE], y["confidence"][:, None])
    out["confidence"] = losses.weighted_mean(conf, w * y["confidence_mask"][:, None])
    has_album = (y["album"] >= 0).float()[:, None]
    album = _album_losses(logits[..., ALBUM], y["album"].clamp(min=0), options=options)
    out["album"] = losses.weighted_mean(album, w * has_album if balance is None else w * balance.T * has_album)
    kinds, types, mask = logits[..., TYPES], y["types"][:, None], y["types_mask"][:, None]
    if options.type_loss == losses.TypeLoss.SINGLE:
        asked = w * mask * losses.with_a_type(y["types"])[:, None]
        out["types"] = losses.weighted_mean(losses.types_single(kinds, types), asked)
    else:
        out["types"] = losses.weighted_mean(losses.types_multi(kinds, types), w * mask)
    if options.marked_weight > 0:
        out["marked"] = losses.weighted_mean(losses.marked(kinds, types), w * mask)
    return out


def _album_losses(logits: torch.Tensor, album: torch.Tensor, *, options: FitOptions) -> torch.Tensor:
    """(n, M) losses of (n, M, 9) album logits and (n,) albums."""
    n, members, k = logits.shape
    if not options.evidential:
        return losses.album_cross_entropy(logits, album[:, None].expand(n, members), label_smoothing=options.label_smoothing)
    from torch.nn.functional import one_hot

    target = one_hot(album, k).float() * (1.0 - options.label_smoothing) + options.label_smoothing / k
    return evidential_loss(concentration(logits), target[:, None], penalty=options.evidence_penalty)


def _weight(options: FitOptions, question: str) -> float:
    return float(getattr(options, f"{question}_weight"))


def _balance(album: torch.Tensor, train_w: torch.Tensor) -> torch.Tensor:
    """(M, n) weight of each row's album for each member, from the (M, n) weights of the rows that it is trained on."""
    import torch

    one_hot = torch.nn.functional.one_hot(album.clamp(min=0), len(ALBUM_NAMES)) * (album >= 0)[:, None]
    weights = torch.from_numpy(losses.balanced_weights((train_w @ one_hot.float()).numpy()))
    return weights[:, album.clamp(min=0)]


def logits_of(x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
    """(n, M, 27) logits of (n, d) features."""
    members, dim, outputs = weight.shape
    flat = weight.permute(1, 0, 2).reshape(dim, members * outputs)
    return (x @ flat).reshape(len(x), members, outputs) + bias


def _rotate(features: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    """Features in the basis of their own row space, where that is narrower, and the way back to weights.

    With an L2 penalty the best weights lie in the span of the training rows, so nothing is lost by fitting there.
    """
    n, dim = features.shape
    if n >= dim:
        return np.ascontiguousarray(features, dtype=np.float32), None
    values, vectors = np.linalg.eigh(features.astype(np.float64) @ features.T.astype(np.float64))
    keep = values > values.max() * 1e-9
    scale = np.sqrt(values[keep])
    rotated = (vectors[:, keep] * scale).astype(np.float32)
    return rotated, (features.T.astype(np.float64) @ (vectors[:, keep] / scale)).astype(np.float32)


def _tensors(targets: HeadTargets) -> dict[str, torch.Tensor]:
    import torch

    floats = ("axis", "axis_mask", "confidence", "confidence_mask", "types", "types_mask", "weight")
    out = {name: torch.from_numpy(np.asarray(getattr(targets, name), dtype=np.float32)) for name in floats}
    return {**out, "album": torch.from_numpy(np.asarray(targets.album_idx, dtype=np.int64))}
