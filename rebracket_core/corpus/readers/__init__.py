"""One reader for each kind of file; `rebracket_core.corpus.reading` picks among them by content."""
