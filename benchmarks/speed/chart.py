"""A bar chart as SVG text."""

from collections.abc import Mapping, Sequence
from html import escape

COLOURS = ("#0b5fa5", "#5aa9e6", "#8a8a8a", "#a8a8a8", "#c0c0c0", "#d6d6d6")
WIDTH, LEFT, RIGHT, TOP = 760, 170, 70, 64
BAR, GAP = 14, 16


def bars(title: str, names: Sequence[str], groups: Mapping[str, Sequence[float | None]]) -> str:
    """Horizontal bars, a group below the other, in thousands.

    Args:
        title: above it.
        names: what the bars of a group are, in the order of its values.
        groups: their values; nothing is drawn for None.
    """
    longest = max(value for values in groups.values() for value in values if value is not None)
    parts, top = [_text(10, 20, title, "bold"), *_legend(names)], TOP
    for label, values in groups.items():
        shown = [(place, value) for place, value in enumerate(values) if value is not None]
        parts.append(_text(10, top + len(shown) * BAR / 2 + 4, label))
        for place, value in shown:
            width = value / longest * (WIDTH - LEFT - RIGHT)
            parts.append(_box(LEFT, top, width, BAR - 2, place))
            parts.append(_text(LEFT + width + 4, top + BAR - 4, f"{value / 1000:.1f}"))
            top += BAR
        top += GAP
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{top}" viewBox="0 0 {WIDTH} {top}" '
        f'font-family="sans-serif" font-size="11">\n<rect width="100%" height="100%" fill="white"/>\n{body}\n</svg>\n'
    )


def _legend(names: Sequence[str]) -> list[str]:
    step = (WIDTH - 20) / len(names)
    return [
        part
        for place, name in enumerate(names)
        for part in (
            _box(10 + place * step, 36, 12, 12, place),
            _text(26 + place * step, 46, name),
        )
    ]


def _box(x: float, y: float, width: float, height: float, colour: int) -> str:
    fill = COLOURS[colour % len(COLOURS)]
    return f'<rect x="{x:.0f}" y="{y:.0f}" width="{width:.1f}" height="{height:.0f}" fill="{fill}"/>'


def _text(x: float, y: float, text: str, weight: str = "normal") -> str:
    return f'<text x="{x:.0f}" y="{y:.0f}" font-weight="{weight}">{escape(text)}</text>'
