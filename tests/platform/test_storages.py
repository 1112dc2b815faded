"""Blobs in a bucket, over HTTP against a server of the S3 interface: the same as in a folder."""

import hashlib
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.files.storage import storages as configured
from moto.server import ThreadedMotoServer

from assay.settings import storages
from governance.foundation.core import blobs
from governance.materials.datasets import selectors, services
from tests import factories
from tests.people import House


@pytest.fixture
def bucket(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The default storage in a bucket; gives a client that looks into it by itself."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    client = boto3.client("s3", endpoint_url=endpoint, region_name="eu-central-1")
    where = {"LocationConstraint": "eu-central-1"}
    client.create_bucket(Bucket="assay-blobs", CreateBucketConfiguration=where)
    address = f"s3://assay-blobs/one/house?endpoint={endpoint}&region=eu-central-1"
    settings.STORAGES = {**settings.STORAGES, "default": storages.blobs(address, Path("unused"))}
    yield client
    for name in names(client):
        client.delete_object(Bucket="assay-blobs", Key=name)
    client.delete_bucket(Bucket="assay-blobs")
    server.stop()
    configured._storages.pop("default", None)


def names(client: Any) -> list[str]:
    return [one["Key"] for one in client.list_objects_v2(Bucket="assay-blobs").get("Contents", [])]


def test_a_blob_lies_in_the_bucket_under_its_digest(bucket: Any) -> None:
    data = b"rows\n" * 1000
    sha256, size = blobs.put_bytes(data)
    assert (sha256, size) == (hashlib.sha256(data).hexdigest(), len(data))
    assert names(bucket) == [f"one/house/{sha256[:2]}/{sha256[2:4]}/{sha256}"]
    blobs.put(io.BytesIO(data))
    assert len(names(bucket)) == 1
    assert blobs.exists(sha256)
    with blobs.opened(sha256) as kept:
        assert kept.read() == data
    with blobs.as_local_file(sha256, "copy.txt") as copy:
        assert copy.read_bytes() == data
    blobs.remove(sha256)
    assert not blobs.exists(sha256)
    assert names(bucket) == []


def test_data_is_registered_and_read_from_a_bucket(home: House, bucket: Any, tmp_path: Path) -> None:
    line = services.create(actor=home.ada, project_id=home.project.pk, name="Support desk")
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps({"prompt": f"Q{n}", "completion": f"A{n}"}) + "\n" for n in range(9)))
    version = services.register_version(
        actor=home.ada, dataset_id=line.pk, path=path, file_name=path.name, licence="MIT",
        provenance=factories.PROVENANCE,
    )  # fmt: skip
    assert len(names(bucket)) == 2  # the file, and what is kept of its rows
    assert [row.messages[1].content for row in selectors.rows_for(home.ben, version, 2, 7)] == ["A7", "A8"]


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("gs://bucket", "no address of a bucket"),
        ("s3://", "no address of a bucket"),
        ("s3://key:secret@bucket/x", "no address of a bucket"),
        ("s3://bucket?regoin=eu", "no option 'regoin'"),
    ],
)
def test_a_wrong_address_is_named_with_an_example(address: str, says: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=says):
        storages.blobs(address, Path("unused"))


def test_without_an_address_blobs_lie_in_the_folder() -> None:
    assert storages.blobs("", Path("/here"))["OPTIONS"] == {"location": Path("/here")}
