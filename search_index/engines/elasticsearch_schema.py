"""Mapping and settings of an index on Elasticsearch, and an entry as a document."""

from __future__ import annotations

from typing import Any

from search_index.clauses import (
    KEYWORD_FIELDS,
    NAME_FIELDS,
    SIDES,
    SOUND_FIELD,
    TOKEN_FIELDS,
)
from search_index.engines.contract import EntryState, IndexEntry, Ranked
from search_index.engines.elasticsearch_server import ElasticsearchSettings
from search_index.query import MAX_LIMIT, MAX_OFFSET

SHOWN = ["id", "display"]
"""The part of a document that a hit needs."""

META = "babelwire"
"""Under this name an index's mapping says which generation it is."""


def index_settings(settings: ElasticsearchSettings) -> dict[str, Any]:
    """Of a new index: made for loading; `activate` sets the refresh back.

    Durability `request`: with `async` a kill lost what was acknowledged (measured).
    """
    return {
        "number_of_shards": settings.shards,
        "number_of_replicas": settings.replicas,
        "refresh_interval": "-1",
        "translog.durability": "request",
        "max_result_window": MAX_OFFSET + 2 * MAX_LIMIT,
    }


def mapping(meta: dict[str, Any]) -> dict[str, Any]:
    """Token fields split at spaces, keywords whole, times as dates.

    An unknown field is refused. `f1` and `f2` need no positions. Tokens are left out of
    the stored source, so a document is always written whole.
    """
    fields: dict[str, Any] = {
        field: {"type": "keyword", "norms": False} for field in KEYWORD_FIELDS
    }
    fields |= {name: _tokens(name) for name in token_fields()}
    fields |= {
        "published": {"type": "date", "format": "epoch_millis"},
        "seen": {"type": "date", "format": "epoch_millis"},
        "undated": {"type": "byte"},
        "version": {"type": "long"},
        "checksum": {"type": "keyword", "index": False},
        "display": {"type": "text", "index": False},
    }
    return {
        "dynamic": "strict",
        "_meta": {META: meta},
        "_source": {"excludes": list(token_fields())},
        "properties": fields,
    }


def token_fields() -> tuple[str, ...]:
    """Every field of tokens."""
    sides = (f"{side}_{field}" for side in SIDES for field in TOKEN_FIELDS)
    return (*sides, SOUND_FIELD, *NAME_FIELDS)


def source_of(entry: IndexEntry) -> dict[str, Any]:
    """An entry as the cluster takes it."""
    return {
        **entry.tokens,
        **{field: list(values) for field, values in entry.keywords.items()},
        **entry.numbers,
        "version": entry.version,
        "checksum": entry.checksum,
        "display": entry.display,
    }


def ranked(hit: dict[str, Any]) -> Ranked:
    """A hit as every engine gives it."""
    return Ranked(
        id=hit["_id"],
        score=float(hit["_score"] or 0.0),
        display=hit["_source"]["display"],
    )


def state(hit: dict[str, Any]) -> EntryState:
    """What a hit's columns say is held of a document."""
    columns = hit["fields"]
    return EntryState(
        id=hit["_id"], version=columns["version"][0], checksum=columns["checksum"][0]
    )


def _tokens(name: str) -> dict[str, Any]:
    has_positions = name.endswith("f3") or name in NAME_FIELDS
    return {
        "type": "text",
        "analyzer": "whitespace",
        "index_options": "positions" if has_positions else "freqs",
    }
