"""C17, C12, C15: models and translation servers behind a proxy."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import httpx2
import pytest

from pipeline.egress import Egress, Route
from pipeline.errors import UnavailableError
from pipeline.http_routes import client_options, routed_transport
from pipeline.translation.models.pull import ModelSettings, pull
from pipeline.translation.server import Server, ServerSettings
from tests.certificates import self_signed
from tests.conftest import Clock
from tests.model_stores import FILES, TINY, Hub, Registry, model, on_hub
from tests.pipeline.test_servers import APIS, Stub
from tests.proxy import Proxy
from tests.site import Site, redirect

LOGIN = ("someone", "s3cret-word")
MODELS = "http://models.example"


@pytest.fixture
def proxy(site: Site) -> Iterator[Proxy]:
    here = ("127.0.0.1", site.port)
    with Proxy(places={"models.example": here, "mt.example": here}) as running:
        yield running


def behind(proxy: Proxy, **fields: Any) -> Egress:
    return Egress(default=Route(proxy=proxy.url), **fields)


def with_login(proxy: Proxy) -> Egress:
    proxy.login = LOGIN
    route = Route(proxy=proxy.url, user=LOGIN[0], password=LOGIN[1])
    return Egress(default=route)


class Contacts:
    def __init__(self) -> None:
        self.noted: list[tuple[str, str]] = []

    def __call__(self, host: str, purpose: str) -> None:
        self.noted.append((host, purpose))


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    """A proxy of the environment, which is never used."""
    with Proxy() as running:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy"):
            monkeypatch.setenv(name, running.url)
        yield running
        assert running.asked == []


def test_models_of_a_registry_come_through_the_proxy(site, proxy, shelf, elsewhere):
    registry = Registry(site)
    registry.index["baseUrl"] = MODELS
    registry.offer("vi-en", FILES)
    contacts = Contacts()
    settings = ModelSettings(
        firefox_mirror=MODELS, egress=with_login(proxy), note_contact=contacts
    )
    assert pull(model(TINY), shelf, settings, now=Clock()).new
    assert len(proxy.asked) == len(site.requests) > 1
    assert set(contacts.noted) == {
        ("models.example", "models"),
        (f"127.0.0.1:{proxy.port}", "proxy"),
    }
    assert not any("proxy-authorization" in seen.headers for seen in site.requests)


def test_models_of_the_hub_come_through_the_proxy(site, proxy, shelf, elsewhere):
    hub = Hub(site, "someone/many")
    hub.offer("model.bin", b"weights")
    hub.offer("spm.model", b"pieces")
    contacts = Contacts()
    settings = ModelSettings(
        hub=MODELS, egress=with_login(proxy), note_contact=contacts
    )
    assert pull(on_hub(), shelf, settings, now=Clock()).new
    assert len(proxy.asked) == len(site.requests) > 1
    assert {asked.host for asked in proxy.asked} == {"models.example"}
    assert (f"127.0.0.1:{proxy.port}", "proxy") in contacts.noted
    assert not any("proxy-authorization" in seen.headers for seen in site.requests)


def test_a_mirror_of_ones_own_is_reached_directly(site, proxy, shelf, registry):
    """It is on this machine; or in `no_proxy`."""
    mirror = ModelSettings(firefox_mirror=site.base_url, egress=behind(proxy))
    assert pull(model(TINY), shelf, mirror, now=Clock()).new
    assert proxy.asked == []


def test_a_proxy_that_fails_is_named_and_its_password_is_not(site, proxy, shelf, quick):
    """C15."""
    route = Route(proxy=proxy.url, user=LOGIN[0], password="wr0ng-word")
    proxy.login = LOGIN
    settings = ModelSettings(firefox_mirror=MODELS, egress=Egress(default=route))
    with pytest.raises(UnavailableError) as refused:
        pull(model(TINY), shelf, settings, now=Clock())
    assert "407" in str(refused.value)
    assert "wr0ng-word" not in str(refused.value)


@pytest.mark.parametrize("api", APIS)
def test_a_translation_server_elsewhere_is_asked_through_the_proxy(
    site, proxy, api, elsewhere
):
    stub = Stub(site, APIS[api])
    stub.says(lambda texts: stub.api.wrap([t.upper() for t in texts]))
    contacts = Contacts()
    for url, number in (("http://mt.example", 1), (site.base_url, 0)):
        proxy.asked.clear()
        settings = ServerSettings(url=url, egress=with_login(proxy))
        engine = stub.api.make(Server(settings, note_contact=contacts))
        assert engine.translate(["chào"], "vi", "en") == ["CHÀO"]
        engine.close()
        assert len(proxy.asked) == number
    assert contacts.noted == [
        ("mt.example", "translate"),
        (f"127.0.0.1:{proxy.port}", "proxy"),
        (f"127.0.0.1:{site.port}", "translate"),
    ]
    assert not any("proxy-authorization" in seen.headers for seen in site.requests)


@pytest.mark.parametrize("library", [httpx, httpx2], ids=["httpx", "httpx2"])
def test_https_goes_through_a_tunnel_to_whom_ca_file_vouches_for(tmp_path, library):
    """C12, C15: and without it nobody is believed."""
    authority, context = self_signed(tmp_path, ("login.example",))
    with Site(tls=context) as site, Proxy() as proxy:
        proxy.places["login.example"] = ("127.0.0.1", site.port)
        egress = replace(with_login(proxy), ca_file=str(authority))
        for client in (
            library.Client(**client_options(egress, "login.example", library)),
            library.Client(
                transport=routed_transport(egress, library, Contacts()),
                trust_env=False,
            ),
        ):
            with client:
                assert client.get("https://login.example/").status_code == 404
        unknown = replace(egress, ca_file="")
        options = client_options(unknown, "login.example", library)
        with library.Client(**options) as client, pytest.raises(library.ConnectError):
            client.get("https://login.example/")
        assert [asked.target for asked in proxy.asked] == ["login.example:443"] * 3
        assert len(site.requests) == 2
        assert "proxy-authorization" not in site.requests[0].headers


def test_each_request_of_one_client_leaves_by_its_own_route(site, proxy):
    """A redirect to a host of `no_proxy` leaves the proxy out."""
    site.add("/", redirect(f"{site.base_url}/near"))
    site.add("/near", body="seen")
    contacts = Contacts()
    transport = routed_transport(behind(proxy), httpx, contacts)
    with httpx.Client(
        transport=transport, trust_env=False, follow_redirects=True
    ) as client:
        assert client.get(f"{MODELS}/").text == "seen"
    assert [asked.target for asked in proxy.asked] == [f"{MODELS}/"]
    assert contacts.noted == [(f"127.0.0.1:{proxy.port}", "proxy")]


def test_what_cannot_be_noted_is_not_handed_to_a_proxy(site, proxy):
    def full(_host: str, _purpose: str) -> None:
        raise UnavailableError("nothing was sent")

    transport = routed_transport(behind(proxy), httpx, full)
    with (
        httpx.Client(transport=transport, trust_env=False) as client,
        pytest.raises(UnavailableError, match="nothing was sent"),
    ):
        client.get(f"{MODELS}/")
    assert proxy.asked == []
