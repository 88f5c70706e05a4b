from rebracket_core.models.heads.base import Head as Head
from rebracket_core.models.heads.evidential import EvidentialHead as EvidentialHead
from rebracket_core.models.heads.hidden import ACTIVATIONS as ACTIVATIONS, HiddenHead as HiddenHead
from rebracket_core.models.heads.hidden_layers import Layer as Layer, hidden_logits as hidden_logits
from rebracket_core.models.heads.kinds import (
    HEADS as HEADS,
    HOUSE_KINDS as HOUSE_KINDS,
    LINEAR as LINEAR,
    heads_from as heads_from,
)
from rebracket_core.models.heads.linear import LinearHead as LinearHead
from rebracket_core.models.heads.mc_dropout import McDropoutHead as McDropoutHead
from rebracket_core.models.heads.problem import OnStep as OnStep
