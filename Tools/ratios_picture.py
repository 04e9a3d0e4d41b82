"""A picture of ratios: a bar each, a line at one, a tick where a row is asked to be."""

from xml.sax.saxutils import escape

WIDTH, LEFT, BAR, GAP = 900, 420, 16, 6


def draw(ratios: list[tuple[str, float, float | None, bool]]) -> str:
    scale = (WIDTH - LEFT - 70) / max(max(ratio, asked or 0) for _, ratio, asked, _ in ratios)
    height = len(ratios) * (BAR + GAP) + 40
    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="12">',
             f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>']
    for index, (what, ratio, asked, most) in enumerate(ratios):
        top = 10 + index * (BAR + GAP)
        met = asked is None or (ratio <= asked if most else ratio >= asked)
        lines.append(f'<text x="{LEFT - 8}" y="{top + 12}" text-anchor="end">{escape(what)}</text>')
        lines.append(f'<rect x="{LEFT}" y="{top}" width="{ratio * scale:.1f}" height="{BAR}" fill="{"#2a7" if met else "#d83"}"/>')
        lines.append(f'<text x="{LEFT + ratio * scale + 5:.1f}" y="{top + 12}">{ratio:.2f}</text>')
        if asked is not None:
            lines.append(f'<path d="M{LEFT + asked * scale:.1f} {top - 2}v{BAR + 4}" stroke="#333" stroke-width="2"/>')
    one = LEFT + scale
    lines.append(f'<path d="M{one:.1f} 4V{height - 26}" stroke="#999" stroke-dasharray="3 3"/><text x="{one:.1f}" y="{height - 10}" text-anchor="middle">1 x the peer</text>')
    return "\n".join([*lines, "</svg>", ""])
