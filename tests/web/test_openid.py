"""Logging in by an OpenID provider: what is believed, and all that is not."""

from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey
from msgspec.structs import replace

from commonsky.astro.time import unix_s_from_tai_s
from commonsky.domain.roles import Role
from commonsky.node.people.settings import OpenIdSettings
from commonsky.web.app import application
from commonsky.web.openid_client import OpenIdClient
from front_desk import Browser, Clock, desk_for, hire
from openid_provider import CLIENT, ISSUER, Provider

SETTINGS = OpenIdSettings(
    name="Ministry",
    issuer=ISSUER,
    client_id=CLIENT,
    roles={"watch": Role.WATCH_OFFICER, "keys": Role.RELEASE_AUTHORITY},
)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def provider(clock):
    return Provider(lambda: unix_s_from_tai_s(clock()))


@pytest.fixture
def desk(node, clock):
    node.config = replace(node.config, people=replace(node.config.people, openid=SETTINGS))
    return desk_for(node, clock)


@pytest.fixture
def new_browser(desk, provider):
    def made(settings=SETTINGS, secret=None):
        desk.node.config = replace(desk.node.config, people=replace(desk.node.config.people, openid=settings))
        client = OpenIdClient(settings, secret, transport=provider.transport)
        app = application(desk.node, None, wall_clock_tai_s=desk.now_tai_s, desk=desk, openid=client)
        return Browser(desk, app=app)

    return made


@pytest.fixture
def browser(new_browser):
    return new_browser()


def begin(browser, query=""):
    answer = browser.get(f"/api/v1/openid/begin{query}")
    assert answer.status_code == 303
    return answer.headers["location"]


def come_back(browser, answer):
    query = "&".join(f"{name}={value}" for name, value in answer.items())
    return browser.get(f"/api/v1/openid/done?{query}")


def log_in(browser, provider):
    return come_back(browser, provider.authorize(begin(browser)))


def person(browser):
    told = browser.get("/api/v1/session").json()
    browser.csrf = told["csrf"]
    return told["person"]


def refused(browser, answer, desk):
    assert (answer.status_code, answer.headers["location"]) == (303, "/#openid-refused")
    assert person(browser) is None
    assert browser.get("/api/v1/warnings").status_code == 401
    return desk.store.log(1)[0].text


def test_with_a_provider_everybody_logs_in_and_the_page_names_it(browser):
    told = browser.get("/api/v1/session").json()
    assert (told["login_required"], told["person"], told["openid"]) == (True, None, "Ministry")
    assert browser.get("/api/v1/warnings").status_code == 401


def test_who_the_provider_vouches_for_comes_in_with_the_roles_of_the_claim(browser, provider, desk):
    address = begin(browser)
    asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    assert address.startswith(f"{ISSUER}/authorize?")
    assert (asked["response_type"], asked["code_challenge_method"]) == ("code", "S256")
    assert asked["redirect_uri"] == "http://127.0.0.1:8701/api/v1/openid/done"
    done = come_back(browser, provider.authorize(address))
    assert (done.status_code, done.headers["location"]) == (303, "/")
    session = next(one for one in done.headers.get_list("set-cookie") if one.startswith("commonsky-NOR="))
    assert "samesite=strict" in session.lower()
    told = person(browser)
    assert (told["account"], told["name"], told["roles"]) == ("ada", "Ada L", ["watch officer"])
    assert told["fresh"] is False  # the provider did not say when the person proved it
    assert browser.get("/api/v1/warnings").status_code == 200
    assert desk.store.password_hash("ada") is None


def test_roles_follow_the_claim_at_each_login_and_who_has_none_stays_out(new_browser, provider, desk):
    log_in(new_browser(), provider)
    provider.claims["roles"] = "keys"
    again = new_browser()
    log_in(again, provider)
    assert person(again)["roles"] == ["release authority"]
    assert len(desk.store.accounts()) == 1
    provider.claims["roles"] = ["gardener", 7, None]
    last = new_browser()
    assert "no role here" in refused(last, log_in(last, provider), desk)


