from rebracket_core.encoders.text.tfidf import WORD as WORD, TfidfVocabulary as TfidfVocabulary
from rebracket_core.encoders.text.tokens import Tokens as Tokens, readable as readable
from rebracket_core.encoders.text.windows import window_starts as window_starts
