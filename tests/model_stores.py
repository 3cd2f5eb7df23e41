"""Fake publishers of models on loopback: both of Firefox's, the model hub."""

import gzip
import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import zstandard

from babelwire.demo.world import Request, Response
from pipeline.translation.models.catalogue import CatalogueModel, read_catalogue
from tests.site import Answer, Site

WEIGHTS, VOCABULARY = b"weights " * 1000, b"vocabulary " * 100
FILES = {
    "model": ("model.vien.intgemm.alphas.bin", WEIGHTS),
    "vocab": ("vocab.vien.spm", VOCABULARY),
    "lexicalShortlist": ("lex.50.50.vien.s2t.bin", b"shortlist"),
}
TINY = "firefox-vi-en-tiny"

COMMIT = "0123456789abcdef0123456789abcdef01234567"
JSON = {"Content-Type": "application/json"}


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def ranged(body: bytes, **headers: str) -> Any:
    """Answers with a file, or with the rest of it where a `Range` asks so."""

    def answer(request: Request) -> Answer:
        asked = request.headers.get("range", "")
        if not asked:
            return Response(headers=headers, body=body)
        start = int(asked.removeprefix("bytes=").rstrip("-"))
        return Response(
            status=206,
            headers={
                **headers,
                "Content-Range": f"bytes {start}-{len(body) - 1}/{len(body)}",
            },
            body=body[start:],
        )

    return answer


def first(answer: Answer, then: Callable[[Request], Answer]) -> Any:
    """One answer, and ever after others."""
    given: list[Answer] = []

    def script(request: Request) -> Answer:
        if given:
            return then(request)
        given.append(answer)
        return answer

    return script


class Registry:
    """The registry of Firefox's models: an index and packed files."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.index: dict[str, Any] = {"baseUrl": site.base_url, "models": {}}

    @property
    def root(self) -> str:
        return self.site.base_url

    def offer(
        self,
        pair: str,
        files: Mapping[str, tuple[str, bytes]],
        architecture: str = "tiny",
        status: str | None = "Release",
        run: str = "one",
        **described: Any,
    ) -> None:
        """Adds a model: part → file name and content."""
        entry = {"architecture": architecture, "releaseStatus": status, "files": {}}
        for part, (name, content) in files.items():
            path = f"models/{pair}/{run}/{name}.gz"
            self.site.add(f"/{path}", ranged(gzip.compress(content)))
            entry["files"][part] = {
                "path": path,
                "uncompressedHash": sha256(content),
                "uncompressedSize": len(content),
                **described,
            }
        self.index["models"].setdefault(pair, []).append(entry)
        self.publish()

    def publish(self) -> None:
        body = json.dumps(self.index).encode()
        self.site.add("/db/models.json", lambda _: Response(headers=JSON, body=body))

    def path(self, pair: str, name: str, run: str = "one") -> str:
        return f"/models/{pair}/{run}/{name}.gz"


class RemoteSettings:
    """A server of Remote Settings with the collection of Firefox's models."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.records: list[dict[str, Any]] = []
        files = {"attachments": {"base_url": f"{site.base_url}/cdn/"}}
        self.describe({"capabilities": files})
        self.site.add(
            "/v1/buckets/main/collections/translations-models-v2/records",
            lambda _: Response(
                headers=JSON, body=json.dumps({"data": self.records}).encode()
            ),
        )

    @property
    def root(self) -> str:
        return f"{self.site.base_url}/v1"

    def describe(self, server: Any) -> None:
        body = json.dumps(server).encode()
        self.site.add("/v1/", lambda _: Response(headers=JSON, body=body))

    def offer(
        self, pair: str, files: Mapping[str, tuple[str, bytes]], **described: Any
    ) -> None:
        """Adds a version of a model: file type → file name and content."""
        source, _, target = pair.rpartition("-")
        version = described.get("version", "3.0")
        for kind, (name, content) in files.items():
            location = f"main-workspace/translations-models-v2/{pair}-{version}-{kind}"
            packed = zstandard.compress(content)
            self.site.add(f"/cdn/{location}", ranged(packed))
            record = {
                "name": name,
                "fileType": kind,
                "sourceLanguage": source,
                "targetLanguage": target,
                "version": version,
                "architecture": "tiny",
                "decompressedHash": sha256(content),
                "decompressedSize": len(content),
                "attachment": {
                    "location": location,
                    "hash": sha256(packed),
                    "size": len(packed),
                },
            }
            self.records.append({**record, **described})

    def path(self, pair: str, kind: str, version: str = "3.0") -> str:
        folder = "/cdn/main-workspace/translations-models-v2"
        return f"{folder}/{pair}-{version}-{kind}"


class Hub:
    """The part of the model hub's API that getting files takes."""

    def __init__(self, site: Site, repository: str) -> None:
        self.site = site
        self.repository = repository
        self._files: dict[str, bytes] = {}

    def offer(self, name: str, content: bytes, *, lfs: str | None = None) -> None:
        """Adds a file; `lfs` states another SHA-256 than its own."""
        self._files[name] = content
        etag = sha256(content)
        self.site.add(
            f"/{self.repository}/resolve/{COMMIT}/{name}",
            ranged(content, **{"ETag": f'"{etag}"', "X-Repo-Commit": COMMIT}),
        )
        siblings = [
            {
                "rfilename": other,
                "size": len(data),
                "blobId": "0" * 40,
                "lfs": {
                    "sha256": lfs if lfs and other == name else sha256(data),
                    "size": len(data),
                    "pointerSize": 134,
                },
            }
            for other, data in self._files.items()
        ]
        body = json.dumps(
            {"id": self.repository, "sha": COMMIT, "siblings": siblings}
        ).encode()
        for path in ("", "/revision/main", f"/revision/{COMMIT}"):
            self.site.add(
                f"/api/models/{self.repository}{path}",
                lambda _: Response(headers=JSON, body=body),
            )


def files_of(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in sorted(folder.iterdir()) if p.is_file()}


def model(name: str = TINY) -> CatalogueModel:
    found = read_catalogue().get(name)
    assert found is not None
    return found


def on_hub(files: tuple[str, ...] = ("model.bin", "spm.model")) -> CatalogueModel:
    return CatalogueModel(
        name="many",
        engine="ctranslate2",
        architecture="m2m100",
        sources=("vi", "th"),
        targets=("en",),
        size_mb=1,
        licence="MIT",
        location="hub",
        repository="someone/many",
        files=files,
    )
