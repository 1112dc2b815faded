"""A hub on localhost for tests: it answers over HTTP what the libraries of a Hugging Face hub ask for."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import unquote, urlsplit

COMMIT = "0123456789abcdef0123456789abcdef01234567"
SET = "ada/tickets"


class Hub(ThreadingHTTPServer):
    """One set with these files, as of one commit. `asked` is every path that was asked for."""

    def __init__(self, files: dict[str, bytes]) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.files, self.asked = files, list[str]()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


@contextmanager
def hub(files: dict[str, bytes]) -> Iterator[Hub]:
    with Hub(files) as serving:
        Thread(target=serving.serve_forever, daemon=True).start()
        yield serving
        serving.shutdown()


def card(licence: str) -> bytes:
    return f"---\nlicense: {licence}\n---\n# Tickets\n".encode()


def jsonl(rows: list[dict[str, Any]]) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


class _Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Hub

    def log_message(self, *_: Any) -> None:
        """Says nothing."""

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        self.server.asked.append(path)
        about, resolved = f"/api/datasets/{SET}", f"/datasets/{SET}/resolve/"
        if path.startswith(f"{about}/revision/"):
            if path.rpartition("/")[2] in ("main", COMMIT):
                return self._said(200, self._info())
            return self._said(404, {"error": "Invalid rev id"}, {"X-Error-Code": "RevisionNotFound"})
        if path.startswith(f"{about}/tree/{COMMIT}"):
            return self._folder(path.removeprefix(f"{about}/tree/{COMMIT}").strip("/"))
        if path.startswith(resolved):
            return self._file(path.removeprefix(resolved).partition("/")[2])
        return self._said(404, {"error": "Repository not found"}, {"X-Error-Code": "RepoNotFound"})

    do_HEAD = do_GET

    def _info(self) -> dict[str, Any]:
        licence = self.server.files["README.md"].decode().partition("license: ")[2].partition("\n")[0]
        return {
            "_id": "1", "id": SET, "sha": COMMIT, "private": False, "gated": False, "disabled": False, "downloads": 0,
            "likes": 0, "tags": [f"license:{licence}"], "cardData": {"license": licence},
            "siblings": [{"rfilename": name} for name in self.server.files],
        }  # fmt: skip

    def _folder(self, folder: str) -> None:
        inside = {name: data for name, data in self.server.files.items() if name.rpartition("/")[0] == folder}
        found = [{"type": "file", "path": name, "size": len(data), "oid": _oid(data)} for name, data in inside.items()]
        folders = {name.partition("/")[0] for name in self.server.files if "/" in name} if not folder else set[str]()
        found += [{"type": "directory", "path": name, "size": 0, "oid": _oid(name.encode())} for name in folders]
        if not found:
            return self._said(404, {}, {"X-Error-Code": "EntryNotFound"})
        return self._said(200, found)

    def _file(self, name: str) -> None:
        data = self.server.files.get(name)
        if data is None:
            return self._said(404, {}, {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": COMMIT})
        told = {"ETag": f'"{_oid(data)}"', "X-Repo-Commit": COMMIT, "Accept-Ranges": "bytes"}
        asked = self.headers.get("Range")
        if not asked or self.command == "HEAD":
            return self._sent(200, data, told)
        start, end = asked.removeprefix("bytes=").split("-")
        last = min(int(end or len(data)), len(data) - 1)
        told["Content-Range"] = f"bytes {start}-{last}/{len(data)}"
        return self._sent(206, data[int(start) : last + 1], told)

    def _said(self, status: int, value: Any, told: dict[str, str] | None = None) -> None:
        self._sent(status, json.dumps(value).encode(), {"Content-Type": "application/json", **(told or {})})

    def _sent(self, status: int, data: bytes, told: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**told, "Content-Length": str(len(data))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)


def _oid(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:40]
