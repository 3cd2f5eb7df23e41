"""C17, C12, O4: `[network]`, from the file to whom it contacts."""

import tomllib
from collections.abc import Iterator
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from typing import Any

import pytest

from babelwire.config import Config, NetworkConfig, ProxyConfig, read_config
from babelwire.network import egress_of
from babelwire.sourcefile import SourceDraft, draft_text
from babelwire.workspace import find_workspace, packaged_configs
from pipeline.egress import Egress, Route
from pipeline.errors import ConfigError
from pipeline.settings import from_mapping
from pipeline.sources import Source
from tests.babelwire.conftest import babelwire
from tests.certificates import self_signed
from tests.crawler.workspace import articles, feed
from tests.proxy import Proxy
from tests.site import Site

NEWS = "http://news.example"
PASSWORD = "s3cret-word"
VARIABLE = "OFFICE_PASSWORD"


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as running:
        articles(running, {"/a/1": None})
        feed(running, [f"{NEWS}/a/1"])
        yield running


@pytest.fixture
def proxy(site: Site) -> Iterator[Proxy]:
    with Proxy(places={"news.example": ("127.0.0.1", site.port)}) as running:
        yield running


def configure(root: Path, text: str) -> None:
    """Replaces `[network]` of a workspace."""
    path = root / "babelwire.toml"
    before, _, rest = path.read_text("utf-8").partition("[network]\n")
    after = rest[rest.index("\n[process]") :]
    path.write_text(f"{before}[network]\n{text}\n{after}", "utf-8")


def follow(root: Path, more: str = "") -> Path:
    path = root / "sources" / "news.toml"
    path.write_text(
        'name = "news"\nkind = "news"\npublisher = "P"\ndelay_seconds = 0\n'
        f'feeds = ["{NEWS}/feed"]\nallow = ["^/a/"]\n{more}',
        "utf-8",
    )
    return path


def behind(proxy: Proxy, more: str = "") -> str:
    return f'proxy = "{proxy.url}"\nproxy_resolves = true\n{more}'


def named(root: Path) -> None:
    config = root / "babelwire.toml"
    text = config.read_text("utf-8")
    contact = 'contact = "https://example.org/bot"'
    config.write_text(text.replace('contact = ""', contact, 1), "utf-8")


# --- The file --------------------------------------------------------------------


def described(kind: Any, values: dict[str, Any], where: str) -> Iterator[str]:
    """What a table of the annotated file says otherwise than its dataclass."""
    known = {field.name: field for field in fields(kind)}
    yield from (f"{where}{key}: unknown" for key in values.keys() - known.keys())
    for name, field in known.items():
        default = field.default
        if default is MISSING:
            default = field.default_factory() if callable(field.default_factory) else 0
        if is_dataclass(default):
            yield from described(type(default), values[name], f"{where}{name}.")
        elif default == {}:  # tables by names of one's own: shown as a comment
            assert name not in values
        elif name not in values:
            yield f"{where}{name}: not described"
        elif values[name] != (list(default) if default == () else default):
            same = isinstance(default, tuple) and values[name] == list(default)
            if not same:
                yield f"{where}{name}: {values[name]!r} is not {default!r}"


def test_the_annotated_file_describes_every_key_with_its_default() -> None:
    text = (packaged_configs() / "babelwire.toml").read_text("utf-8")
    assert list(described(Config, tomllib.loads(text), "")) == []


def test_the_commented_keys_of_network_are_those_that_there_are() -> None:
    text = (packaged_configs() / "babelwire.toml").read_text("utf-8")
    section = text.partition("# [network.egress.paris]\n")[2].partition("\n\n")[0]
    values = tomllib.loads(section.replace("# ", ""))
    assert values.keys() == {field.name for field in fields(ProxyConfig)}
    assert from_mapping(ProxyConfig, values).proxy == "http://paris.example.org:3128"


def test_the_template_of_a_source_shows_its_way_out_and_its_exceptions() -> None:
    draft = SourceDraft(
        name="s",
        kind="news",
        publisher="P",
        country="",
        **dict.fromkeys(("languages", "sitemaps", "listings", "hosts", "allow"), ()),
        feeds=("https://www.example.org/feed",),
        delay_seconds=1.0,
    )
    text = draft_text(draft)
    for key in ("egress", "unverified_hosts"):
        assert f"# {key} = " in text
        text = text.replace(f"# {key} = ", f"{key} = ")
    found = from_mapping(Source, tomllib.loads(text))
    assert (found.egress, found.unverified_hosts) == ("direct", ("www.example.org",))


WRONG = {
    'proxy = "https://p.example:3128"': "proxy: found",
    'proxy = "http://u:p@p.example:3128"': "proxy_password_variable",
    'proxy_user = "u"': "proxy_user: does nothing without proxy",
    'proxy = "http://p.example:1"\nproxy_password_variable = "X"': "without proxy_user",
    'proxy = "http://p.example:1"\nproxy_user = "a:b"': "colon",
    'no_proxy = ["*"]': "no_proxy: found",
    "proxy_resolves = true": "does nothing without a proxy",
    '[network.egress.direct]\nproxy = "http://p.example:1"': 'and not "direct"',
    '[network.egress."A b"]\nproxy = "http://p.example:1"': "lower-case letters",
    "[network.egress.paris]": "egress.paris.proxy: missing",
    '[network.egress.paris]\nproxy = "p:1"': "network.egress.paris.proxy: found",
    'proxies = "x"': "proxies: unknown key",
}


