"""Index engines behind one contract (`search_index.query.IndexEngine`)."""
