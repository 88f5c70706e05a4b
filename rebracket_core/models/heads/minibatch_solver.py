"""Heads with hidden layers on frozen vectors: all members side by side, batch by batch, with Adam.

A member's weights never meet another member's, so the sum of the members' losses trains each as if it were alone; norms and
their cuts are taken member by member.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from rebracket_core.models.heads.hidden_layers import Layer, hidden_logits, last_hidden, outputs_of
from rebracket_core.models.heads.problem import OnStep, Problem
from rebracket_core.models.layout import N_OUTPUTS
from rebracket_core.models.losses.backbone import cut_lengths
from rebracket_core.models.losses.pace import TaskPace, kept_parts
from rebracket_core.models.losses.tasks import part_losses, pulls_of
from rebracket_core.models.optimiser import move_outputs_at, output_rates, rate_factor

_LEAST_GAIN = 1e-5
Fitted = tuple[tuple[Layer, ...], np.ndarray, np.ndarray]


def fit_in_batches(features: np.ndarray, problem: Problem, *, on_step: OnStep | None = None) -> Fitted:
    """The members' hidden layers, weights (M, h, 27) and biases (M, 27) on (n, d) features, each at its best step.

    A step is a pass over all rows in batches; `on_step` as in `Head.fit`.
    """
    x = torch.from_numpy(np.ascontiguousarray(features, dtype=np.float32))
    chance = np.random.default_rng(problem.config.seed)
    torch.manual_seed(problem.config.seed)
    training = _Training(x, problem)
    best = _Best.of(training.parameters)
    for step in range(problem.config.heads.max_steps):
        training.one_pass(step, torch.from_numpy(chance.permutation(len(x))))
        with torch.no_grad():
            held = problem.held_out_losses(training.logits(x))
        stop = best.see(held, training.parameters, patience=problem.config.heads.patience_steps)
        if on_step:
            on_step(step + 1, held.numpy())
        if stop:
            break
    arrays = [np.ascontiguousarray(value.numpy()) for value in best.values]
    hidden = tuple(zip(arrays[:-2:2], arrays[1:-2:2], strict=True))
    return hidden, arrays[-2], arrays[-1]


class _Training:
    """The weights of M members while they learn, in the order of the layers, each followed by its biases."""

    def __init__(self, x: torch.Tensor, problem: Problem) -> None:
        self.x, self.problem, self.config = x, problem, problem.config
        self.own: Any = problem.config.options
        self.parameters = first_weights(x, widths=[int(w) for w in self.own.hidden_layers], members=problem.members)
        rate = self.own.hidden_learning_rate
        self.adam = torch.optim.Adam(self.parameters, lr=rate)
        shares = output_rates(self.config.optimiser, heads_rate=rate)
        if shares is not None:
            move_outputs_at(self.adam, self.parameters[-2:], shares)
        self.pace = TaskPace(self.config.tasks.parts, temperature=self.config.tasks.dwa_temperature)
        self.taken = 0

    @property
    def layers(self) -> list[Layer]:
        """The hidden layers."""
        return list(zip(self.parameters[:-2:2], self.parameters[1:-2:2], strict=True))

    @property
    def last(self) -> Layer:
        """The outputs' weights and biases."""
        return self.parameters[-2], self.parameters[-1]

    def logits(self, x: torch.Tensor) -> torch.Tensor:
        """(n, M, 27) with nothing left out."""
        return hidden_logits(x, layers=self.layers, last=self.last, activation=self.own.activation)

    def one_pass(self, step: int, order: torch.Tensor) -> None:
        """Learn from all rows once, in this order."""
        batches = order.split(self.own.hidden_batch_size)
        steps = len(batches) * self.config.heads.max_steps
        for rows in batches:
            share = rate_factor(self.taken, total=steps, warmup=0, schedule=self.config.optimiser.schedule)
            for group in self.adam.param_groups:
                group["lr"] = self.own.hidden_learning_rate * share
            self._learn(rows)
            self.taken += 1
        self.pace.end_epoch()

    def _learn(self, rows: torch.Tensor) -> None:
        problem, tasks = self.problem, self.config.tasks
        self.adam.zero_grad()
        hidden = last_hidden(self.x[rows], layers=self.layers, activation=self.own.activation, dropout=self.own.hidden_dropout)
        cut = self.config.optimiser.task_grad_norm
        inner = hidden.detach().requires_grad_() if cut else hidden
        losses = part_losses(
            outputs_of(inner, last=self.last),
            {name: value[rows] for name, value in problem.y.items()},
            problem.learnt[:, rows],
            tasks=tasks,
            class_weights={name: value[:, rows] for name, value in problem.class_weights.items()},
        )
        pulls = pulls_of(losses, tasks=tasks, factors=self._factors(losses))
        if cut:
            pulled = [torch.autograd.grad(pull.sum(), inner, retain_graph=True)[0] for pull in pulls.values()]
            hidden.backward(sum(_cut(one, most=cut) for one in pulled), retain_graph=True)
        penalty = sum((weight**2).sum(dim=(1, 2)) for weight in self.parameters[::2])
        total = sum(pulls.values()) + penalty / (2.0 * self.config.heads.inverse_l2 * problem.n_learnt)
        total.sum().backward()  # type: ignore[union-attr]
        self._cut_whole()
        self.adam.step()

    def _factors(self, losses: dict[str, torch.Tensor]) -> dict[str, float]:
        """What multiplies each part that counts in this step."""
        tasks = self.config.tasks
        parts = [name for name in tasks.parts if name in losses and tasks.weight_of(name)]
        weights = dict.fromkeys(parts, 1.0)
        if tasks.by_pace:
            self.pace.see({name: losses[name].detach().mean() for name in parts})
            weights = self.pace.weights(parts)
        kept = kept_parts(parts, dropout=tasks.task_dropout, seed=(self.config.seed, self.taken))
        return {name: weights[name] / (1.0 - tasks.task_dropout) for name in kept}

    def _cut_whole(self) -> None:
        most = self.config.optimiser.max_grad_norm
        if not most:
            return
        gradients = [value.grad for value in self.parameters if value.grad is not None]
        lengths = torch.stack([(g.flatten(1) ** 2).sum(dim=1) for g in gradients]).sum(dim=0).sqrt()
        by = cut_lengths(lengths, most=most)
        for gradient in gradients:
            gradient.mul_(by.reshape(-1, *[1] * (gradient.dim() - 1)))


