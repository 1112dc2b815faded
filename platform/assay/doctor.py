"""What `assay doctor` looks at. Each check says where things stand and, where they do not, the cure.

Nothing here changes anything but for one message to a queue that nobody reads. The libraries are tried in
processes of their own: a doctor that imported PyTorch would no longer be a web process without it.
"""

import json
import os
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from smtplib import SMTPException
from typing import Any

from django.conf import settings
from django.core.mail import get_connection
from django.db import Error, connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from assay.jobs import mailing, processes, stamping
from assay.jobs.app import GPU, LIGHT, app
from assay.jobs.environment import environment
from governance.foundation.audit import clocks, guards, heads, keys, stamps, watch
from governance.foundation.jobs.models import Job, Worker
from governance.foundation.jobs.rules import State as JobState
from governance.materials.base_models import selectors as base_models
from governance.people.notifications.models import Letter
from governance.people.notifications.rules import LetterState

GIB = 1024**3
LOW_DISK = 5 * GIB
SLOW = {"database": 0.5, "broker": 1.0}  # seconds
CERTIFICATE_ENDS_SOON = timedelta(days=30)
SCHEMA = "assay.doctor/1"


class State(StrEnum):
    WELL = "well"
    SLOW = "slow"
    WRONG = "wrong"
    NOTE = "note"  # nothing is broken, but something cannot be done or was not looked at


@dataclass(frozen=True)
class Finding:
    """One line of the table."""

    name: str
    state: State
    says: str
    cure: str = ""
    seconds: float | None = None


def examine() -> Iterator[Finding]:
    """Every check, in an order in which the first thing wrong explains those after it."""
    for check in CHECKS:
        began = time.monotonic()
        try:
            found = check()
        except Exception as error:
            # A check that cannot even be made is the finding.
            found = Finding(_spoken(check), State.WRONG, f"{type(error).__name__}: {error}", "See the message.")
        seconds = round(time.monotonic() - began, 3)
        state = found.state
        if state == State.WELL and seconds > SLOW.get(found.name, float("inf")):
            state = State.SLOW
        yield Finding(found.name, state, found.says, found.cure, seconds)


def report(findings: list[Finding]) -> dict[str, Any]:
    """The findings as JSON. `well` is false when anything is wrong."""
    return {
        "schema": SCHEMA,
        "well": not any(found.state == State.WRONG for found in findings),
        "at": timezone.now().isoformat(),
        "checks": [asdict(found) for found in findings],
    }


def database() -> Finding:
    """Written to as a service would, and rolled back."""
    name = "database"
    try:
        with transaction.atomic():
            Worker.objects.update_or_create(
                name=f"doctor@{uuid.uuid4()}", defaults={"seen_at": timezone.now(), "started_at": timezone.now()}
            )
            transaction.set_rollback(True)
    except Error as error:
        cure = "Is it there, and is DATABASE_URL right? A new one needs: assay migrate"
        return Finding(name, State.WRONG, f"It does not take a write: {error}".strip(), cure)
    version = {"sqlite": "SELECT sqlite_version()", "postgresql": "SHOW server_version"}[connection.vendor]
    with connection.cursor() as cursor:
        cursor.execute(version)
        (number,) = cursor.fetchone()
    return Finding(name, State.WELL, f"{connection.display_name} {number} takes writes")


def migrations() -> Finding:
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if missing:
        names = ", ".join(str(migration) for migration, _ in missing[:3])
        return Finding("migrations", State.WRONG, f"{len(missing)} are not applied: {names} ...", "assay migrate")
    return Finding("migrations", State.WELL, "all are applied")


def trail() -> Finding:
    """Whether the database protects the audit trail, what its last verification found, and when it was last signed.
    Whether it is whole now takes longer: assay audit verify."""
    name = "audit trail"
    if missing := guards.objections(connection):
        return Finding(name, State.WRONG, "; ".join(missing), guards.CURE)
    verified = watch.latest()
    if verified is not None and not verified.sound:
        rest = f" and {len(verified.faults) - 1} more" if len(verified.faults) > 1 else ""
        return Finding(name, State.WRONG, f"It is not whole: {verified.faults[0]}{rest}", watch.cure(verified.faults))
    if more := guards.too_much(connection):
        return Finding(name, State.NOTE, f"It could be changed by this connection: {'; '.join(more)}", guards.ROLE_CURE)
    last = heads.last()
    if last is None:
        key = "it has no key: assay audit key" if not keys.is_here() else "the scheduler does it: assay serve"
        return Finding(name, State.NOTE, "It only grows, but no head was signed yet", key)
    return Finding(
        name, State.WELL, f"it only grows; signed to entry {last.size:,} {_ago(timezone.now() - last.at)} ago"
    )


