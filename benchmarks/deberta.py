"""DeBERTa-v3 with its positions kept, against the plain transformers forward: same random weights, same tokens."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from benchmarks.ratio import paired
from rebracket_core.encoders.transformers import keep_positions


def deberta(*, threads: int) -> Iterator[dict[str, Any]]:
    """One short text (24 tokens) and one of 200 tokens through a model of the shape of deberta-v3-base."""
    import torch
    from transformers import DebertaV2Config, DebertaV2Model

    torch.set_num_threads(threads)
    torch.manual_seed(0)
    shape = DebertaV2Config(
        vocab_size=128100,
        hidden_size=768,
        num_hidden_layers=12,
        num_attention_heads=12,
        intermediate_size=3072,
        max_position_embeddings=512,
        type_vocab_size=0,
        position_buckets=256,
        relative_attention=True,
        pos_att_type=["p2c", "c2p"],
        share_att_key=True,
        norm_rel_ebd="layer_norm",
        position_biased_input=False,
    )
    plain = DebertaV2Model(shape).eval()
    quick = keep_positions(copy.deepcopy(plain))
    for what, length in (("one short text (24 tokens)", 24), ("one text of 200 tokens", 200)):
        ids = torch.randint(5, 128000, (1, length), generator=torch.Generator().manual_seed(length))

        def forward(model: Any, ids: Any = ids) -> Any:
            with torch.inference_mode():
                return model(input_ids=ids, attention_mask=torch.ones_like(ids)).last_hidden_state

        difference = float((forward(plain) - forward(quick)).abs().max())
        yield {
            "what": f"DeBERTa-v3-base shape, random weights, {what}, against transformers (differs by {difference:.1e})",
            "target": "<= 0.5 at <= 1e-5" if length == 24 else "",
            "result": paired(lambda f=forward: f(quick), lambda f=forward: f(plain), rounds=15, warm_up=2),
        }
