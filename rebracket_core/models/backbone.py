"""An encoder and its heads as one module: token ids in, the pooled features and the 27 logits of each member out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch.nn.functional import normalize

from rebracket_core.models.heads import Layer, hidden_logits
from rebracket_core.models.layout import N_OUTPUTS


@dataclass(frozen=True, slots=True)
class HiddenLayers:
    """The hidden layers that heads of a backbone begin with, their activation, and the share that training leaves out."""

    layers: tuple[Layer, ...]
    activation: str
    dropout: float


class Backbone(torch.nn.Module):
    """The backbone that all tasks share and an ensemble of heads on it, trained together.

    Features are made as for frozen vectors: the mean of the last layer over the mask at length 1, times `vector_weight`,
    each text field's side by side, then the words. `weight` (M, d, 27) and `bias` (M, 27) are the heads, which begin as they
    were fitted on the frozen vectors; where they have `hidden` layers, these stand between. `trains_encoder` and `trains_heads`
    freeze a part: it is then read, and not trained.
    """

    def __init__(
        self,
        encoder: torch.nn.Module,
        *,
        weight: torch.Tensor,
        bias: torch.Tensor,
        fields: int,
        vector_weight: float,
        hidden: HiddenLayers | None = None,
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.weight = torch.nn.Parameter(weight.clone())
        self.bias = torch.nn.Parameter(bias.clone())
        self.hidden = torch.nn.ParameterList(
            torch.nn.Parameter(value.clone()) for layer in (hidden.layers if hidden else ()) for value in layer
        )
        self._shape = hidden
        self.fields = fields
        self.vector_weight = vector_weight
        self.trains_encoder = True
        self.trains_heads = True
        for name, value in encoder.named_parameters():
            if "pooler" in name.split("."):  # mean pooling does not use it, so it would never get a gradient
                value.requires_grad_(False)

    def forward(
        self, ids: torch.Tensor, mask: torch.Tensor, present: torch.Tensor, words: torch.Tensor, split: bool = False
    ) -> dict[str, torch.Tensor]:
        """`features` (b, fields · dim), `inner` and `logits` (b, M, 27) of b rows.

        `ids` and `mask` (b · fields, l), `present` (b, fields) 0/1, `words` (b, V). With `split` the logits hang on `inner`, a
        copy of the features that is cut off from the backbone; else `inner` is `features`.
        """
        features = self.vector_weight * (self._vectors(ids, mask) * present.unsqueeze(-1)).flatten(1)
        inner = features.detach().requires_grad_() if split else features
        return {"features": features, "inner": inner, "logits": self.logits(torch.cat([inner, words], dim=1))}

    def logits(self, features: torch.Tensor) -> torch.Tensor:
        """(b, M, 27) of (b, d) features, in float32 whatever the backbone computes in."""
        own = [self.weight, self.bias, *self.hidden]
        weight, bias, *hidden = own if self.trains_heads else [value.detach() for value in own]
        members, dim, _ = weight.shape
        with torch.autocast(features.device.type, enabled=False):
            if self._shape is not None:
                return hidden_logits(
                    features.float(),
                    layers=list(zip(hidden[::2], hidden[1::2], strict=True)),
                    last=(weight, bias),
                    activation=self._shape.activation,
                    dropout=self._shape.dropout if self.training and self.trains_heads else 0.0,
                )
            flat = weight.permute(1, 0, 2).reshape(dim, members * N_OUTPUTS)
            return (features.float() @ flat).reshape(len(features), members, N_OUTPUTS) + bias

    def head_parameters(self) -> dict[str, torch.nn.Parameter]:
        """The parameters of the heads by name, those that answer last."""
        own = {f"hidden.{i}": value for i, value in enumerate(self.hidden)}
        return {**own, "bias": self.bias, "weight": self.weight}

    def head_arrays(self) -> dict[str, torch.Tensor]:
        """What `Head.from_arrays` makes the heads of, on the CPU."""
        found = {"weight": self.weight, "bias": self.bias}
        for i, value in enumerate(self.hidden):
            found[f"hidden.{i // 2}.{'bias' if i % 2 else 'weight'}"] = value
        return {name: value.detach().cpu().contiguous() for name, value in found.items()}

    def kept(self) -> dict[str, torch.Tensor]:
        """What training changes, by name: parameters that learn, and buffers outside the encoder."""
        names = {name for name, value in self.named_parameters() if value.requires_grad}
        names |= {name for name, _ in self.named_buffers() if not name.startswith("encoder.")}
        return {name: value for name, value in self.state_dict().items() if name in names}

    def _vectors(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """(b, fields, dim) unit vectors of the fields."""
        self.encoder.train(self.training and self.trains_encoder)
        with torch.set_grad_enabled(torch.is_grad_enabled() and self.trains_encoder):
            output: Any = self.encoder(input_ids=ids, attention_mask=mask)
            hidden = output.last_hidden_state.float()
            vectors = normalize((hidden * mask.unsqueeze(-1)).sum(dim=1), dim=1)
        return vectors.reshape(-1, self.fields, vectors.shape[-1])
