"""A picture of ratios as SVG: panels in two columns, a bar each, a line at one, a tick where a row is asked to be. Readable on light and dark pages."""

from dataclasses import dataclass
from itertools import groupby
from xml.sax.saxutils import escape

COLUMN, MARGIN, LABEL, BARS = 470, 24, 118, 190
ROW, BAR, HEAD, FOOT, LEGEND = 24, 14, 50, 26, 34
FIGURES = "Bold: the ratio. Beside it: onnx-run's own figure and the other's."
STYLE = """
text { font: 13px system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; fill: #1f2328 }
.title { font-size: 15px; font-weight: 600 }
.quiet { font-size: 11.5px; fill: #59636e }
.value { font-weight: 600 }
.page { fill: #ffffff }
.met { fill: #2f81c7 }
.missed { fill: #d9822b }
.free { fill: #8c959f }
.one { stroke: #1f2328; stroke-dasharray: 2 3; opacity: .6 }
.asked { stroke: #1f2328; stroke-width: 2.5 }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 }
.quiet { fill: #9198a1 }
.page { fill: #0d1117 }
.met { fill: #4c9be8 }
.missed { fill: #e39a4a }
.free { fill: #6e7681 }
.one { stroke: #f0f6fc }
.asked { stroke: #f0f6fc }
}
"""


@dataclass(frozen=True)
class Panel:
    title: str
    # What a ratio of one stands for.
    one: str
    # The panels of column 0 share a scale; those of column 1 have one each.
    column: int


@dataclass(frozen=True)
class Ratio:
    panel: Panel
    label: str
    ratio: float
    asked: float | None
    # Whether less is better.
    most: bool
    # Behind the ratio.
    figures: str

    @property
    def met(self) -> bool:
        return self.asked is None or (self.ratio <= self.asked if self.most else self.ratio >= self.asked)

    @property
    def reach(self) -> float:
        return max(self.ratio, self.asked or 0, 1)


def text(x: float, y: float, words: str, kind: str = "", anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" class="{kind}">{escape(words)}</text>'


def row(each: Ratio, left: float, top: float, scale: float) -> list[str]:
    kind = "free" if each.asked is None else "met" if each.met else "missed"
    lines = [
        text(left + LABEL - 8, top + 12, each.label, anchor="end"),
        f'<rect x="{left + LABEL}" y="{top}" width="{each.ratio * scale:.1f}" height="{BAR}" rx="2" class="{kind}"/>',
        text(left + LABEL + BARS + 12, top + 12, f"{each.ratio:.2f}", "value"),
        text(left + LABEL + BARS + 48, top + 12, each.figures, "quiet"),
    ]
    if each.asked is not None:
        lines.append(f'<path d="M{left + LABEL + each.asked * scale:.1f} {top - 3}v{BAR + 6}" class="asked"/>')
    return lines


def panel_lines(panel: Panel, rows: list[Ratio], left: float, top: float, reach: float) -> list[str]:
    scale, one = BARS / reach, left + LABEL + BARS / reach
    bottom = top + HEAD + len(rows) * ROW
    lines = [text(left, top + 14, panel.title, "title"), text(left, top + 32, f"1 is {panel.one}", "quiet")]
    for index, each in enumerate(rows):
        lines += row(each, left, top + HEAD + index * ROW, scale)
    lines.append(f'<path d="M{one:.1f} {top + HEAD - 8}V{bottom - 2}" class="one"/>')
    return [*lines, text(one, bottom + 9, "1", "quiet", "middle")]


def legend(left: float, top: float) -> list[str]:
    lines = []
    for kind, words, width in (("met", "as asked or better", 150), ("missed", "missed", 90), ("free", "nothing asked", 125)):
        lines += [f'<rect x="{left}" y="{top}" width="14" height="{BAR}" rx="2" class="{kind}"/>', text(left + 20, top + 12, words, "quiet")]
        left += width
    return [*lines, f'<path d="M{left + 4} {top - 3}v{BAR + 6}" class="asked"/>', text(left + 14, top + 12, "asked", "quiet"), text(left + 80, top + 12, FIGURES, "quiet")]


def draw(ratios: list[Ratio]) -> str:
    lines, heights = [], [MARGIN, MARGIN]
    shared = max((each.reach for each in ratios if each.panel.column == 0), default=1)
    for panel, rows in groupby(ratios, lambda each: each.panel):
        rows = list(rows)
        reach = shared if panel.column == 0 else max(each.reach for each in rows)
        lines += panel_lines(panel, rows, MARGIN + panel.column * (COLUMN + MARGIN), heights[panel.column], reach)
        heights[panel.column] += HEAD + len(rows) * ROW + FOOT
    width, height = 2 * COLUMN + 3 * MARGIN, max(heights) + LEGEND
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}"><style>{STYLE}</style>'
    page = f'<rect width="{width}" height="{height}" class="page"/>'
    return "\n".join([head, page, *lines, *legend(MARGIN, height - LEGEND), "</svg>", ""])
