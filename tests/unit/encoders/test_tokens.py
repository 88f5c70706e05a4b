"""Texts that a tokenizer can't take are made readable, the same way each time."""

from __future__ import annotations

import pytest
from tokenizers import Tokenizer, models, pre_tokenizers

from rebracket_core.encoders.onnx.minilm_files import find_minilm
from rebracket_core.encoders.text.tokens import Tokens, readable
from rebracket_core.settings import Settings


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("é日", "é日"),
        ("a\0b", "a\ufffdb"),
        ("é\0", "é\ufffd"),
        ("a\ud800b", "a\ufffdb"),
        ("\udc00", "\ufffd"),
        ("\ud83d\ude00", "\U0001f600"),
        ("\U0001f600", "\U0001f600"),
        ("", ""),
    ],
)
def test_readable(text: str, expected: str) -> None:
    assert readable(text) == expected
    readable(text).encode("utf-8")


def test_the_official_tokenizer_neither_cuts_nor_pads(settings: Settings) -> None:
    content = find_minilm(settings).tokenizer
    truncation = Tokenizer.from_buffer(content).truncation
    assert truncation is not None and truncation["max_length"] == 128
    tokens = Tokens(Tokenizer.from_buffer(content))
    assert (tokens.frame.prefix, tokens.frame.suffix) == ((101,), (102,))
    assert [len(ids) for ids in tokens.ids(["rose " * 600, "rose", ""])] == [600, 1, 0]


def test_a_tokenizer_without_special_tokens_has_an_empty_frame() -> None:
    plain = Tokenizer(models.WordLevel({"[UNK]": 0, "a": 1}, unk_token="[UNK]"))
    plain.pre_tokenizer = pre_tokenizers.Whitespace()
    tokens = Tokens(plain, pad=0)
    assert (tokens.frame.prefix, tokens.frame.suffix) == ((), ())
    assert [ids.tolist() for ids in tokens.ids(["a b a"])] == [[1, 0, 1]]
