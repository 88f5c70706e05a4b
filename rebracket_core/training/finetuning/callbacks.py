"""What happens beside the steps of a fine-tuning: phases, the loss on what is held back, checkpoints, and the way to stop."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
import torch.distributed as dist
from transformers import TrainerCallback

from rebracket_core.aliases import curves
from rebracket_core.files import tighten_tree, write_json
from rebracket_core.models.losses import FIXED, MUCH_LARGER, largest_ratio, member_losses
from rebracket_core.training.callbacks import Callback, Cancelled
from rebracket_core.training.finetuning.device import device_use

if TYPE_CHECKING:
    from rebracket_core.training.finetuning.trainer import BackboneTrainer

logger = logging.getLogger(__name__)

MARK = "keeper.json"  # written last: a checkpoint with it is whole
_LEAST_GAIN = 1e-5


class FinetuningCallback(TrainerCallback):
    """Watches over one training. `callback` hears how far it is and may raise Cancelled.

    `ranked` are the epochs' (loss on the held rows, step), best first; without held rows the newest counts as best.
    """

    def __init__(self, trainer: BackboneTrainer, *, folder: Path, callback: Callback) -> None:
        self._trainer, self._folder, self._callback = trainer, folder, callback
        self.ranked: list[tuple[float, int]] = []
        self.stale = 0
        self.finished = False
        self.cancelled: Cancelled | None = None
        self._held = torch.from_numpy(trainer.job.held).nonzero().flatten().tolist()
        self._held.sort(key=lambda i: -int(trainer.batches.lengths[i]))

    def restore(self, checkpoint: Path) -> None:
        """Take up what a checkpoint's mark says."""
        found = json.loads((checkpoint / MARK).read_text(encoding="utf-8"))
        self.ranked = [(float(loss), int(step)) for loss, step in found["ranked"]]
        self.stale, self.finished = int(found["stale"]), bool(found["finished"])

    @property
    def best(self) -> Path:
        """The checkpoint whose weights count."""
        return self._folder / f"checkpoint-{self.ranked[0][1]}"

    # ---- what Trainer calls -------------------------------------------------------------------------------------------

    def on_epoch_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Set the order of the rows and what learns."""
        epoch = int((state.epoch or 0.0) + 1e-6)
        self._trainer.order.epoch = epoch
        self._trainer.phase = next((p for p, end in _ends(self._trainer.phases) if epoch < end), self._trainer.phases[-1])

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Stop where somebody asks for it, and write a checkpoint; the last step of an epoch leaves that to the epoch's end."""
        stops, every = self._stops(state), self._trainer.config.checkpoint_steps
        control.should_training_stop = control.should_training_stop or stops
        if (stops or (every and state.global_step % every == 0)) and not self._ends_epoch(state):
            control.should_log = control.should_save = True

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, float] | None = None, **_: Any) -> None:
        """Tell a point of the curves: the loss, each task's, the norms of their gradients, and the use of the GPU."""
        loss, logs = self._trainer.last_loss, logs or {}
        if not state.is_world_process_zero or "loss" not in logs or loss is None:
            return
        values: dict[str, Any] = {"epoch": round(float(logs["epoch"]), 4), "step": state.global_step}
        values["tuning_loss"] = logs["loss"]
        values |= curves({name: float(value) for name, value in loss.losses.items()})
        if loss.norms:
            values["gradient_norms"] = loss.norms
            if (ratio := largest_ratio(list(loss.norms.values()))) > MUCH_LARGER:
                values["warning"] = _unequal(loss.norms, ratio)
        self._tell({**values, **device_use(args.device)})

    def on_epoch_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Ask the rows held back, rank the epoch and end the training where nothing was gained for long enough."""
        if not self._ends_epoch(state):  # somebody stopped it on the way
            return
        if self._trainer.pace is not None:
            self._trainer.pace.end_epoch()
        loss = self.held_loss() if self._held else -float(state.global_step)
        better = not self.ranked or loss < self.ranked[0][0] - _LEAST_GAIN
        self.stale = 0 if better else self.stale + 1
        self.ranked = sorted([*self.ranked, (loss, state.global_step)])
        patience = self._trainer.config.patience_epochs
        ends = self._held and patience and self.stale >= patience
        self.finished = bool(ends) or state.global_step >= state.max_steps
        if ends:
            control.should_training_stop = True
        control.should_log = control.should_save = True
        if self._held and state.is_world_process_zero:
            self._tell({"epoch": round(float(state.epoch)), "step": state.global_step, "held_loss": loss})

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Mark the checkpoint as whole once every process has written its part; keep it and the best ones alone."""
        if dist.is_available() and dist.is_initialized():
            dist.barrier()
        if not state.is_world_process_zero:
            return
        mark = {"ranked": self.ranked, "stale": self.stale, "finished": self.finished, "step": state.global_step}
        checkpoint = self._folder / f"checkpoint-{state.global_step}"
        tighten_tree(checkpoint)
        write_json(checkpoint / MARK, mark)
        best = {step for _, step in self.ranked[: self._trainer.config.keep_checkpoints]}
        for path in self._folder.glob("checkpoint-*"):
            if int(path.name.partition("-")[2]) not in {*best, state.global_step}:
                shutil.rmtree(path, ignore_errors=True)

    # ---- the parts ----------------------------------------------------------------------------------------------------

    @torch.no_grad()
    def held_loss(self) -> float:
        """The loss on the rows held back, all members alike, with the weights that the config fixes."""
        trainer = self._trainer
        backbone, device, size = trainer.backbone, trainer.args.device, 2 * trainer.config.batch_size
        backbone.eval()
        logits, parts = [], []
        for at in range(0, len(self._held), size):
            batch = trainer._prepare_inputs(trainer.batches.collate(self._held[at : at + size]))
            with trainer.compute_loss_context_manager():
                output = backbone(batch["ids"], batch["mask"], batch["present"], batch["words"])
            logits.append(output["logits"].float())
            parts.append(batch["y"])
        y = {name: torch.cat([part[name] for part in parts]) for name in parts[0]}
        weight = y["weight"].expand(logits[0].shape[1], -1).to(device)
        fixed = replace(trainer.job.config.tasks, weighting=FIXED)
        return float(member_losses(torch.cat(logits), y, weight, tasks=fixed).mean())

    @staticmethod
    def _ends_epoch(state: Any) -> bool:
        return bool(state.global_step % (state.max_steps // state.num_train_epochs) == 0)

    def _stops(self, state: Any) -> bool:
        """Whether somebody asked to stop; the first process asks, and all hear the same answer."""
        stop = torch.zeros(1, device=self._trainer.args.device)
        if state.is_world_process_zero:
            try:
                self._callback.update("", state.global_step, state.max_steps)
            except Cancelled as error:
                self.cancelled = error
                stop += 1
        if dist.is_available() and dist.is_initialized():
            dist.broadcast(stop, src=0)
            if bool(stop) and self.cancelled is None:
                self.cancelled = Cancelled("The training was cancelled.")
        return bool(stop)

    def _tell(self, values: Mapping[str, Any]) -> None:
        """Tell a point; a wish to stop that comes with it is heard at the next step."""
        try:
            self._callback.on_epoch(values)
        except Cancelled:
            return


def whole_checkpoints(folder: Path) -> list[Path]:
    """The checkpoints that were written to their end, oldest first; what a kill left half written is removed."""
    found = []
    for path in folder.glob("checkpoint-*"):
        if (path / MARK).is_file():
            found.append(path)
        else:
            shutil.rmtree(path, ignore_errors=True)
    return sorted(found, key=lambda p: int(p.name.partition("-")[2]))


def _ends(phases: Any) -> list[tuple[Any, int]]:
    ends, at = [], 0
    for phase in phases:
        at += phase.epochs
        ends.append((phase, at))
    return ends


def _unequal(norms: Mapping[str, float], ratio: float) -> str:
    some = {name: norm for name, norm in norms.items() if norm > 0}
    large, small = max(some, key=lambda n: some[n]), min(some, key=lambda n: some[n])
    return (
        f"The gradient of {large} is {ratio:.0f} times that of {small}, which learns little beside it: weigh {large} less, or "
        "choose a weighting that balances them."
    )
