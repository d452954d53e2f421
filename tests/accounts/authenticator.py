"""A device that makes passkeys and signs with them, as far as the desk can tell: real keys, real signatures.

Each thing a test wants to go wrong is an argument: the origin, the flags, the count.
"""

import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from tests.factories import PASSWORD

ORIGIN = "http://localhost"
PRESENT, VERIFIED, CAN_BE_COPIED, IS_COPIED, HAS_KEY = 0x01, 0x04, 0x08, 0x10, 0x40


def encoded(data):
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def decoded(text):
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Device:
    """One with a counter of its own, or with `counts=False` one whose passkeys are copied to others."""

    def __init__(self, *, counts=True):
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.credential_id, self.handle = secrets.token_bytes(32), None
        self.counts, self.count = counts, 0

    def make(self, options, *, origin=ORIGIN, host="localhost", flags=PRESENT | VERIFIED):
        """What the browser answers to `navigator.credentials.create`, as JSON."""
        self.handle = decoded(options["user"]["id"])
        numbers = self.key.public_key().public_numbers()
        public = {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32), -3: numbers.y.to_bytes(32)}
        about_key = bytes(16) + len(self.credential_id).to_bytes(2) + self.credential_id + cbor2.dumps(public)
        data = self._says(host, flags | HAS_KEY) + about_key
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        client = client_data("webauthn.create", options["challenge"], origin)
        return self._answer(
            clientDataJSON=encoded(client), attestationObject=encoded(attestation), transports=["internal"]
        )

    def sign(self, options, *, origin=ORIGIN, host="localhost", flags=PRESENT | VERIFIED, **changed):
        """What it answers to `navigator.credentials.get`; `changed` are parts of the answer."""
        data = self._says(host, flags)
        client = client_data("webauthn.get", options["challenge"], origin)
        signature = self.key.sign(data + sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        parts = {
            "clientDataJSON": encoded(client),
            "authenticatorData": encoded(data),
            "signature": encoded(signature),
            "userHandle": encoded(self.handle) if self.handle else None,
        }
        return self._answer(**parts | changed)

    def _says(self, host, flags):
        self.count += self.counts
        if not self.counts:
            flags |= CAN_BE_COPIED | IS_COPIED
        return sha256(host.encode()).digest() + bytes([flags]) + self.count.to_bytes(4)

    def _answer(self, **response):
        name = encoded(self.credential_id)
        answer = {"id": name, "rawId": name, "type": "public-key", "response": response}
        return json.dumps(answer | {"clientExtensionResults": {}})


def client_data(kind, challenge, origin):
    return json.dumps({"type": kind, "challenge": challenge, "origin": origin, "crossOrigin": False}).encode()


def wanted_new(client, *, name="Laptop", password=PASSWORD):
    """What the page asks the browser to make, or the answer that refuses."""
    typed = {"name": name, "current_password": password}
    return client.post("/account/passkeys/challenge", data=typed)


def send_new(client, credential, *, name="Laptop"):
    typed = {"name": name, "current_password": PASSWORD, "credential": credential}
    return client.post("/account/passkeys", data=typed)


def with_passkey(client, *, name="Laptop", counts=True):
    """Add one as the person who is logged in there; the device that holds it."""
    device = Device(counts=counts)
    answer = send_new(client, device.make(wanted_new(client, name=name).json), name=name)
    assert answer.status_code in {200, 303}, answer.text
    return device


def wanted_of(client, path="/login/challenge"):
    answer = client.post(path)
    assert answer.status_code == 200, answer.text
    return answer.json


def enter_with(client, device, **wrong):
    return client.post("/login", data={"credential": device.sign(wanted_of(client), **wrong)})
