"""The connectors against real servers: answers, refusals, and those that would keep us waiting."""

from __future__ import annotations

import pytest

from handraiser.connectors.dns import Dns
from handraiser.connectors.http_json import LIMIT_BYTES, HttpJson
from handraiser.kit import outgoing
from handraiser.kit.errors import DomainError
from handraiser.qualify.providers import Found, Refused, Unknown
from handraiser.qualify.tests.servers import Names, Service, running

FIELDS = {"company_name": "/data/name", "company_employees": "/data/size"}


@pytest.fixture(scope="module")
def names():
    with running(Names) as server:
        yield server


@pytest.fixture
def service(settings):
    settings.OUTGOING_ALLOW = ["127.0.0.1"]
    with running(Service) as server:
        yield server


def ask(service, *, budget=2.0, path="/v1?domain={domain}", **headers):
    provider = HttpJson(url=service.url + path, headers=headers, fields=FIELDS)
    return provider.look_up("halden.example.com", budget_seconds=budget)


@pytest.mark.parametrize(
    ("domain", "takes"),
    [
        ("halden.example.com", True),
        ("host.example.com", True),
        ("silent.example.com", False),
        ("empty.example.com", False),
        ("nothere.example.com", False),
    ],
)
def test_a_domain_takes_mail_or_not(names, domain, takes):
    found = Dns(["127.0.0.1"], names.port).look_up(domain, budget_seconds=2)
    assert isinstance(found, Found) and found.values == {"takes_mail": takes} and found.reason


@pytest.mark.parametrize("domain", ["hung.example.com", "broken.example.com", "a..b", "x" * 80 + ".com"])
def test_nobody_who_answers_means_unknown(names, domain):
    found = Dns(["127.0.0.1"], names.port).look_up(domain, budget_seconds=0.5)
    assert isinstance(found, Unknown) and found.trouble


def test_a_service_tells_what_our_fields_take(service):
    path = "/v1?domain=halden.example.com"
    service.tells(path, {"data": {"name": "Halden Foods", "size": 240, "secret": "x"}})
    assert ask(service, **{"X-Api-Key": "k3y"}) == Found(
        {"company_name": "Halden Foods", "company_employees": 240}
    )
    [(asked, headers)] = service.asked
    assert asked == path and headers["x-api-key"] == "k3y"


def test_what_is_asked_cannot_leave_its_place_in_the_address(service):
    provider = HttpJson(url=service.url + "/v1/{email}?a=1", headers={}, fields=FIELDS)
    provider.look_up("a&b=2/../x?@halden.example.com#y", budget_seconds=2)
    assert service.asked[0][0] == "/v1/a%26b%3D2%2F..%2Fx%3F%40halden.example.com%23y?a=1"


@pytest.mark.parametrize(
    ("status", "headers", "wait"),
    [
        (401, {}, 3600),
        (403, {}, 3600),
        (429, {"Retry-After": "120"}, 120),
        (429, {"Retry-After": "1"}, 60),
        (429, {"Retry-After": "99999999"}, 86_400),
        (429, {"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, 3600),
    ],
)
def test_a_service_that_will_not_say_is_left_alone(service, status, headers, wait):
    service.answers["/v1?domain=halden.example.com"] = (status, headers, b"{}")
    found = ask(service)
    assert isinstance(found, Refused) and found.wait_seconds == wait and str(status) in found.reason


@pytest.mark.parametrize(
    ("answer", "trouble"),
    [
        ((404, {}, b""), False),
        ((204, {}, b""), False),
        ((200, {}, b'{"data": {"name": null}}'), False),
        ((200, {}, b"[1, 2]"), False),
        ((200, {}, b"<html>"), True),
        ((200, {}, b"[" * 100_000), True),
        ((500, {}, b""), True),
        ((302, {"Location": "http://169.254.169.254/"}, b""), True),
        ((200, {}, b'"' + b"x" * LIMIT_BYTES + b'"'), True),
        ("breaks off", True),
    ],
)
def test_every_other_answer_means_unknown(service, answer, trouble):
    service.answers["/v1?domain=halden.example.com"] = answer
    found = ask(service)
    assert isinstance(found, Unknown) and found.trouble is trouble and found.reason
    assert len(service.asked) == 1


def test_a_service_that_drips_is_cut_off_when_the_time_is_over(service):
    service.answers["/v1?domain=halden.example.com"] = "drips"
    found = ask(service, budget=0.5)
    assert isinstance(found, Unknown) and found.trouble and "too slow" in found.reason


def test_our_own_network_is_never_asked(settings):
    settings.OUTGOING_ALLOW = []
    with running(Service) as service:
        for host in ("127.0.0.1", "localhost", "[::1]", "0.0.0.0", "169.254.169.254"):
            provider = HttpJson(
                url=f"http://{host}:{service.url.rpartition(':')[2]}/", headers={}, fields=FIELDS
            )
            found = provider.look_up("halden.example.com", budget_seconds=2)
            assert isinstance(found, Unknown) and found.trouble
        assert service.asked == []


@pytest.mark.parametrize(
    "url", ["ftp://x/", "http:///x", "http://a:b@127.0.0.1/", "http://127.0.0.1:99999/", "x"]
)
def test_an_address_that_is_none_is_refused(url):
    with pytest.raises(DomainError):
        outgoing.get(url, headers={}, budget_seconds=1, limit_bytes=10)


def test_a_key_that_would_add_headers_is_refused(service):
    found = ask(service, **{"X-Api-Key": "a\r\nHost: elsewhere"})
    assert isinstance(found, Unknown) and service.asked == []
