from rebracket_core.corpus.sources.sinks.concepts import ConceptsRead as ConceptsRead