def times() -> Finding:
    """Whether entries and the newest head are from now or before, by this machine's clock, and in order."""
    if said := clocks.wrong_now():
        return Finding("clocks", State.NOTE, "; ".join(said), clocks.CURE)
    return Finding("clocks", State.WELL, "no entry and no signed head is from a time that is still to come")


def time_stamps() -> Finding:
    """Whether the authority answers, with what is trusted here, and how long its certificates are good."""
    name = "time stamps"
    if not stamps.is_on():
        return Finding(name, State.NOTE, "heads are not time stamped: no authority is named", "ASSAY_TIMESTAMP_URL")
    try:
        answer, roots = stamping.probe(), stamps.trusted()
    except stamps.NotStamped as error:
        cure = "Are ASSAY_TIMESTAMP_URL and _CERTIFICATES right? Heads wait meanwhile."
        return Finding(name, State.WRONG, f"heads get none: {error}", cure)
    ends = stamps.first_to_end(answer, roots).not_valid_after_utc
    if ends < timezone.now() + CERTIFICATE_ENDS_SOON:
        cure = "Ask the authority for the next ones; add them, and leave the old ones in the file."
        return Finding(name, State.NOTE, f"{answer.authority} answers; a certificate ends on {ends:%Y-%m-%d}", cure)
    return Finding(name, State.WELL, f"{answer.authority} answers; its certificates are good until {ends:%Y-%m-%d}")


def broker() -> Finding:
    """A message there and back, on a queue of its own."""
    with app.connection_for_write() as link:
        queue = link.SimpleQueue(f"doctor-{uuid.uuid4()}", queue_opts={"auto_delete": True, "durable": False})
        try:
            queue.put({"hello": 1})
            queue.get(timeout=5).ack()
        finally:
            queue.clear()
            queue.close()
    kind = app.conf.broker_url.partition(":")[0]
    return Finding("broker", State.WELL, f"{kind} carried a message there and back")


def _alive(name: str, part: str, without: str) -> Finding:
    """Whether a process that signs with `part` reported within a lease."""
    rows = [row for row in Worker.objects.all() if part in row.name.partition("@")[0].split("+")]
    last = max(rows, key=lambda row: row.seen_at, default=None)
    cure = "make serve, or `assay serve`"
    if last is None:
        return Finding(name, State.WRONG, f"none was ever seen: {without}", cure)
    ago = timezone.now() - last.seen_at
    if ago > timedelta(seconds=settings.ASSAY_LEASE_SECONDS):
        return Finding(name, State.WRONG, f"{last.name} was last seen {_ago(ago)} ago: {without}", cure)
    return Finding(name, State.WELL, f"{last.name} was seen {_ago(ago)} ago")


def worker() -> Finding:
    return _alive("worker", GPU, "no run is trained or evaluated")


def light_worker() -> Finding:
    return _alive("light worker", LIGHT, "no PDF is made")


def scheduler() -> Finding:
    return _alive("scheduler", "scheduler", "lost jobs are only taken back by a worker")


def waiting() -> Finding:
    """Jobs that wait although nothing keeps them."""
    oldest = Job.objects.filter(state=JobState.QUEUED).order_by("created_at").first()
    running = Job.objects.filter(state=JobState.RUNNING).count()
    if oldest is None:
        return Finding("jobs", State.WELL, f"none waits, {running} at work")
    count = Job.objects.filter(state=JobState.QUEUED).count()
    says = f"{count} wait, the first for {_ago(timezone.now() - oldest.created_at)}; {running} at work"
    return Finding("jobs", State.WELL if running else State.NOTE, says)


def data_folder() -> Finding:
    """A file written, flushed, read and removed where uploads and runs are kept."""
    folder = Path(settings.DATA_DIR)
    probe = folder / f".doctor-{uuid.uuid4()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with probe.open("wb") as handle:
            handle.write(b"assay")
            os.fsync(handle.fileno())
        probe.unlink()
    except OSError as error:
        return Finding("data folder", State.WRONG, f"{folder}: {error.strerror}", "Make it writable for this user.")
    return Finding("data folder", State.WELL, f"{folder} takes files")


def disk() -> Finding:
    space = shutil.disk_usage(settings.VAR_DIR if Path(settings.VAR_DIR).exists() else settings.BASE_DIR)
    says = f"{space.free / GIB:.1f} of {space.total / GIB:.0f} GiB free"
    if space.free < LOW_DISK:
        return Finding("disk", State.WRONG, says, "Free some: a run keeps two checkpoints beside its result.")
    return Finding("disk", State.WELL, says)


