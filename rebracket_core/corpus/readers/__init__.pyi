from rebracket_core.corpus.readers.columns import Hints as Hints
from rebracket_core.corpus.readers.decoding import decode as decode, text_lines as text_lines
from rebracket_core.corpus.readers.delimited import bounded_csv as bounded_csv
from rebracket_core.corpus.readers.json_text import bounded_json as bounded_json
from rebracket_core.corpus.readers.labels import read_album as read_album
from rebracket_core.corpus.readers.yaml_text import load_yaml as load_yaml, load_yaml_file as load_yaml_file
