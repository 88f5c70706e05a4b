from rebracket_core.encoders.transformers.deberta import keep_positions as keep_positions
from rebracket_core.encoders.transformers.layers import layer_vectors as layer_vectors
from rebracket_core.encoders.transformers.pretrained import load_pretrained as load_pretrained
from rebracket_core.encoders.transformers.trainable import (
    load_trainable as load_trainable,
    open_trained as open_trained,
    save_trained as save_trained,
    trainable_folder as trainable_folder,
)
