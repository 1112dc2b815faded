"""The embedded broker: kombu's file transport with its two steps made atomic.

As it comes, a reader may open a message that is still being written, and takes it by way of the system's
temporary folder, which often lies on another disk. Here a message appears and is taken by one rename each,
inside one folder, so it is seen whole and by one reader. A lost message is still possible (a kill between
taking and reading) and harmless: the database knows the job, and the sweeper sends again.
"""

import contextlib
import json
import time
import uuid
from pathlib import Path
from queue import Empty
from typing import Any

from kombu.exceptions import ChannelError
from kombu.transport import filesystem


class Channel(filesystem.Channel):
    """One folder for waiting messages, `<time>_<id>.<queue>.msg`, and one for those being read."""

    def _put(self, queue: str, payload: dict[str, Any], **_: Any) -> None:  # type: ignore[override]
        name = f"{time.time_ns():020d}_{uuid.uuid4().hex}.{queue}.msg"
        draft = Path(self.processed_folder) / name
        try:
            draft.write_text(json.dumps(payload), encoding="utf-8")
            draft.rename(Path(self.data_folder_out) / name)
        except OSError as error:
            raise ChannelError(f"The message could not be written to {self.data_folder_out}: {error}") from error

    def _get(self, queue: str, timeout: float | None = None) -> Any:
        for waiting in sorted(Path(self.data_folder_in).glob(f"*.{queue}.msg")):
            mine = Path(self.processed_folder) / waiting.name
            try:
                waiting.rename(mine)
            except FileNotFoundError:
                continue  # another reader was first
            try:
                return json.loads(mine.read_text(encoding="utf-8"))
            finally:
                with contextlib.suppress(FileNotFoundError):
                    mine.unlink()
        raise Empty


class Transport(filesystem.Transport):
    Channel = Channel
