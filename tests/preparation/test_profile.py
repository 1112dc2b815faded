"""Registration and the measuring of quality say the same of one file: there is one length of what is asked."""

import json
from pathlib import Path

from preparation.examination import examine


def test_what_is_asked_is_counted_without_the_names_of_roles(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    messages = [
        {"role": "system", "content": "Be short."},
        {"role": "user", "content": "How long?"},
        {"role": "assistant", "content": "A day."},
    ]
    path.write_text(json.dumps({"messages": messages}) + "\n")
    profile = examine(path).profile
    assert profile is not None
    assert profile["prompt_characters"]["median"] == len("Be short.\nHow long?")
    assert profile["answer_characters"]["median"] == len("A day.")
