"""What people hold in their hands: an authenticator app (another's implementation of RFC 6238) and a security key."""

import hashlib
import json
import secrets
import struct
import time
from typing import Any

import pyotp
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from django.contrib.auth import get_user_model
from fido2 import cbor
from fido2.utils import websafe_decode, websafe_encode

from governance.foundation.core.actor import Actor

STEP = 30


class App:
    """An app that is set up for `actor` already, and has shown no code yet."""

    def __init__(self, actor: Actor) -> None:
        self.secret = pyotp.random_base32()
        user = get_user_model().objects.get(pk=actor.user_id)
        self.factor: Authenticator = TOTP.activate(user, self.secret).instance
        self._shown = 0

    def code(self) -> str:
        """A code that was not shown before; the third within half a minute would come from too far ahead."""
        self._shown = max(self._shown + 1, int(time.time()) // STEP)
        return pyotp.TOTP(self.secret).at(self._shown * STEP)


class Key:
    """A security key with one credential for `testserver`, by the letter of WebAuthn level 2, sections 6.1 and 6.5."""

    def __init__(self, origin: str = "https://testserver") -> None:
        self.origin, self.host = origin, origin.partition("//")[2].partition(":")[0]
        self.private = ec.generate_private_key(ec.SECP256R1())
        self.credential_id = secrets.token_bytes(16)
        self.count = 0

    def create(self, options: dict[str, Any]) -> str:
        """The answer to `navigator.credentials.create`."""
        numbers = self.private.public_key().public_numbers()
        cose = {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}
        attested = bytes(16) + struct.pack(">H", len(self.credential_id)) + self.credential_id + cbor.encode(cose)
        attestation = cbor.encode({"fmt": "none", "attStmt": {}, "authData": self._data(0x41) + attested})
        said = {
            "clientDataJSON": websafe_encode(self._client("webauthn.create", options)),
            "attestationObject": websafe_encode(attestation),
        }
        return self._answer(said)

    def get(self, options: dict[str, Any]) -> str:
        """The answer to `navigator.credentials.get`."""
        self.count += 1
        data, client = self._data(0x01), self._client("webauthn.get", options)
        signature = self.private.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(SHA256()))
        said = {"clientDataJSON": client, "authenticatorData": data, "signature": signature}
        return self._answer({name: websafe_encode(value) for name, value in said.items()})

    def _answer(self, said: dict[str, str]) -> str:
        own = websafe_encode(self.credential_id)
        answer = {"id": own, "rawId": own, "type": "public-key", "response": said, "clientExtensionResults": {}}
        return json.dumps(answer)

    def _data(self, flags: int) -> bytes:
        return hashlib.sha256(self.host.encode()).digest() + bytes([flags]) + struct.pack(">I", self.count)

    def _client(self, act: str, options: dict[str, Any]) -> bytes:
        challenge = websafe_encode(websafe_decode(options["publicKey"]["challenge"]))
        return json.dumps({"type": act, "challenge": challenge, "origin": self.origin}).encode()
