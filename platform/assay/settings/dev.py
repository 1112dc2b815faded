"""The embedded default: SQLite, a file broker, one machine. `make serve` and `make demo` use it."""

import secrets

from assay.settings import env
from assay.settings.base import *  # noqa: F403
from assay.settings.base import EMAIL_HOST, VAR_DIR

DEBUG = env.flag("ASSAY_DEBUG", False)
ALLOWED_HOSTS = env.listing("ASSAY_ALLOWED_HOSTS", ["127.0.0.1", "localhost", "[::1]", "testserver"])
# Style sheets and scripts straight from the checkout: nobody has to collect them before the first page.
WHITENOISE_USE_FINDERS = True
if not EMAIL_HOST:
    # Letters are printed by the process that would send them.
    EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"


def _own_secret() -> str:
    """A key of this installation's own, made once and readable by its owner only."""
    path = VAR_DIR / "secret-key"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(50))
    return path.read_text()


SECRET_KEY = env.text("ASSAY_SECRET_KEY", "") or _own_secret()
