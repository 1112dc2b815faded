"""Which of the front-end parts' files are served: those that pages ask for, not all that a package ships."""

from django.contrib.staticfiles.apps import StaticFilesConfig


class PinnedStaticFiles(StaticFilesConfig):
    """Django's own static files, less what no page asks for.

    The style sheet package ships variants (flags, payments, right-to-left) that name pictures outside the
    folder we serve; `collectstatic` in production rightly refuses a sheet with a dead reference.
    """

    ignore_patterns = [
        *StaticFilesConfig.ignore_patterns,
        "tabler-*",
        "tabler.rtl*",
        "tabler.css*",
        "htmx.amd.js",
        "htmx.cjs.js",
        "htmx.esm.js",
        "*.d.ts",
        "*.gz",
    ]
