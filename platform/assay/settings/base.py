"""What holds everywhere. The environment decides the rest, read through `env`."""

from datetime import timedelta
from pathlib import Path

import dj_database_url
from csp.constants import NONCE, NONE, SELF
from django.utils.translation import gettext_lazy as _

from assay.settings import env, storages
from assay.settings.frontend import FRONTEND_STATICFILES

BASE_DIR = Path(__file__).resolve().parents[3]
IN_CHECKOUT = (BASE_DIR / "manage.py").is_file()

# Everything that is written while the platform runs: database, broker, uploads, run folders.
VAR_DIR = env.folder("ASSAY_VAR_DIR", BASE_DIR / "var" if IN_CHECKOUT else Path.home() / ".assay")
DATA_DIR = env.folder("ASSAY_DATA_DIR", VAR_DIR / "data")

INSTALLED_APPS = [
    "assay.accounts",
    "assay.web",
    "assay.api",
    "assay.jobs",
    "assay",
    "governance.foundation.audit",
    "governance.foundation.refusals",
    "governance.foundation.jobs",
    "governance.law.regulation",
    "governance.law.licences",
    "governance.people.organisations",
    "governance.people.projects",
    "governance.people.policies",
    "governance.people.approvals",
    "governance.people.waivers",
    "governance.people.engagements",
    "governance.people.access_reviews",
    "governance.people.notifications",
    "governance.materials.licence_texts",
    "governance.materials.base_models",
    "governance.materials.datasets",
    "governance.materials.scans",
    "governance.materials.redactions",
    "governance.materials.syntheses",
    "governance.materials.annotations",
    "governance.work.evaluation_plans",
    "governance.work.runs",
    "governance.work.model_versions",
    "governance.work.evaluations",
    "governance.work.envelopes",
    "governance.oversight.retention",
    "governance.documents.renderings",
    "governance.documents.model_cards",
    "governance.documents.dossiers",
    "governance.delivery.releases",
    "governance.delivery.deployments",
    "governance.delivery.evidence",
    "governance.delivery.lineage",
    "governance.delivery.searches",
    "governance.delivery.erasures",
    "governance.delivery.disposals",
    "rest_framework",
    "knox",
    "allauth.account",  # for what allauth.mfa imports of it; its tables stay empty
    "allauth.mfa",
    "drf_spectacular",
    "django_htmx",
    "csp",
    "axes",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "assay.static_files.PinnedStaticFiles",
    "django.contrib.humanize",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",  # tells allauth.mfa the host that security keys belong to
    "assay.accounts.middleware.SecondFactorMiddleware",
    "assay.web.middleware.ActorMiddleware",
    "assay.web.record_keeping.RecordKeepingMiddleware",
    "assay.web.middleware.SpokenErrorsMiddleware",
    "assay.web.middleware.LooksMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "assay.urls"
WSGI_APPLICATION = "assay.wsgi.application"
ASGI_APPLICATION = "assay.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"] if IN_CHECKOUT else [],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.template.context_processors.tz",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "assay.web.shell.shell",
            ],
            "builtins": ["assay.web.templatetags.assay", "django.templatetags.i18n"],
        },
    }
]

# The embedded default is one SQLite file. IMMEDIATE takes the write lock when a transaction begins, so
# a service never discovers half-way that somebody else writes; WAL lets pages read meanwhile.
SQLITE_OPTIONS = {
    "transaction_mode": "IMMEDIATE",
    "timeout": 30,
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; "
    # A row that INSERT OR REPLACE would push out is a deleted one, for the trail's triggers too.
    "PRAGMA recursive_triggers=ON; "
    # What is deleted is overwritten: what a search was for, the salt of a pseudonym, an erased row.
    "PRAGMA secure_delete=ON;",
}
DATABASES = {
    "default": dj_database_url.parse(
        env.text("DATABASE_URL", f"sqlite:///{VAR_DIR / 'assay.sqlite3'}"), conn_max_age=60, conn_health_checks=True
    )
}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["OPTIONS"] = SQLITE_OPTIONS
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
CSRF_FAILURE_VIEW = "assay.failures.csrf"
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "sign-in"
# Five wrong passwords for one name from one address close that door for a quarter of an hour.
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_LOCKOUT_TEMPLATE = "accounts/locked.html"
AXES_RESET_ON_SUCCESS = True
AXES_VERBOSE = False
# Second factors are kept by allauth.mfa; its pages, forms and mails are not used.
MFA_ADAPTER = "assay.accounts.adapter.FactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_RECOVERY_CODES_SHOW_ONCE = True
# Whether nobody gets further than setting one up without a second factor. For signatures a policy can demand it.
ASSAY_SECOND_FACTOR = env.flag("ASSAY_SECOND_FACTOR", False)

SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

# Nothing from outside, nothing inline: a page shows only what this server sends.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "manifest-src": [SELF],
    }
}

