"""Words and numbers as they stand in a figure: escaped names, three digits, units."""

import html

NARROW = "\u202f"  # a narrow space that does not break, between a number and its unit
_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def escaped(name: object) -> str:
    """A name as plain text: plotly reads `<b>`, `<a href>` and `&lt;` in every label as markup, `%{x}` as a template.

    Quotes stay as they are: plotly does not turn `&quot;` back.
    """
    return html.escape(str(name), quote=False).replace("%{", "%&#123;")


def digits(value: float) -> str:
    """Three significant digits, as a power of ten outside 1e-4 to 1e6; the minus sign is a real one."""
    size = abs(value)
    if size and not 1e-4 <= size < 1e6:
        mantissa, exponent = f"{value:.2e}".split("e")
        return f"{mantissa}×{power(int(exponent))}".replace("-", "−")
    places = 0 if size >= 100 else 1 if size >= 10 else 2
    return (f"{value:.{places}f}" if size >= 1 else f"{value:.3g}").replace("-", "−")


def power(exponent: int) -> str:
    """A power of ten, 10⁻⁴."""
    return f"10{str(exponent).translate(_SUPERSCRIPT)}"


def decade(exponent: int) -> str:
    """The label of a decade on a logarithmic axis of rates: 1, 0.1, 0.01, 0.001, 10⁻⁴ and so on."""
    return f"{10.0**exponent:g}" if exponent >= -3 else power(exponent)


def degrees(value: float) -> str:
    """An angle in degrees, given in degrees."""
    return f"{digits(value)}°"


def percent(share: float) -> str:
    """A share as a percentage; one that is short of all of it is never rounded up to 100 %."""
    if not 0.9995 <= share < 1:
        return f"{digits(100 * share)}{NARROW}%"
    shown = next((text for places in range(1, 8) if (text := f"{100 * share:.{places}f}")[:3] != "100"), "<100")
    return f"{shown}{NARROW}%"


def count(number: int, what: str = "") -> str:
    """A whole number in groups of three, and the plural of what is counted."""
    shown = f"{number:,}".replace(",", NARROW)
    return f"{shown}{NARROW}{what}{'s' * (number != 1)}" if what else shown