@pytest.mark.parametrize(("text", "expected"), WRONG.items())
def test_what_could_not_be_used_is_an_error_with_its_key(workspace, text, expected):
    configure(workspace, text)
    with pytest.raises(ConfigError, match=expected.replace(".", r"\.")) as refused:
        read_config(workspace / "babelwire.toml")
    assert str(refused.value).startswith(f"{workspace / 'babelwire.toml'}: network")
    assert "u:p" not in str(refused.value)


def test_the_ways_out_are_those_of_the_file_with_the_environments_passwords(
    workspace, monkeypatch, tmp_path
):
    """O4."""
    authority, _ = self_signed(tmp_path)
    configure(
        workspace,
        'proxy = "http://p.example:3128"\nno_proxy = ["intranet.example"]\n'
        f'ca_file = "{authority}"\nproxy_resolves = true\n'
        '[network.egress.paris]\nproxy = "http://q.example:1"\nproxy_user = "u"\n'
        f'proxy_password_variable = "{VARIABLE}"',
    )
    found = find_workspace(workspace)
    with pytest.raises(ConfigError, match=rf"network\.egress\.paris: .*{VARIABLE}"):
        egress_of(found)
    monkeypatch.setenv(VARIABLE, PASSWORD)
    assert egress_of(found) == Egress(
        default=Route(proxy="http://p.example:3128"),
        named={"paris": Route(proxy="http://q.example:1", user="u", password=PASSWORD)},
        no_proxy=("intranet.example",),
        ca_file=str(authority),
        proxy_resolves=True,
    )


@pytest.mark.parametrize("name", ["nowhere.pem", "babelwire.toml"])
def test_a_ca_file_without_a_certificate_is_told_before_anything_is_sent(
    workspace, name
):
    """C12."""
    configure(workspace, f'ca_file = "{name}"')
    follow(workspace)
    named(workspace)
    for command in (("crawl",), ("config", "check")):
        ran = babelwire(*command, workspace=workspace)
        assert ran.status == 2
        assert "network.ca_file" in ran.err
        assert name in ran.err


def test_a_source_that_names_a_way_out_that_is_not_there_is_told_with_its_file(
    workspace,
):
    path = follow(workspace, 'egress = "paris"\n')
    named(workspace)
    for command in (("crawl",), ("config", "check"), ("source", "test", "news")):
        ran = babelwire(*command, workspace=workspace)
        assert ran.status == 2
        assert f'{path}: egress: found "paris", expected one of "direct"' in ran.err


def test_a_host_without_a_check_must_be_one_of_the_sources_own(workspace):
    """C12: by name."""
    path = follow(workspace, 'unverified_hosts = ["*"]\n')
    ran = babelwire("config", "check", workspace=workspace)
    assert ran.status == 2
    assert f'{path}: unverified_hosts: found "*", expected hosts of this' in ran.err
    assert "news.example" in ran.err


# --- What it does ----------------------------------------------------------------


def test_a_crawl_and_a_look_at_a_site_go_through_the_proxy(workspace, site, proxy):
    """C15, C17: with the password from the environment, which nobody else sees."""
    proxy.login = ("crawler", PASSWORD)
    login = f'proxy_user = "crawler"\nproxy_password_variable = "{VARIABLE}"\n'
    configure(workspace, behind(proxy, login))
    follow(workspace)
    named(workspace)
    before = babelwire("doctor", "--outside", workspace=workspace)
    assert "proxy: not yet; [network] proxy would" in before.out
    secret = {VARIABLE: PASSWORD}
    crawled = babelwire("crawl", workspace=workspace, **secret)
    assert crawled.status == 0, crawled.err
    tried = babelwire("source", "test", "news", workspace=workspace, **secret)
    added = babelwire(
        *("source", "add", f"{NEWS}/feed", "--name", "again", "--yes"),
        workspace=workspace,
        **secret,
    )
    assert added.status == 0, added.err
    assert len(proxy.asked) == len(site.requests)
    assert site.count("/a/1") >= 2
    assert not any("proxy-authorization" in seen.headers for seen in site.requests)
    told = babelwire("doctor", "--outside", workspace=workspace)
    assert f"127.0.0.1:{proxy.port} (this machine)" in told.out
    assert "still by [network] proxy" in told.out
    for ran in (crawled, tried, added, told):
        assert PASSWORD not in ran.out + ran.err
    for path in workspace.rglob("*"):
        assert not path.is_file() or PASSWORD.encode() not in path.read_bytes()


def test_without_its_variable_nothing_is_asked(workspace, site, proxy):
    login = f'proxy_user = "crawler"\nproxy_password_variable = "{VARIABLE}"\n'
    configure(workspace, behind(proxy, login))
    follow(workspace)
    named(workspace)
    ran = babelwire("crawl", workspace=workspace)
    assert ran.status == 2
    assert f"network: the environment variable {VARIABLE} is not set" in ran.err
    assert proxy.asked == []
    searched = babelwire("search", "word", workspace=workspace)
    assert "is not set" not in searched.err


def test_a_proxy_that_is_down_is_told_and_nothing_is_lost(workspace):
    configure(workspace, 'proxy = "http://127.0.0.1:9"\nproxy_resolves = true')
    follow(workspace)
    named(workspace)
    ran = babelwire("crawl", workspace=workspace)
    assert ran.status == 0
    assert "proxy 127.0.0.1:9 does not answer" in ran.err
    assert "what should go through it stays due" in ran.err


def test_network_is_a_proxy_with_more() -> None:
    """What `[network.egress.NAME]` knows, `[network]` knows, too."""
    names = {field.name for field in fields(NetworkConfig)}
    assert {field.name for field in fields(ProxyConfig)} < names
