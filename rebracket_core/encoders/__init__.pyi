from rebracket_core.encoders.base import Encoder as Encoder, Vectors as Vectors
from rebracket_core.encoders.cache.cached_encoder import (
    CachedEncoder as CachedEncoder,
    embeddings_dir as embeddings_dir,
    uncached as uncached,
)
from rebracket_core.encoders.dataset_vectors import (
    VECTORS_PREFIX as VECTORS_PREFIX,
    DatasetVectors as DatasetVectors,
    KnowsTexts as KnowsTexts,
    describe_vectors as describe_vectors,
    notes_on_vectors as notes_on_vectors,
    vectors_for as vectors_for,
)
from rebracket_core.encoders.device import (
    describe_device as describe_device,
    device_name as device_name,
    thread_count as thread_count,
    torch_device as torch_device,
)
from rebracket_core.encoders.kinds import (
    ENCODERS as ENCODERS,
    LARGE_CHOICE as LARGE_CHOICE,
    MINILM as MINILM,
    MINILM_TORCH as MINILM_TORCH,
    EncoderKind as EncoderKind,
    kind_of as kind_of,
    names_of_encoders as names_of_encoders,
)
from rebracket_core.encoders.modality import MODALITIES as MODALITIES, TEXT as TEXT, Modality as Modality
from rebracket_core.encoders.opening import (
    build_minilm as build_minilm,
    open_encoder as open_encoder,
    open_text_encoder as open_text_encoder,
)
from rebracket_core.encoders.precomputed import Precomputed as Precomputed
from rebracket_core.encoders.text.features import (
    FeatureRecipe as FeatureRecipe,
    encode_fields as encode_fields,
    joined as joined,
)
from rebracket_core.encoders.text.tfidf import TfidfVocabulary as TfidfVocabulary