def test_a_claim_inside_of_others_is_found(new_browser, provider):
    browser = new_browser(replace(SETTINGS, role_claim="realm_access.roles"))
    provider.claims |= {"roles": None, "realm_access": {"roles": ["watch"]}}
    log_in(browser, provider)
    assert person(browser)["roles"] == ["watch officer"]


def test_a_subject_gets_no_local_account_of_the_same_name(browser, provider, desk):
    hire(desk, "ada", Role.RELEASE_AUTHORITY, Role.ADMINISTRATOR)
    log_in(browser, provider)
    told = person(browser)
    assert told["account"].startswith("oid-")
    assert told["roles"] == ["watch officer"]
    assert desk.store.account("ada").subject is None


def test_a_disabled_account_stays_out_whatever_the_provider_says(new_browser, provider, desk):
    log_in(new_browser(), provider)
    desk.store.set_disabled("ada", disabled=True)
    browser = new_browser()
    assert "disabled" in refused(browser, log_in(browser, provider), desk)


def test_a_fresh_proof_is_one_that_the_provider_dates(browser, provider, clock):
    address = begin(browser, "?again=true")
    assert "prompt=login" in address
    assert "max_age=0" in address
    provider.claims["auth_time"] = provider.now()
    come_back(browser, provider.authorize(address))
    assert person(browser)["fresh"] is True
    clock.on(301.0)
    assert person(browser)["fresh"] is False


def _other_key(provider, claims):
    other = ECKey.generate_key("P-256", {"kid": "one"}, private=True)
    return jwt.encode({"alg": "ES256", "kid": "one"}, claims, other)


