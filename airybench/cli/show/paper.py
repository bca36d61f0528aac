"""Tables as papers print them, in LaTeX."""

import math
from collections.abc import Sequence

from airybench.analysis.number_text import score_text

_SPECIAL = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
}  # fmt: skip


def escaped(text: str) -> str:
    r"""Text as LaTeX prints it.

    >>> print(escaped("macro_ap & 5 %"))
    macro\_ap \& 5 \%
    """
    return "".join(_SPECIAL.get(letter, letter) for letter in text)


def score_latex(value: float, low: float, high: float, sign: str = "") -> str:
    r"""A score and its 95 % interval, as in `$0.620$ [$0.537$, $0.667$]`; empty where there is none.

    Args:
        value: the score, or a difference of scores.
        low: lower end; NaN where there is no interval.
        high: upper end.
        sign: `+` for differences, whose sign is always shown.
    """
    if math.isnan(value):
        return ""
    value_text, low_text, high_text = (f"${score_text(one, sign)}$" for one in (value, low, high))
    return value_text if math.isnan(low) or math.isnan(high) else f"{value_text} [{low_text}, {high_text}]"


def latex_table(heads: Sequence[str], rows: Sequence[Sequence[str]], *, words: int, caption: str, label: str) -> str:
    r"""A table in LaTeX, with the rules of the package booktabs.

    Args:
        heads: of the columns, in LaTeX.
        rows: cells, in LaTeX.
        words: number of columns at the left that hold words; the others are numbers.
        caption: in LaTeX.
        label: for `\ref`.
    """
    kinds = "l" * words + "r" * (len(heads) - words)
    lines = [" & ".join(row) + r" \\" for row in rows]
    return "\n".join([
        "% needs \\usepackage{booktabs}",
        r"\begin{table}",
        rf"\caption{{{caption}}}",
        rf"\label{{{label}}}",
        rf"\begin{{tabular}}{{{kinds}}}",
        r"\toprule",
        " & ".join(heads) + r" \\",
        r"\midrule",
        *lines,
        r"\bottomrule",
        r"\end{tabular}",
        r"\end{table}",
    ])  # fmt: skip
