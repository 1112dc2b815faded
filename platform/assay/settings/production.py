"""Production: every secret comes from the environment, cookies only over https."""

from assay.settings import env
from assay.settings.base import *  # noqa: F403
from assay.settings.base import STORAGES

DEBUG = False
SECRET_KEY = env.text("ASSAY_SECRET_KEY")
SECRET_KEY_FALLBACKS = env.listing("ASSAY_SECRET_KEY_FALLBACKS", [])
ALLOWED_HOSTS = env.listing("ASSAY_ALLOWED_HOSTS", [])
CSRF_TRUSTED_ORIGINS = env.listing("ASSAY_TRUSTED_ORIGINS", [])
SECURE_SSL_REDIRECT = env.flag("ASSAY_SSL_REDIRECT", True)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env.flag("ASSAY_BEHIND_PROXY", False) else None
SECURE_HSTS_SECONDS = env.number("ASSAY_HSTS_SECONDS", 31_536_000)
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
STORAGES = {**STORAGES, "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"}}
