"""Pictures as SVG, made on the server: the same on a page and in a document.

Every function is pure and returns a `Picture` (safe markup that also carries the sentence and the
table that stand beside it) or, for the small marks, plain safe markup. Conventions:

- Geometry and tone are told apart by shape as well as by tone, so that a grey printer loses nothing.
- Each element has a class, which the page's style sheet colours for light and dark, and presentation
  attributes, which are what a PDF shows (a renderer of documents reads no style sheet inside SVG).
- Axes are named, n is stated where a mean or a share is drawn, a limit lies in the same picture as
  the value. What was not measured leaves a gap and is said; it is never drawn as zero.
- Text is escaped; numbers may be missing, not finite, huge or negative.
"""

from assay.rendering.pictures.canvas import Picture
from assay.rendering.pictures.comparisons import (
    Bar,
    Interval,
    bars_with_threshold,
    forest,
    whisker,
)
from assay.rendering.pictures.counts import histogram
from assay.rendering.pictures.curves import learning_rate, line, sparkline
from assay.rendering.pictures.lineage import Edge, Node, lineage
from assay.rendering.pictures.loss import loss_curve
from assay.rendering.pictures.marks import SOURCES, arrow, completeness_bar, mark, ring, shape
from assay.rendering.pictures.plot import Series
from assay.rendering.pictures.stages import Panel, progression

__all__ = [
    "SOURCES",
    "Bar",
    "Edge",
    "Interval",
    "Node",
    "Panel",
    "Picture",
    "Series",
    "arrow",
    "bars_with_threshold",
    "completeness_bar",
    "forest",
    "histogram",
    "learning_rate",
    "line",
    "lineage",
    "loss_curve",
    "mark",
    "progression",
    "ring",
    "shape",
    "sparkline",
    "whisker",
]
