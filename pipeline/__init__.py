"""From page to translated document: sources, store, archive and stages.

Knows nothing of Scrapy or of an index. Start with the contracts:
`pipeline.documents` and `pipeline.sources`.
"""
