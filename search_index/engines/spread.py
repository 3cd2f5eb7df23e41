"""How widely the documents of a cluster are spread: asked and read alike by engines.

tantivy's aggregations have the shape of Elasticsearch's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from search_index.engines.contract import ClusterCounts

SPREAD_FIELDS: Final = {
    "publishers": "publisher_name",
    "countries": "country",
    "owners": "owner_name",
}
"""What is counted of each cluster, and the field that has it."""


def cluster_aggregation(clusters: int, size: int) -> dict[str, Any]:
    """The aggregation that `cluster_counts` reads, under the name `clusters`.

    Args:
        clusters: How many are asked for.
        size: Values counted of each field.
    """
    spread = {
        name: {"terms": {"field": field, "size": size}}
        for name, field in SPREAD_FIELDS.items()
    }
    terms = {"field": "cluster", "size": clusters}
    return {"clusters": {"terms": terms, "aggs": spread}}


def cluster_counts(answer: Mapping[str, Any]) -> dict[str, ClusterCounts]:
    """What is told of each cluster, by its id.

    Args:
        answer: The aggregations of the engine's answer.
    """
    return {bucket["key"]: _counts(bucket) for bucket in answer["clusters"]["buckets"]}


def _counts(bucket: Mapping[str, Any]) -> ClusterCounts:
    documents = int(bucket["doc_count"])
    found = {name: _values(bucket[name]["buckets"]) for name in SPREAD_FIELDS}
    owned = sum(found["owners"].values())  # a document has one owner or none
    return ClusterCounts(
        documents=documents,
        owner_unknown=documents - owned,
        **{name: tuple(values) for name, values in found.items()},
    )


def _values(buckets: list[Mapping[str, Any]]) -> dict[str, int]:
    """In an order of their own: engines break ties differently."""
    counts = {str(each["key"]): int(each["doc_count"]) for each in buckets}
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
