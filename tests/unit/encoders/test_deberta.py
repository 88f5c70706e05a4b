"""The quick way through DeBERTa gives what transformers gives."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

import pytest
import torch

from rebracket_core.encoders.transformers.deberta import keep_positions

if TYPE_CHECKING:
    from transformers import DebertaV2Model

V3 = {"share_att_key": True, "pos_att_type": ["p2c", "c2p"], "position_buckets": 32}


def _plain(changes: dict[str, object]) -> DebertaV2Model:
    from transformers import DebertaV2Config, DebertaV2Model  # seconds, which a worker without these tests is spared

    torch.manual_seed(3)
    options = {
        "vocab_size": 200,
        "hidden_size": 48,
        "num_hidden_layers": 3,
        "num_attention_heads": 4,
        "intermediate_size": 96,
        "max_position_embeddings": 512,
        "type_vocab_size": 0,
        "relative_attention": True,
        "norm_rel_ebd": "layer_norm",
        "position_biased_input": False,
    }
    config = DebertaV2Config.from_dict(options | V3 | changes)
    model = DebertaV2Model(config).eval()
    with torch.no_grad():  # the random start is so small that positions would hardly count
        for weight in model.parameters():
            if weight.dim() > 1:
                weight.mul_(4.0)
    return model


@pytest.mark.slow
@pytest.mark.parametrize(
    "changes",
    [{}, {"share_att_key": False}, {"pos_att_type": ["c2p"]}, {"pos_att_type": ["p2c"]}, {"position_buckets": -1}],
    ids=["v3", "own keys", "c2p", "p2c", "no buckets"],
)
def test_every_length_and_batch_agrees_with_transformers(changes: dict[str, object]) -> None:
    plain = _plain(changes)
    quick = keep_positions(copy.deepcopy(plain))
    for length, batch in ((1, 1), (4, 7), (16, 1), (64, 3), (200, 2), (16, 2)):
        ids = torch.randint(1, 200, (batch, length))
        mask = torch.ones_like(ids)
        mask[0, length - length // 4 :] = 0
        with torch.inference_mode():
            expected = plain(input_ids=ids, attention_mask=mask).last_hidden_state
            found = quick(input_ids=ids, attention_mask=mask).last_hidden_state
        assert torch.allclose(found, expected, atol=1e-5, rtol=0), (length, batch)


@pytest.mark.slow
def test_positions_count() -> None:
    """The test above could not fail if positions did nothing: turned around, the tokens give another sum."""
    model = _plain({})
    ids = torch.arange(1, 13)[None]
    with torch.inference_mode():
        first, turned = (model(input_ids=x).last_hidden_state.sum(dim=1) for x in (ids, ids.flip(1)))
    assert (first - turned).abs().max() > 0.01


def test_other_models_are_left_alone() -> None:
    from transformers import BertConfig, BertModel

    model = BertModel(
        BertConfig(vocab_size=50, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16)
    )
    assert keep_positions(model) is model