def torch() -> Finding:
    """Which build the trainer's process gets."""
    program = (
        "import json, torch; print(json.dumps([torch.__version__, torch.version.cuda, torch.cuda.is_available(), "
        "torch.cuda.get_device_name(0) if torch.cuda.is_available() else None]))"
    )
    done = _tried(program)
    if done.returncode:
        cure = "make setup, which installs the pinned build"
        return Finding("PyTorch", State.WRONG, f"the trainer cannot import it: {_last(done.stderr)}", cure)
    version, cuda, available, device = json.loads(done.stdout)
    if available:
        return Finding("PyTorch", State.WELL, f"{version} on {device}")
    if cuda:
        cure = "Install a driver, or the CPU build: docs/operator/installation.md"
        return Finding("PyTorch", State.NOTE, f"{version} is a CUDA build, but no GPU answers: the CPU is used", cure)
    return Finding("PyTorch", State.WELL, f"{version}, CPU build")


def weasyprint() -> Finding:
    """Whether its system libraries are there."""
    done = _tried("import weasyprint; weasyprint.HTML(string='x').write_pdf(); print(weasyprint.__version__)")
    if done.returncode:
        cure = "As root: apt-get install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0"
        return Finding("WeasyPrint", State.WRONG, f"no PDF can be made: {_last(done.stderr)}", cure)
    return Finding("WeasyPrint", State.WELL, f"{done.stdout.strip()} made a page")


def mail() -> Finding:
    """Whether the mail server answers, and what was given up."""
    if not mailing.is_on():
        return Finding("mail", State.NOTE, "no letters go out: no mail server is set", "ASSAY_MAIL_HOST and its kin")
    try:
        with get_connection():
            pass
    except (OSError, SMTPException) as error:
        cure = "Is it there, and are ASSAY_MAIL_PORT, _SECURITY, _USER and _PASSWORD right? Letters wait meanwhile."
        return Finding("mail", State.WRONG, f"the mail server cannot be used: {type(error).__name__}", cure)
    lost = Letter.objects.filter(state__in=[LetterState.FAILED, LetterState.UNKNOWN]).count()
    if lost:
        return Finding(
            "mail", State.NOTE, f"it answers; {lost} letters were given up", "What they told is on the page."
        )
    return Finding("mail", State.WELL, "the mail server answers")


def models() -> Finding:
    folder, offered = settings.ASSAY_MODELS_DIR, base_models.offered()
    if not offered:
        cure = "Put a model's folder there (config, safetensors, tokenizer), then register it."
        return Finding("models folder", State.NOTE, f"{folder} holds no model that could be registered", cure)
    return Finding("models folder", State.WELL, f"{len(offered)} in {folder}: {', '.join(offered[:5])}")


def web_without_torch() -> Finding:
    """What the kernel says is mapped into our web processes."""
    name = "web process"
    found = web_processes()
    heavy = [pid for pid in found if processes.maps(pid, "libtorch")]
    if heavy:
        cure = "Something imports it there: lint-imports names the import."
        return Finding(name, State.WRONG, f"PyTorch is mapped into {', '.join(map(str, heavy))}", cure)
    if not found:
        return Finding(name, State.NOTE, "none runs on this machine, so none was looked at", "make serve")
    count = "1 process has" if len(found) == 1 else f"{len(found)} processes have"
    return Finding(name, State.WELL, f"{count} no PyTorch mapped")


def web_processes() -> list[int]:
    """gunicorn processes on this machine that serve this installation."""
    ours = str(settings.VAR_DIR)
    found = []
    for pid, given in processes.environments():
        if not processes.runs(pid, "gunicorn") or not given.get("DJANGO_SETTINGS_MODULE", "").startswith("assay."):
            continue
        if given.get("ASSAY_VAR_DIR", ours) == ours:
            found.append(pid)
    return found


CHECKS: list[Callable[[], Finding]] = [
    database, migrations, trail, times, time_stamps, broker, worker, light_worker, scheduler, waiting,
    data_folder, disk, torch, weasyprint, mail, models, web_without_torch,
]  # fmt: skip


def _tried(program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program], env=environment(), capture_output=True, text=True, check=False, timeout=120
    )


def _spoken(check: Callable[[], Finding]) -> str:
    return check.__name__.replace("_", " ")


def _last(text: str) -> str:
    return (text.strip().splitlines() or ["it said nothing"])[-1]


def _ago(span: timedelta) -> str:
    seconds = int(span.total_seconds())
    if seconds < 120:
        return f"{seconds} s"
    return f"{seconds // 60} min" if seconds < 7200 else f"{seconds // 3600} h"
