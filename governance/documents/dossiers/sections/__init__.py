"""The dossier's sections: an ordered, closed list. Its order is the order of the Annexes."""

from governance.documents.dossiers.sections import annex_iv_1, annex_iv_2, annex_iv_3, annex_xi, annex_xii
from governance.documents.sources.binding import Answer, Bound, bound

ANSWERS: tuple[Answer, ...] = (
    *annex_iv_1.ANSWERS,
    *annex_iv_2.ANSWERS,
    *annex_iv_3.ANSWERS,
    *annex_xi.ANSWERS,
    *annex_xii.ANSWERS,
)

__all__ = ["ANSWERS", "Answer", "Bound", "bound"]
