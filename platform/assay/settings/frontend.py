"""Where the pinned front-end parts lie: prebuilt files from `package-lock.json`, never a bundle.

Each entry serves one folder of an installed package under a short prefix, so that templates and
style sheets name `tabler/tabler.min.css` or `fonts/inter/...` and do not know about npm. Only
folders with the files we use are listed: no maps of scripts, no sources, no second font format.
"""

from pathlib import Path

BASE_DIR = Path(__file__).resolve().parents[3]
NODE_MODULES = BASE_DIR / "node_modules"

FRONTEND_STATICFILES: list[tuple[str, Path]] = [
    ("tabler", NODE_MODULES / "@tabler" / "core" / "dist" / "css"),
    ("htmx", NODE_MODULES / "htmx.org" / "dist"),
    # screens take one variable file a script; documents take static weights, which every PDF
    # viewer and every version of the renderer treats alike
    ("fonts/inter", NODE_MODULES / "@fontsource-variable" / "inter" / "files"),
    ("fonts/inter-static", NODE_MODULES / "@fontsource" / "inter" / "files"),
    ("fonts/charis-sil", NODE_MODULES / "@fontsource" / "charis-sil" / "files"),
    ("fonts/jetbrains-mono", NODE_MODULES / "@fontsource" / "jetbrains-mono" / "files"),
]
