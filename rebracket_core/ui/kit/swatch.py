"""An album as a small tile in its own colour, with its letter."""

from __future__ import annotations

import streamlit as st

from rebracket_core.charts import OUTLINE, ink_on
from rebracket_core.rainbow import album_named


def swatch_svg(album: str, *, size: int = 64) -> str:
    """The tile as SVG: the album's colour, an edge that shows on light and dark, and its letter. `size` in px.

    An album that is not in the Rainbow Table is an InputError, so nothing from data ever reaches the markup.
    """
    found = album_named(album)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{size}" height="{size}" viewBox="0 0 64 64">'
        f'<rect x="1.5" y="1.5" width="61" height="61" rx="8" fill="{found.hex}" stroke="{OUTLINE}" stroke-width="3"/>'
        f'<text x="32" y="43" font-family="sans-serif" font-size="32" font-weight="700" text-anchor="middle" '
        f'fill="{ink_on(found.hex)}">{found.key}</text></svg>'
    )


def swatch(album: str, *, size: int = 64) -> None:
    """Draw the tile of an album; a screen reader hears its name."""
    st.image(swatch_svg(album, size=size), width=size, alt=f"The colour of {album}")


def favicon() -> str:
    """The icon of the browser's tab as SVG: brackets in Violet. The app sends it itself; nothing is fetched."""
    ink, paper = album_named("Violet").hex, album_named("Indigo").hex
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" width="32" height="32" viewBox="0 0 32 32">'
        f'<rect width="32" height="32" rx="7" fill="{paper}"/>'
        f'<path d="M12 7H8v18h4M20 7h4v18h-4" fill="none" stroke="{ink}" stroke-width="3"/>'
        f'<circle cx="16" cy="16" r="2.6" fill="{ink}"/></svg>'
    )