FORGERIES = {
    "signed by nobody": lambda provider, claims: provider.unsigned(claims),
    "a public key taken for a secret": lambda provider, claims: provider.confused(claims),
    "a key of somebody else": _other_key,
    "an algorithm that is not of the list": lambda provider, claims: jwt.encode(
        {"alg": "PS256", "kid": "two"}, claims, provider.rsa, algorithms=["PS256"]
    ),
    "a changed body": lambda provider, claims: provider.signed(claims).replace(".", ".A", 1),
    "no token at all": lambda provider, claims: "x",
    "nothing": lambda provider, claims: None,
    "a key that the token brings along": lambda provider, claims: jwt.encode(
        {"alg": "ES256", "jwk": ECKey.generate_key("P-256", private=False).as_dict(private=False)},
        claims,
        ECKey.generate_key("P-256", private=True),
    ),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_no_token_that_the_provider_did_not_sign_is_believed(browser, provider, desk, forgery):
    provider.sign = lambda claims: FORGERIES[forgery](provider, claims)
    said = refused(browser, log_in(browser, provider), desk)
    assert "not believed" in said or "no ID token" in said
    assert desk.store.accounts() == []


WRONG_CLAIMS = [
    {"iss": "https://evil.example"},
    {"iss": f"{ISSUER}/"},
    {"iss": None},
    {"aud": "another-client"},
    {"aud": ["another-client"]},
    {"aud": [CLIENT, "another-client"]},
    {"aud": [CLIENT, "another-client"], "azp": "another-client"},
    {"azp": "another-client"},
    {"aud": None},
    {"exp": 1},
    {"exp": None},
    {"exp": "tomorrow"},
    {"iat": 4_000_000_000},
    {"iat": None},
    {"nbf": 4_000_000_000},
    {"nonce": "another"},
    {"nonce": None},
    {"sub": None},
    {"sub": ""},
    {"sub": 7},
    {"sub": "a\x00b"},
    {"sub": "s" * 256},
    {"sub": "\u0430da"},
]


@pytest.mark.parametrize("wrong", WRONG_CLAIMS, ids=str)
def test_no_token_that_is_not_for_us_now_and_this_login_is_believed(browser, provider, desk, wrong):
    provider.claims |= wrong
    refused(browser, log_in(browser, provider), desk)
    assert desk.store.accounts() == []


def test_a_token_for_several_parties_is_believed_when_it_was_made_for_us(browser, provider):
    provider.claims |= {"aud": [CLIENT, "another-client"], "azp": CLIENT}
    log_in(browser, provider)
    assert person(browser)["account"] == "ada"


def test_an_answer_counts_once_for_the_browser_that_asked_and_in_time(new_browser, provider, desk, clock):
    first, second = new_browser(), new_browser()
    answer = provider.authorize(begin(first))
    assert "nobody began" in refused(second, come_back(second, answer), desk)  # another's browser
    begin(second)
    assert "another state" in refused(second, come_back(second, answer), desk)
    come_back(first, answer)
    assert person(first)["account"] == "ada"
    first.post("/api/v1/session/end")
    assert "nobody began" in refused(first, come_back(first, answer), desk)  # once more
    late = provider.authorize(begin(first))
    clock.on(601.0)
    refused(first, come_back(first, late), desk)


def test_a_token_of_another_login_is_not_believed(new_browser, provider, desk):
    browser = new_browser()
    kept = []
    provider.sign = lambda claims: kept.append(provider.signed(claims)) or kept[-1]
    log_in(browser, provider)
    provider.sign = lambda _: kept[0]
    other = new_browser()
    assert "nonce" in refused(other, log_in(other, provider), desk)


@pytest.mark.parametrize(
    "answer",
    [
        {"error": "access_denied"},
        {"code": ""},
        {"code": "never-given"},
        {"iss": "https://evil.example"},
    ],
    ids=str,
)
def test_an_answer_that_grants_nothing_lets_nobody_in(browser, provider, desk, answer):
    refused(browser, come_back(browser, provider.authorize(begin(browser)) | answer), desk)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("issuer", "https://evil.example"),
        ("issuer", None),
        ("token_endpoint", "http://id.example/token"),
        ("jwks_uri", "file:///etc/passwd"),
        ("authorization_endpoint", "javascript:alert(1)"),
        ("token_endpoint", 7),
    ],
)
def test_a_provider_whose_document_leads_elsewhere_is_not_followed(browser, provider, desk, name, value):
    provider.document[name] = value
    first = browser.get("/api/v1/openid/begin")
    if first.headers["location"] != "/#openid-refused":
        refused(browser, come_back(browser, provider.authorize(first.headers["location"])), desk)


def test_a_secret_goes_to_the_token_endpoint_alone(new_browser, provider):
    browser = new_browser(secret="quite secret")
    log_in(browser, provider)
    carried = [request.url.path for request in provider.asked if "authorization" in request.headers]
    assert carried == ["/token"]
    assert person(browser)["account"] == "ada"


def test_a_hostile_name_does_no_harm(browser, provider, desk):
    provider.claims |= {
        "preferred_username": "'; DROP TABLE accounts; --",
        "name": "\u202eAda\nL" + "x" * 200,
    }
    log_in(browser, provider)
    told = person(browser)
    assert told["account"].startswith("oid-")
    assert told["name"].isprintable()
    assert len(told["name"]) <= 80
    assert "fresh" in told


@pytest.mark.parametrize(
    "wrong",
    [
        {"issuer": "http://id.example"},
        {"algorithms": frozenset({"HS256"})},
        {"algorithms": frozenset({"none"})},
        {"algorithms": frozenset()},
        {"scope": "profile"},
    ],
    ids=str,
)
def test_a_configuration_that_would_believe_anybody_is_refused(wrong):
    with pytest.raises(ValueError, match=r"people\.openid: "):
        OpenIdSettings(**{"issuer": ISSUER, "client_id": CLIENT} | wrong)
