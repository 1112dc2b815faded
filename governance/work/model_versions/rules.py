"""One digest for a tuned model: of everything that, changed, would make it another model. Pure."""

from typing import Any

from governance.foundation.core.canonical import digest


def composition(manifest: dict[str, Any]) -> dict[str, Any]:
    """What a model is composed of, out of the trainer's manifest (assay.training-manifest/1)."""
    output = manifest["output"]
    return {
        "base_model": manifest["base_model"]["sha256"],
        "output": {"kind": output["kind"], "sha256": output["sha256"]},
        "chat_template": manifest["data"]["template"]["sha256"],
        "quantisation": None,  # neither method trains into a quantised base
        "merge": None,  # the adapter stays beside its base
    }


def composed_digest(parts: dict[str, Any]) -> str:
    return digest({"kind": "composed-model", "content": parts})
