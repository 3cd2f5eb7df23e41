"""Where models come from: the publisher of Firefox's, the model hub, OPUS-MT.

Each gives a draft folder with the model's files, and what the publisher says of them.
"""

from __future__ import annotations

import os
import shutil
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

from pipeline.errors import ConfigError, DamageError, UnavailableError
from pipeline.translation.models.catalogue import CatalogueModel
from pipeline.translation.models.downloads import Downloads, Progress, no_progress
from pipeline.translation.models.shelf import file_sha256, is_plain_path

FIREFOX_REGISTRY = (
    "https://storage.googleapis.com/"
    "moz-fx-translations-data--303e-prod-translations-data"
)
"""Root of the publisher's registry (`db/models.json`) and files."""

MAX_FILE_BYTES = 256 * 2**20
"""Of a Firefox model's file, unpacked; the largest has 60 MB."""

SLACK = 3
"""A download may be so many times as large as the catalogue says."""

PARTS = ("model", "vocab", "srcVocab", "trgVocab")
"""What the engine needs; the shortlist is not used."""

PICKLES = (b"PK\x03\x04", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")
"""How torch's files (zip archives of pickles) and plain pickles begin."""

ALLOWED = frozenset({".json", ".txt", ".model", ".spm", ".safetensors", ".bin", ".md"})


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A model's files as they came, before they are taken in.

    Attributes:
        folder: With exactly the model's files.
        version: Revision by the publisher.
        published: SHA-256 by path, where the publisher states them.
        came_from: Address.
    """

    folder: Path
    version: str
    came_from: str
    published: Mapping[str, str] = field(default_factory=dict)


class Publisher(Protocol):
    """Gives drafts."""

    def get(
        self, model: CatalogueModel, folder: Path, revision: str, progress: Progress
    ) -> Draft:
        """The model's files in `folder`, of a revision or ("") the newest.

        Raises:
            UnavailableError: It cannot be had.
            DamageError: What came is not what the publisher says.
        """
        ...


class FirefoxPublisher:
    """The registry of Firefox's translation models, or a mirror of it."""

    def __init__(self, downloads: Downloads, mirror: str = "") -> None:
        """Args: the client, and the root of a mirror ("" for the publisher's)."""
        self._downloads = downloads
        self._root = (mirror or FIREFOX_REGISTRY).rstrip("/")

    def get(
        self,
        model: CatalogueModel,
        folder: Path,
        revision: str,
        progress: Progress = no_progress,
    ) -> Draft:
        """As `Publisher`; unpacked."""
        url = f"{self._root}/db/models.json"
        entry = _entry(self._downloads.json(url), model, revision, url)
        published = {}
        for part in PARTS:
            if part in entry:
                name, checksum = self._file(entry[part], folder, progress)
                if checksum:
                    published[name] = checksum
        return Draft(
            folder=folder,
            version=_version(entry),
            came_from=self._root,
            published=published,
        )

    def _file(
        self, described: Mapping[str, Any], folder: Path, progress: Progress
    ) -> tuple[str, str]:
        path = str(described.get("path", ""))
        name = PurePosixPath(path).name.removesuffix(".gz")
        if not is_plain_path(path) or not is_plain_path(name):
            raise UnavailableError(f'{self._root}: a file\'s path is "{path}"')
        size = described.get("uncompressedSize")
        limit = size if isinstance(size, int) and size > 0 else MAX_FILE_BYTES
        packed = folder / f".{name}.gz"
        url = f"{self._root}/{path}"
        self._downloads.fetch(url, packed, max_bytes=MAX_FILE_BYTES, progress=progress)
        unpack(packed, folder / name, min(limit, MAX_FILE_BYTES))
        packed.unlink()
        checksum = str(described.get("uncompressedHash") or "").lower()
        check_published(folder / name, checksum, url)
        return name, checksum


class HubPublisher:
    """The model hub, through its own library."""

    def __init__(
        self,
        *,
        endpoint: str,
        timeout_seconds: float,
        offline: bool,
        token: str = "",
    ) -> None:
        """Args: the hub's root, seconds without a byte, whether to refuse, the key."""
        self._endpoint = endpoint
        self._timeout = timeout_seconds
        self._offline = offline
        self._token = token

    def get(
        self,
        model: CatalogueModel,
        folder: Path,
        revision: str,
        progress: Progress = no_progress,
    ) -> Draft:
        """As `Publisher`; only the listed files of one commit."""
        if self._offline:
            raise UnavailableError(
                f"{model.repository}: not asked for, [models] offline is set; "
                '"babelwire models import DIR" takes models from a folder'
            )
        hub = _hub(self._timeout)
        try:
            info = hub.HfApi(endpoint=self._endpoint, token=self._token or False)
            found = info.model_info(
                model.repository,
                revision=revision or model.revision or None,
                files_metadata=True,
                timeout=self._timeout,
            )
            wanted = {f.rfilename: f for f in found.siblings or ()}
            chosen = [name for name in model.files if name in wanted]
            for name in chosen:
                refuse_pickles_by_name(name)
                self._file(hub, model, name, found.sha or "", folder, progress)
        except (OSError, ValueError, hub.errors.HfHubHTTPError, *_http_errors()) as e:
            if isinstance(e, OSError) and e.errno is not None:
                raise  # a full disk is told as such
            raise UnavailableError(f"{self._endpoint}/{model.repository}: {e}") from e
        published = {
            name: wanted[name].lfs.sha256 for name in chosen if wanted[name].lfs
        }
        for name in chosen:
            refuse_pickles(folder / name)
            check_published(folder / name, published.get(name, ""), model.repository)
        return Draft(
            folder=folder,
            version=found.sha or "",
            came_from=f"{self._endpoint}/{model.repository}",
            published=published,
        )

    def _file(
        self,
        hub: Any,
        model: CatalogueModel,
        name: str,
        commit: str,
        folder: Path,
        progress: Progress,
    ) -> None:
        hub.hf_hub_download(
            model.repository,
            name,
            revision=commit,
            local_dir=folder,
            endpoint=self._endpoint,
            etag_timeout=self._timeout,
            token=self._token or False,
        )
        progress((folder / name).stat().st_size)


class OpusPublisher:
    """Zips of the OPUS-MT project, converted to int8 here."""

    def __init__(self, downloads: Downloads) -> None:
        self._downloads = downloads

    def get(
        self,
        model: CatalogueModel,
        folder: Path,
        revision: str,
        progress: Progress = no_progress,
    ) -> Draft:
        """As `Publisher`; the zip stays outside the model."""
        from pipeline.translation.models.conversion import convert

        archive = folder.with_name(folder.name + ".zip")
        limit = int(model.size_mb * SLACK * 10 * 2**20)  # float32 and a few tests
        self._downloads.fetch(model.url, archive, max_bytes=limit, progress=progress)
        made = folder.with_name(folder.name + ".converted")
        convert(archive, made, quantization="int8")
        folder.rmdir() if folder.exists() else None
        made.replace(folder)
        archive.unlink()
        return Draft(folder=folder, version=model.revision or "", came_from=model.url)


def unpack(packed: Path, path: Path, limit: int) -> None:
    """Unpacks gzip up to a size; a server may have unpacked it on the way.

    Raises:
        DamageError: It is broken, or larger than that.
    """
    if not _is_gzip(packed):
        if packed.stat().st_size > limit:
            raise DamageError(f"{path.name}: has over {limit:,} bytes")
        shutil.copyfile(packed, path)
        return
    machine = zlib.decompressobj(zlib.MAX_WBITS | 16)
    size = 0
    with packed.open("rb") as source, path.open("wb") as target:
        try:
            while data := source.read(1 << 16):
                while data:
                    part = machine.decompress(data, 1 << 20)
                    size += len(part)
                    if size > limit:
                        raise DamageError(
                            f"{path.name}: unpacks to over {limit:,} bytes"
                        )
                    target.write(part)
                    data = machine.unconsumed_tail
        except zlib.error as error:
            raise DamageError(f"{path.name}: {error}") from error
    if not machine.eof:
        raise DamageError(f"{path.name}: the packed file is cut off")


def _is_gzip(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) == b"\x1f\x8b"


def check_published(path: Path, checksum: str, where: str) -> None:
    """Compares a file with what the publisher says of it.

    Raises:
        DamageError: It is another one.
    """
    if checksum and file_sha256(path) != checksum:
        path.unlink()
        raise DamageError(
            f"{where}: {path.name} is not what the publisher says it is (SHA-256)"
        )


def refuse_pickles_by_name(name: str) -> None:
    """Refuses what could run code when it is loaded (O3).

    Raises:
        ConfigError: Names the file.
    """
    path = PurePosixPath(name)
    torch_weights = path.name.startswith("pytorch_model")
    if not is_plain_path(name) or path.suffix not in ALLOWED or torch_weights:
        raise ConfigError(
            f"{name}: is no kind of file that a model is loaded from here; "
            "expected safetensors, a native model, or plain text"
        )


def refuse_pickles(path: Path) -> None:
    """Refuses a file that is a pickle by its content (O3).

    Raises:
        DamageError: Names the file, which is removed.
    """
    with path.open("rb") as file:
        start = file.read(4)
    if start.startswith(PICKLES):
        path.unlink()
        raise DamageError(f"{path.name}: is a pickle, which could run code; refused")


def hub_endpoint(configured: str, environment: Mapping[str, str]) -> str:
    """The hub's root: configured, or by `HF_ENDPOINT`, or the public one.

    >>> hub_endpoint("", {"HF_ENDPOINT": "https://hub.example.org/"})
    'https://hub.example.org'
    """
    chosen = configured or environment.get("HF_ENDPOINT", "")
    return (chosen or "https://huggingface.co").rstrip("/")


def _entry(
    registry: Any, model: CatalogueModel, revision: str, url: str
) -> Mapping[str, Any]:
    """The files of the pair's model of the wanted size; a released one goes first."""
    models = registry.get("models") if isinstance(registry, dict) else None
    listed = models.get(model.pair) if isinstance(models, dict) else None
    found = [
        entry
        for entry in (listed if isinstance(listed, list) else [])
        if isinstance(entry, dict)
        and entry.get("architecture") == model.variant
        and _is_whole(entry.get("files"))
    ]
    if revision:
        found = [entry for entry in found if _version(entry["files"]) == revision]
    if not found:
        what = f" of revision {revision}" if revision else ""
        raise UnavailableError(f"{url}: has no {model.pair} {model.variant}{what}")
    released = [e for e in found if str(e.get("releaseStatus")).startswith("Release")]
    files: Mapping[str, Any] = (released or found)[-1]["files"]
    return files


def _is_whole(files: Any) -> bool:
    if not isinstance(files, dict) or not isinstance(files.get("model"), dict):
        return False
    pair = isinstance(files.get("srcVocab"), dict) and isinstance(
        files.get("trgVocab"), dict
    )
    return pair or isinstance(files.get("vocab"), dict)


def _version(files: Mapping[str, Any]) -> str:
    """The registry numbers nothing: the weights' own hash tells revisions apart."""
    described = files["model"]
    checksum = str(described.get("uncompressedHash") or "").lower()
    return checksum[:12] or PurePosixPath(str(described.get("path", ""))).parent.name


def _hub(timeout_seconds: float) -> Any:
    """The hub's library, without the environment's proxies."""
    os.environ.setdefault("HF_HUB_DISABLE_XET", "1")  # its native client takes them
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    import huggingface_hub

    client = type(huggingface_hub.get_session())
    huggingface_hub.set_client_factory(
        lambda: client(trust_env=False, follow_redirects=True, timeout=timeout_seconds)
    )
    return huggingface_hub


def _http_errors() -> tuple[type[Exception], ...]:
    """What the hub's HTTP client raises, whichever it is."""
    import importlib

    import huggingface_hub

    module = type(huggingface_hub.get_session()).__module__.split(".")[0]
    error: type[Exception] = importlib.import_module(module).HTTPError
    return (error,)
