"""Typed reads of the environment: one error that names the variable and what it should look like."""

import os
from pathlib import Path
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured


def text(name: str, default: str | None = None) -> str:
    value = os.environ.get(name, default)
    if value is None:
        raise ImproperlyConfigured(f"Set the environment variable {name}.")
    return value


def flag(name: str, default: bool) -> bool:
    value = os.environ.get(name)
    if value is None or value == "":
        return default
    if value.lower() in {"1", "true", "yes", "on"}:
        return True
    if value.lower() in {"0", "false", "no", "off"}:
        return False
    raise ImproperlyConfigured(f"{name}={value!r} is neither true nor false; use 1 or 0.")


def number(name: str, default: int) -> int:
    value = os.environ.get(name)
    if value is None or value == "":
        return default
    try:
        return int(value)
    except ValueError:
        raise ImproperlyConfigured(f"{name}={value!r} is not a whole number.") from None


def folder(name: str, default: Path) -> Path:
    return Path(os.environ.get(name) or default).resolve()


def web_address(name: str) -> str:
    """An address that begins with http:// or https://; "" where it is not set."""
    value = os.environ.get(name, "")
    parts = urlsplit(value)
    if value and (parts.scheme not in {"http", "https"} or not parts.hostname):
        raise ImproperlyConfigured(f"{name}={value!r} is no address that begins with http:// or https://.")
    return value


def listing(name: str, default: list[str]) -> list[str]:
    """A comma-separated list."""
    value = os.environ.get(name)
    return default if not value else [part.strip() for part in value.split(",") if part.strip()]


def mail_security(name: str) -> tuple[bool, bool]:
    """Whether a mail connection turns to TLS once it is open (`starttls`), and whether it begins with it (`tls`)."""
    value = os.environ.get(name) or "starttls"
    if value not in {"starttls", "tls", "none"}:
        raise ImproperlyConfigured(f"{name}={value!r} is none of starttls, tls, none.")
    return value == "starttls", value == "tls"
