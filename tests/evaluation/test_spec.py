"""The specification is read strictly, and every error names the place and the cure."""

import json

import pytest

from evaluation import spec
from evaluation.spec import Invalid


def plain(**changes):
    asked = {
        "schema": "assay.evaluation/1",
        "models": [{"name": "base", "path": "b"}, {"name": "candidate", "path": "b", "adapter": "a"}],
        "tasks": [{"name": "counterfactual", "limit": 40}, {"name": "exact-match", "items": "x", "max_new_tokens": 8}],
        "thresholds": [{"task": "counterfactual", "metric": "spread", "max": 0.1}],
        "seed": 0,
    }
    return {**asked, **changes}


def test_the_example_of_the_interface_is_read():
    read = spec.parse(plain())
    assert read.models[1].adapter == "a"
    assert read.tasks[0].limit == 40
    assert read.tasks[1].options == {"max_new_tokens": 8}
    assert read.thresholds[0].limits() == {"max": 0.1}


def test_the_content_read_again_is_the_same_and_so_is_its_digest():
    read = spec.parse(plain())
    again = spec.parse(json.loads(json.dumps(read.content())))
    assert again == read
    assert again.sha256 == read.sha256


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"schema": "assay.evaluation/9"}, "spec.schema: expected one of 'assay.evaluation/1'"),
        ({"modles": []}, "unknown key 'modles'; known keys are"),
        ({"models": []}, "spec.models: name at least one model"),
        ({"models": [{"name": "a", "path": "p"}, {"name": "a", "path": "q"}]}, "'a' is there twice"),
        ({"models": [{"name": "a/b", "path": "p"}]}, "must be letters, digits"),
        ({"models": [{"name": "a"}]}, "spec.models[0]: the key 'path' is absent"),
        ({"models": [{"name": "a", "path": "p", "sha256": "abc"}]}, "spec.models[0].sha256: must be 64 lower-case"),
        ({"models": [{"name": "a", "path": "p", "adapter_sha256": "0" * 64}]}, "there is no adapter"),
        ({"tasks": []}, "name at least one task"),
        ({"tasks": [{"name": "safety", "limit": 0}]}, "spec.tasks[0].limit: must be at least 1"),
        ({"tasks": [{"name": "safety", "limit": "four"}]}, "spec.tasks[0].limit: expected int, found str 'four'"),
        ({"tasks": [{"name": "safety", "sha256": "abc"}]}, "64 lower-case hex digits"),
        ({"seed": True}, "spec.seed: expected int"),
        ({"seed": 1.5}, "spec.seed: expected int"),
        ({"batch_size": 0}, "spec.batch_size: must be at least 1"),
        ({"thresholds": [{"task": "nobody", "metric": "m", "max": 1}]}, "which this specification does not run"),
        ({"thresholds": [{"task": "counterfactual", "metric": "spread"}]}, "sets no limit"),
        ({"thresholds": [{"task": "counterfactual", "metric": "spread", "margin": 0}]}, "must be above 0"),
        ({"thresholds": [{"task": "counterfactual", "metric": "s", "max": float("nan")}]}, "expected a finite number"),
    ],
)
def test_what_is_wrong_is_named(change, words):
    with pytest.raises(Invalid) as caught:
        spec.parse(plain(**change))
    assert words in str(caught.value)


def test_a_file_that_is_not_json_is_named_with_its_line(tmp_path):
    path = tmp_path / "spec.json"
    path.write_text('{"schema":\n oops}')
    with pytest.raises(Invalid, match=r"spec.json: is not JSON: line 2"):
        spec.read(path)
    with pytest.raises(Invalid, match="there is no such file"):
        spec.read(tmp_path / "absent.json")
