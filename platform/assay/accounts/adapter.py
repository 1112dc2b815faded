"""What allauth.mfa asks us: how a secret is kept, and what an authenticator app calls this house."""

import base64

from allauth.mfa.adapter import DefaultMFAAdapter
from cryptography.fernet import Fernet, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.utils.encoding import force_bytes


class FactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]  # allauth brings no types
    """Secrets of factors are encrypted; the key comes from SECRET_KEY, so a copy of the database alone opens none."""

    def get_totp_label(self, user: AbstractBaseUser) -> str:
        return user.get_username()

    def get_totp_issuer(self) -> str:
        return "Assay"

    def encrypt(self, text: str) -> str:
        return _keys().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return _keys().decrypt(encrypted_text.encode()).decode()


def _keys() -> MultiFernet:
    """The key in force first, then those before it, which still open what they closed."""
    return MultiFernet([Fernet(_derived(key)) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)])


def _derived(key: str | bytes) -> bytes:
    raw = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"assay second factors").derive(force_bytes(key))
    return base64.urlsafe_b64encode(raw)
