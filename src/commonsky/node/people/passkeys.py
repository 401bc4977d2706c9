"""Passkeys (WebAuthn): the second factor. Each step has a challenge of its own that can be answered once.

A passkey is bound to the name of the site by the browser. An address such as 127.0.0.1 is no name: on this machine
passkeys work at http://localhost alone.
"""

import json
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import webauthn
from msgspec import Struct
from webauthn.helpers.cose import COSEAlgorithmIdentifier
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from commonsky.domain.address import is_address
from commonsky.domain.printable import printable
from commonsky.node.people.desk import Desk, digest_of
from commonsky.node.people.person import Person, Refused
from commonsky.store import Account, Ceremony, Passkey

STEP_S = 300.0
LONGEST_LABEL = 40
MOST_PASSKEYS = 10
ALGORITHMS = [
    COSEAlgorithmIdentifier.EDDSA,
    COSEAlgorithmIdentifier.ECDSA_SHA_256,
    COSEAlgorithmIdentifier.RSASSA_PKCS1_v1_5_SHA_256,
]
NO_PROOF = "the passkey does not prove it"
ADD, LOG_IN, PROVE = "add passkey", "log in", "prove"


class PasskeyError(Exception):
    """A passkey cannot be added, or proves nothing; the message says what a person should know."""


class Step(Struct, frozen=True, kw_only=True):
    """What a browser is asked: ``options`` for its authenticator, and the token that its answer comes with."""

    token: str
    options: Any


class Site(NamedTuple):
    """Where a browser sees us: ``https://console.example`` and its name alone."""

    origin: str
    name: str


def site_of(origin: str) -> Site:
    """Give the site of an origin; raises PasskeyError for an address, at which browsers know no passkeys."""
    parts = urlsplit(origin)
    name = parts.hostname or ""
    if is_address(name):
        port = f":{parts.port}" if parts.port else ""
        raise PasskeyError(f"passkeys need a name: open http://localhost{port} instead of {parts.netloc}")
    return Site(origin, name)


def begin_adding(desk: Desk, person: Person, site: Site) -> Step:
    """Ask for a new passkey; raises Refused unless the person has just proved who it is."""
    account = _own_account(desk, person)
    if not person.is_fresh(desk.settings, desk.now_tai_s()):
        raise Refused("a new passkey needs your password or a passkey anew")
    held = desk.store.passkeys_of(account.name)
    if len(held) >= MOST_PASSKEYS:
        raise PasskeyError(f"an account has at most {MOST_PASSKEYS} passkeys")
    challenge = desk.chance(32)
    options = webauthn.generate_registration_options(
        rp_id=site.name,
        rp_name=f"commonsky {desk.node.id}",
        user_id=account.handle,
        user_name=account.name,
        user_display_name=account.person,
        challenge=challenge,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.DISCOURAGED,
            user_verification=UserVerificationRequirement.PREFERRED,
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=one.id) for one in held],
        supported_pub_key_algs=ALGORITHMS,
    )
    return _begun(desk, ADD, account.name, challenge, webauthn.options_to_json(options))


def finish_adding(desk: Desk, person: Person, site: Site, token: str, credential: Any, label: str) -> Passkey:  # noqa: ANN401, PLR0913  # JSON
    """Keep a new passkey; all other sessions of the account should end with it. Raises PasskeyError."""
    account = _own_account(desk, person)
    challenge = _challenge(desk, ADD, token, account.name)
    try:
        made = webauthn.verify_registration_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=site.name,
            expected_origin=site.origin,
            supported_pub_key_algs=ALGORITHMS,
        )
    except Exception as fault:  # whatever is wrong with it, it is no passkey
        desk.say(f"a passkey for {account.name} was refused: {printable(str(fault), 200)}")
        raise PasskeyError("this is no passkey for this site") from fault
    passkey = Passkey(
        id=made.credential_id,
        account=account.name,
        label=printable(label.strip(), LONGEST_LABEL) or "passkey",
        public_key=made.credential_public_key,
        sign_count=made.sign_count,
        added_tai_s=desk.now_tai_s(),
    )
    if not desk.store.add_passkey(passkey):
        raise PasskeyError("this passkey is known already")
    desk.say(f"account {account.name} has a new passkey: {passkey.label}")
    return passkey


def begin_proof(desk: Desk, kind: str, account: str, site: Site) -> Step:
    """Ask for a proof by one of the account's passkeys."""
    challenge = desk.chance(32)
    held = desk.store.passkeys_of(account)
    options = webauthn.generate_authentication_options(
        rp_id=site.name,
        challenge=challenge,
        allow_credentials=[PublicKeyCredentialDescriptor(id=one.id) for one in held],
        user_verification=UserVerificationRequirement.PREFERRED,
    )
    return _begun(desk, kind, account, challenge, webauthn.options_to_json(options))


def finish_proof(desk: Desk, kind: str, site: Site, token: str, credential: Any) -> Account:  # noqa: ANN401  # JSON
    """Give the account that a passkey has proved; raises PasskeyError, also for a counter that went back."""
    ceremony = desk.store.take_ceremony(digest_of(token), kind, desk.now_tai_s())
    account = None if ceremony is None else desk.store.account(str(ceremony.account))
    if ceremony is None or account is None or account.disabled:
        raise PasskeyError("this took too long, or was answered already: begin again")
    try:
        passkey = _named(desk, account, credential)
        proved = webauthn.verify_authentication_response(
            credential=credential,
            expected_challenge=bytes.fromhex(ceremony.data),
            expected_rp_id=site.name,
            expected_origin=site.origin,
            credential_public_key=passkey.public_key,
            credential_current_sign_count=passkey.sign_count,
        )
    except Exception as fault:  # whatever is wrong with it, it proves nothing
        desk.say(f"a passkey did not prove that somebody is {account.name}: {printable(str(fault), 200)}")
        raise PasskeyError(NO_PROOF) from fault
    if not desk.store.note_passkey_use(passkey, proved.new_sign_count, at_tai_s=desk.now_tai_s()):
        raise PasskeyError(NO_PROOF)  # used at the same time by somebody else
    return account


def _own_account(desk: Desk, person: Person) -> Account:
    account = desk.store.account(person.account or "")
    if account is None:
        raise Refused("passkeys are for people with accounts")
    return account


def _begun(desk: Desk, kind: str, account: str, challenge: bytes, options: str) -> Step:
    token = desk.new_token()
    ends_tai_s = desk.now_tai_s() + STEP_S
    ceremony = Ceremony(kind=kind, account=account, data=challenge.hex(), ends_tai_s=ends_tai_s)
    desk.store.begin_ceremony(digest_of(token), ceremony)
    return Step(token=token, options=json.loads(options))


def _challenge(desk: Desk, kind: str, token: str, account: str) -> bytes:
    ceremony = desk.store.take_ceremony(digest_of(token), kind, desk.now_tai_s())
    if ceremony is None or ceremony.account != account:
        raise PasskeyError("this took too long, or was answered already: begin again")
    return bytes.fromhex(ceremony.data)


def _named(desk: Desk, account: Account, credential: Any) -> Passkey:  # noqa: ANN401  # JSON of anybody
    """Give the account's own passkey that a browser's answer names."""
    wanted = webauthn.base64url_to_bytes(str(credential["rawId"]))
    for passkey in desk.store.passkeys_of(account.name):
        if passkey.id == wanted:
            return passkey
    raise PasskeyError("no passkey of this account")
