"""Where blobs lie: a folder, or a bucket of an S3 service."""

from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from django.core.exceptions import ImproperlyConfigured

OPTIONS = {"endpoint": "endpoint_url", "region": "region_name", "addressing": "addressing_style"}
EXAMPLE = "s3://bucket/prefix?endpoint=https://s3.example.org&region=eu-central-1"


def blobs(address: str, folder: Path) -> dict[str, Any]:
    """Django's settings of the storage at `address` (ASSAY_BLOBS); an empty one is `folder`.

    Keys of access are never part of it: boto3 reads them from where it always does (AWS_ACCESS_KEY_ID, a profile, the
    machine's role). Raises ImproperlyConfigured naming what is wrong.
    """
    if not address:
        return {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": folder}}
    parts = urlsplit(address)
    asked = dict(parse_qsl(parts.query))
    if parts.scheme != "s3" or not parts.hostname or parts.username or parts.password:
        raise ImproperlyConfigured(f"ASSAY_BLOBS is no address of a bucket; write it as {EXAMPLE}.")
    if unknown := sorted(set(asked) - set(OPTIONS)):
        known = ", ".join(OPTIONS)
        raise ImproperlyConfigured(f"ASSAY_BLOBS has no option {unknown[0]!r}; its options are {known}.")
    return {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": parts.netloc,
            "location": parts.path.strip("/"),
            "default_acl": None,
            "querystring_auth": True,
            **{OPTIONS[name]: value for name, value in asked.items()},
        },
    }