def first_weights(x: torch.Tensor, *, widths: list[int], members: int) -> list[torch.Tensor]:
    """Weights and biases to begin with: each hidden output has a mean square of 2 over the rows (He et al. 2015).

    The outputs begin at 0, so the first predictions are even.
    """
    energy = float((x**2).sum(dim=1).mean().clamp(min=1e-12))
    out: list[torch.Tensor] = []
    entering = x.shape[1]
    for width in widths:
        scale = (2.0 / energy) ** 0.5
        out += [torch.randn(members, entering, width) * scale, torch.zeros(members, width)]
        entering, energy = width, float(width)
    out += [torch.zeros(members, entering, N_OUTPUTS), torch.zeros(members, N_OUTPUTS)]
    return [value.requires_grad_() for value in out]


def _cut(gradient: torch.Tensor, *, most: float) -> torch.Tensor:
    """(M, b, h) gradients, each member's cut to the length `most`."""
    return gradient * cut_lengths(gradient.flatten(1).norm(dim=1), most=most)[:, None, None]


@dataclass(slots=True)
class _Best:
    """Each member's weights at its lowest loss so far, and how many steps ago that was."""

    values: list[torch.Tensor]
    loss: torch.Tensor
    stale: torch.Tensor

    @classmethod
    def of(cls, parameters: list[torch.Tensor]) -> _Best:
        members = len(parameters[0])
        values = [value.detach().clone() for value in parameters]
        return cls(values, torch.full((members,), torch.inf), torch.zeros(members))

    def see(self, held: torch.Tensor, parameters: list[torch.Tensor], *, patience: int) -> bool:
        """Take in a step; whether no member has got better for `patience` steps."""
        better = held < self.loss - _LEAST_GAIN
        self.loss = torch.where(better, held, self.loss)
        for kept, value in zip(self.values, parameters, strict=True):
            kept[better] = value.detach()[better]
        self.stale = torch.where(better, torch.zeros_like(self.stale), self.stale + 1)
        return bool((self.stale >= patience).all())