LANGUAGE_CODE = "en-gb"
LANGUAGES = [("en-gb", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = env.text("ASSAY_TIME_ZONE", "UTC")
USE_I18N = True
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = FRONTEND_STATICFILES
STORAGES = {
    "default": storages.blobs(env.text("ASSAY_BLOBS", ""), DATA_DIR / "blobs"),
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
MEDIA_ROOT = DATA_DIR / "blobs"
# Uploads go to a temporary file, never into memory; the size cap is checked before anything is read.
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.TemporaryFileUploadHandler"]
ASSAY_UPLOAD_LIMIT = env.number("ASSAY_UPLOAD_LIMIT", 2 * 1024**3)
# Whether rows may be fetched from a Hugging Face hub; else only files are taken.
ASSAY_ALLOW_HUB = env.flag("ASSAY_ALLOW_HUB", False)
# Where an operator puts base-model folders that may be registered; nothing outside it is ever read.
ASSAY_MODELS_DIR = env.folder("ASSAY_MODELS_DIR", VAR_DIR / "models")
# The folder of a spaCy model that finds names and places in data; empty: they are not looked for, and that is said.
ASSAY_NAMES_MODEL = env.text("ASSAY_NAMES_MODEL", "")

MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "knox.auth.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": [
        "rest_framework.parsers.JSONParser",
        "rest_framework.parsers.MultiPartParser",
    ],
    "DEFAULT_PAGINATION_CLASS": "assay.api.pages.CursorPages",
    "DEFAULT_SCHEMA_CLASS": "assay.api.schema.Schema",
    "EXCEPTION_HANDLER": "assay.api.errors.problem",
    "PAGE_SIZE": 50,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
REST_KNOX = {
    "TOKEN_TTL": timedelta(days=env.number("ASSAY_TOKEN_DAYS", 30)),
    "AUTH_HEADER_PREFIX": "Token",
    "SECURE_HASH_ALGORITHM": "hashlib.sha512",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Assay",
    "DESCRIPTION": "Governed fine-tuning: records, approvals, runs, evaluations, dossiers.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "COMPONENT_SPLIT_REQUEST": True,
    "SCHEMA_PATH_PREFIX": "/api/v1/",
    "POSTPROCESSING_HOOKS": [],  # states and roles stand where they are used, each with its own values
}

# The broker is a hint, the database is the truth: losing a message loses no job.
BROKER_URL = env.text("BROKER_URL", "filesystem://")
BROKER_DIR = VAR_DIR / "broker"
# Shared by all web processes, as what it counts must be: how often somebody showed a password to the API. It lies
# where the messages to workers do; what is in it may be lost at any time.
if BROKER_URL.startswith(("redis://", "rediss://")):
    CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": BROKER_URL,
            "KEY_PREFIX": "assay",
            "OPTIONS": {"socket_connect_timeout": 3, "socket_timeout": 3},
        }
    }
else:
    CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
            "LOCATION": str(VAR_DIR / "cache"),
        }
    }
# The key that signs the audit trail's heads lies outside the database, and so does the file of what was signed.
ASSAY_TRAIL_KEY = env.folder("ASSAY_TRAIL_KEY", VAR_DIR / "trail" / "key.pem")
ASSAY_TRAIL_HEADS = env.folder("ASSAY_TRAIL_HEADS", VAR_DIR / "trail" / "heads.jsonl")
ASSAY_TRAIL_NAME = env.text("ASSAY_TRAIL_NAME", "")  # in every head; empty: a name that the first key gives
ASSAY_HEAD_MINUTES = env.number("ASSAY_HEAD_MINUTES", 10)
ASSAY_VERIFY_HOURS = env.number("ASSAY_VERIFY_HOURS", 24)
# Who says when a head was signed (RFC 3161); nobody is asked unless the operator names an authority, and the
# certificates (PEM) that its answers must lead to.
ASSAY_TIMESTAMP_URL = env.web_address("ASSAY_TIMESTAMP_URL")
ASSAY_TIMESTAMP_CERTIFICATES = env.text("ASSAY_TIMESTAMP_CERTIFICATES", "")
# Where people find this installation: what the links in letters and calendars begin with.
ASSAY_URL = env.text("ASSAY_URL", "http://127.0.0.1:8000").rstrip("/")
# Letters go out by this mail server; without one none are written, and the pages say so.
EMAIL_HOST = env.text("ASSAY_MAIL_HOST", "")
EMAIL_PORT = env.number("ASSAY_MAIL_PORT", 587)
EMAIL_HOST_USER = env.text("ASSAY_MAIL_USER", "")
EMAIL_HOST_PASSWORD = env.text("ASSAY_MAIL_PASSWORD", "")
EMAIL_USE_TLS, EMAIL_USE_SSL = env.mail_security("ASSAY_MAIL_SECURITY")
EMAIL_TIMEOUT = 10
EMAIL_BACKEND = f"django.core.mail.backends.{'smtp' if EMAIL_HOST else 'dummy'}.EmailBackend"
DEFAULT_FROM_EMAIL = env.text("ASSAY_MAIL_FROM", "assay@localhost")
ASSAY_LEASE_SECONDS = env.number("ASSAY_LEASE_SECONDS", 60)
# A dossier takes a quarter of a minute on an idle machine; beside a training it may have to wait for its turn.
ASSAY_RENDER_SECONDS = env.number("ASSAY_RENDER_SECONDS", 1800)
# From the wish to cancel to the kill: time for the trainer to write its checkpoint.
ASSAY_GRACE_SECONDS = env.number("ASSAY_GRACE_SECONDS", 30)
# How long the rows that a search found are named; that somebody searched stays on record.
ASSAY_SEARCH_DAYS = env.number("ASSAY_SEARCH_DAYS", 14)
ASSAY_JOB_THREADS = env.number("ASSAY_JOB_THREADS", 0)  # 0: as many as there are cores

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.text("ASSAY_LOG_LEVEL", "INFO")},
    "loggers": {"axes": {"level": "WARNING"}},
}
