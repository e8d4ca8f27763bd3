"""The owner picks one colour; all others of the public site follow from it, with their contrast kept.

Contrast is that of WCAG 2.2 (relative luminance; criteria 1.4.3 and 1.4.11): 4.5 for text, 3 for edges.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

DEFAULT = "#0C6B58"
_HEX = re.compile(r"#[0-9a-fA-F]{6}")


def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def mix(first: str, second: str, share: float) -> str:
    """`first` with a share of `second` in it, both as #rrggbb."""
    pairs = zip(_rgb(first), _rgb(second), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02X}" for a, b in pairs)


def luminance(colour: str) -> float:
    """Relative luminance, 0 black to 1 white."""
    parts = [value / 255 for value in _rgb(colour)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(first: str, second: str) -> float:
    """Contrast ratio of two colours, 1 to 21."""
    low, high = sorted((luminance(first), luminance(second)))
    return (high + 0.05) / (low + 0.05)


def _until(colour: str, towards: str, against: str, ratio: float) -> str:
    """Move a colour towards another one until it stands out enough."""
    for step in range(0, 101, 2):
        moved = mix(colour, towards, step / 100)
        if contrast(moved, against) >= ratio:
            return moved
    return towards


@dataclass(frozen=True)
class Palette:
    """Custom properties of a page, for light and for dark."""

    light: dict[str, str]
    dark: dict[str, str]

    def css(self) -> str:
        """As a stylesheet."""
        light = "".join(f"--{name}:{value};" for name, value in self.light.items())
        dark = "".join(f"--{name}:{value};" for name, value in self.dark.items())
        return f":root{{{light}}}@media(prefers-color-scheme:dark){{:root{{{dark}}}}}"


def palette(brand: str) -> Palette:
    """The colours of a site; something that is no colour gives those of the default brand."""
    hue = brand.upper() if _HEX.fullmatch(brand or "") else DEFAULT
    tint = mix("#FFFFFF", hue, 0.055)
    main = _until(hue, "#000000", tint, 5.0)
    press = mix(main, "#000000", 0.2)
    cover = mix(main, "#000000", 0.22)
    light = {
        "bg": "#FFFFFF",
        "card": "#FFFFFF",
        "tint": tint,
        "ink": mix("#14141C", hue, 0.12),
        "ink-2": mix("#45454F", hue, 0.14),
        "ink-3": _until(mix("#63636D", hue, 0.1), "#000000", tint, 4.8),
        "line": mix("#FFFFFF", hue, 0.14),
        "control": _until(mix("#85858F", hue, 0.1), "#000000", tint, 3.2),
        "brand": main,
        "brand-press": press,
        "on-brand": "#FFFFFF",
        "cover": cover,
        "cover-2": mix(cover, "#FFFFFF", 0.2),
        "shade": f"rgb({' '.join(str(part) for part in _rgb(mix(cover, '#000000', 0.4)))} / .2)",
    }
    card = mix("#17171D", hue, 0.1)
    bright = _until(hue, "#FFFFFF", card, 7.0)
    dark = {
        "bg": mix("#0D0D12", hue, 0.06),
        "card": card,
        "tint": mix("#121217", hue, 0.08),
        "ink": mix("#F1F1F5", hue, 0.03),
        "ink-2": _until(mix("#BEBEC8", hue, 0.08), "#FFFFFF", card, 7.0),
        "ink-3": _until(mix("#9797A3", hue, 0.08), "#FFFFFF", card, 5.0),
        "line": mix("#2A2A33", hue, 0.16),
        "control": _until(mix("#74747E", hue, 0.1), "#FFFFFF", card, 3.2),
        "brand": bright,
        "brand-press": mix(bright, "#FFFFFF", 0.3),
        "on-brand": _until(mix("#000000", hue, 0.3), "#000000", bright, 5.0),
        "cover": mix(main, "#FFFFFF", 0.06),
        "cover-2": mix(main, "#FFFFFF", 0.24),
        "shade": "rgb(0 0 0 / .5)",
    }
    return Palette(light=light, dark=dark)
