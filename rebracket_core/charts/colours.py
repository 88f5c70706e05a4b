"""The one colour map: every colour in a chart is an album's own, or mixed from albums' colours.

The outline has a contrast of at least 3 on a light and on a dark page, so that Yellow on white and Black, Blue and
Indigo on near-black keep an edge and no chart has to know the reader's theme.
"""

from __future__ import annotations

from rebracket_core.rainbow import ALBUMS, album_named

ALBUM_COLOURS: dict[str, str] = {album.name: album.hex for album in ALBUMS}
"""Album name → its hex colour, in the order of the Rainbow Table."""

_PATTERNS = ("", "/", "\\", "x", "-", "|", "+", ".", "")
_SYMBOLS = ("circle", "square", "diamond", "triangle-up", "triangle-down", "cross", "x", "star", "circle-open")
ALBUM_PATTERNS: dict[str, str] = {album.name: mark for album, mark in zip(ALBUMS, _PATTERNS, strict=True)}
"""Album name → Plotly fill pattern, for areas that carry no written name."""
ALBUM_SYMBOLS: dict[str, str] = {album.name: mark for album, mark in zip(ALBUMS, _SYMBOLS, strict=True)}
"""Album name → Plotly marker symbol, for points that carry no written name."""


def _channels(colour: str) -> tuple[int, int, int]:
    digits = colour.lstrip("#")
    return int(digits[0:2], 16), int(digits[2:4], 16), int(digits[4:6], 16)


def luminance(colour: str) -> float:
    """The relative luminance of a hex colour, 0 (black) to 1 (white), as WCAG 2.2 defines it."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (v / 255 for v in _channels(colour))]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(first: str, second: str) -> float:
    """The WCAG contrast ratio of two hex colours, 1 (same) to 21 (black on white)."""
    high, low = sorted((luminance(first), luminance(second)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def mix(first: str, second: str, *, share: float = 0.5) -> str:
    """The hex colour that is `share` of the second colour and the rest of the first, mixed in sRGB."""
    pairs = zip(_channels(first), _channels(second), strict=True)
    return "#" + "".join(f"{round(a * (1 - share) + b * share):02X}" for a, b in pairs)


def with_alpha(colour: str, alpha: float) -> str:
    """The colour as an rgba() string of this opacity, 0 to 1."""
    red, green, blue = _channels(colour)
    return f"rgba({red},{green},{blue},{alpha:g})"


_BLACK, _WHITE = ALBUM_COLOURS["Black"], ALBUM_COLOURS["White"]
OUTLINE: str = mix(_BLACK, _WHITE, share=0.45)
"""The edge of every mark: visible on light and on dark."""
NEUTRAL: str = with_alpha(OUTLINE, 0.28)
"""The fill of a mark that belongs to no album or is not the one in question."""
GRID: str = with_alpha(OUTLINE, 0.25)
"""Grid lines and guides."""


def album_colour(name: str | None) -> str:
    """The colour of an album by its name; the neutral fill for None. An unknown name is an InputError."""
    return NEUTRAL if name is None else album_named(name).hex


def ink_on(colour: str) -> str:
    """The text colour, Black's or White's, that reads best on a fill of this hex colour."""
    return max(_BLACK, _WHITE, key=lambda ink: contrast(ink, colour))


def sequential(steps: int = 9) -> list[str]:
    """Hex colours from few to many: pale Violet to Indigo, evenly falling in lightness. At least two steps."""
    pale, middle, deep = (mix(_WHITE, ALBUM_COLOURS["Violet"], share=0.25), ALBUM_COLOURS["Violet"], ALBUM_COLOURS["Indigo"])
    places = [i / (max(steps, 2) - 1) for i in range(max(steps, 2))]
    return [mix(pale, middle, share=p * 2) if p <= 0.5 else mix(middle, deep, share=p * 2 - 1) for p in places]
