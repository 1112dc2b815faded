"""A time-stamping authority of our own: a root, a signer, `openssl ts`, and a small server in front of it."""

import datetime as dt
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

Twist = Callable[[bytes, "Authority"], bytes | None]
CONFIGURATION = """[tsa]
serial = serial
signer_cert = signer.pem
signer_key = signer.key
certs = root.pem
default_policy = 1.2.3.4.1
digests = sha256
signer_digest = sha256
ess_cert_id_alg = sha256
"""


class Authority:
    """Answers what it is asked, or what a test makes of that."""

    def __init__(
        self, folder: Path, *, name: str = "Linden Time", days: tuple[int, int] = (-1, 365), may_stamp: bool = True
    ) -> None:
        folder.mkdir(parents=True)
        self.folder, self.url = folder, ""
        self.twist: Twist = lambda query, authority: authority.reply(query)
        self.status, self.asked = 200, 0
        root_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        root = certificate(f"{name} Root", root_key, None, root_key, (-400, 3650), is_root=True)
        signer = certificate(name, key, root, root_key, days, stamps=True)
        plain = certificate(name, key, root, root_key, days)
        self.may_stamp = may_stamp
        self.certificates = folder / "root.pem"
        self.certificates.write_bytes(root.public_bytes(serialization.Encoding.PEM))
        (folder / "signer.pem").write_bytes(signer.public_bytes(serialization.Encoding.PEM))
        (folder / "plain.pem").write_bytes(plain.public_bytes(serialization.Encoding.PEM))
        (folder / "signer.key").write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        (folder / "tsa.cnf").write_text(CONFIGURATION)
        (folder / "serial").write_text("01\n")

    def reply(self, query: bytes) -> bytes:
        (self.folder / "query.tsq").write_bytes(query)
        openssl("ts", "-reply", "-config", "tsa.cnf", "-section", "tsa", "-queryfile", "query.tsq", "-out", "reply.tsr",
                at=self.folder)  # fmt: skip
        reply = (self.folder / "reply.tsr").read_bytes()
        return reply if self.may_stamp else self._signed_by_who_may_not(reply)

    def _signed_by_who_may_not(self, reply: bytes) -> bytes:
        """The same, signed with a certificate that is not for time stamps; `openssl ts` would not do it."""
        openssl("ts", "-reply", "-in", "reply.tsr", "-token_out", "-out", "token.der", at=self.folder)
        openssl("cms", "-verify", "-inform", "DER", "-in", "token.der", "-noverify", "-out", "info.der", at=self.folder)
        openssl("cms", "-sign", "-binary", "-nodetach", "-md", "sha256", "-econtent_type", "1.2.840.113549.1.9.16.1.4",
                "-in", "info.der", "-signer", "plain.pem", "-inkey", "signer.key", "-outform", "DER", "-out",
                "plain.der", at=self.folder)  # fmt: skip
        granted = b"\x30\x03\x02\x01\x00"
        whole = granted + (self.folder / "plain.der").read_bytes()
        return b"\x30\x82" + len(whole).to_bytes(2, "big") + whole

    @contextmanager
    def serving(self) -> Iterator["Authority"]:
        authority = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                authority.asked += 1
                query = self.rfile.read(int(self.headers["Content-Length"]))
                answer = authority.twist(query, authority)
                self.send_response(authority.status)
                if authority.status == 302:
                    self.send_header("Location", authority.url)
                self.end_headers()
                if answer is not None:
                    self.wfile.write(answer)
                    return
                try:
                    while True:  # a byte now and then, for ever
                        self.wfile.write(b"0")
                        time.sleep(0.05)
                except OSError:
                    pass

            def log_message(self, format: str, *args: object) -> None: ...

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        self.url = f"http://127.0.0.1:{server.server_port}/"
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()


def openssl(*words: str, at: Path) -> str:
    program = shutil.which("openssl")
    assert program
    done = subprocess.run([program, *words], cwd=at, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def certificate(
    name: str, key: ec.EllipticCurvePrivateKey, issuer: x509.Certificate | None,
    issuer_key: ec.EllipticCurvePrivateKey, days: tuple[int, int], *, is_root: bool = False, stamps: bool = False,
) -> x509.Certificate:  # fmt: skip
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + dt.timedelta(days=days[0]))
        .not_valid_after(now + dt.timedelta(days=days[1]))
        .add_extension(x509.BasicConstraints(ca=is_root, path_length=None), critical=True)
    )
    if stamps:
        made = made.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
    return made.sign(issuer_key, hashes.SHA256())
