"""The templates of documents, in an engine of their own: no request, no context processor, no database."""

from functools import cache
from pathlib import Path
from typing import Any

from django.template import Context, Engine

import assay

PACKAGE = Path(assay.__file__).parent
STYLES = PACKAGE / "static" / "assay" / "print"


@cache
def engine() -> Engine:
    """The engine: everything is escaped unless a filter of ours made it safe."""
    return Engine(
        dirs=[str(folder) for folder in (PACKAGE.parents[1] / "templates", PACKAGE / "templates") if folder.is_dir()],
        builtins=["django.templatetags.i18n", "assay.rendering.tags"],
        autoescape=True,
    )


def page(template: str, context: dict[str, Any]) -> str:
    """The HTML page, its style sheet inside: nothing is loaded from anywhere."""
    styles = (STYLES / "documents.css").read_text(encoding="utf-8")
    return engine().get_template(template).render(Context({**context, "styles": styles}))
