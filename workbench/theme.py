"""One look for everything that is shown: tokens, CSS variables, class and run styles, plotly templates.

Meanings are fixed everywhere: genuine pairs are blue and impostor pairs orange; the own class is the accent
and its rival the alert; a margin is grey. Colour is never alone: a class is a colour and a glyph, a run a
colour and a dash. Nothing here imports plotly until a template is asked for.
"""

from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

from workbench.checks import bad_parameter, unknown_name

SANS = 'system-ui, "Segoe UI", Roboto, "Noto Sans", sans-serif'
MONO = "ui-monospace, SFMono-Regular, Menlo, Consolas, monospace"
MIN_CONTRAST = 3.0  # WCAG 2.2, 1.4.11: what has to be seen, against what is beside it


@dataclass(frozen=True)
class Tokens:
    """The colours of one theme, as `#rrggbb`.

    Attributes:
        paper: the background.
        ink: text, and the outline of marks too faint for the paper.
        muted: secondary text and marks that are not in focus; at least 4.5:1 on paper.
        accent: the own class, the focus class, what is selected.
        alert: the rival class, a warning. Large marks only: 3.9:1 on the light paper.
        genuine: pairs of one class.
        impostor: pairs of two classes.
        margin: the hatch of a margin.
        sphere: the disc of a sphere; meant to be just distinct from paper.
        line: reference lines; meant to be faint.
    """

    paper: str
    ink: str
    muted: str
    accent: str
    alert: str
    genuine: str
    impostor: str
    margin: str
    sphere: str
    line: str


LIGHT = Tokens(
    paper="#ffffff",
    ink="#1f2328",
    muted="#59636e",
    accent="#0072B2",
    alert="#D55E00",
    genuine="#0072B2",
    impostor="#D55E00",
    margin="#818b98",
    sphere="#f4f6f9",
    line="#d1d9e0",
)
DARK = Tokens(
    paper="#12161c",
    ink="#e6edf3",
    muted="#9198a1",
    accent="#56B4E9",
    alert="#D55E00",
    genuine="#56B4E9",
    impostor="#E69F00",
    margin="#7d8590",
    sphere="#1a2029",
    line="#353d47",
)


def css_variables() -> str:
    """Declare the tokens as `--wb-paper` and so on, with `--wb-sans` and `--wb-mono` for the type.

    The system chooses between light and dark; `data-theme="light"` or `"dark"` on the root element overrules. The
    colours of runs are `--wb-run-1` to `--wb-run-4`.
    """
    light, dark = (
        "".join(f"--wb-{name}:{value};" for name, value in [*asdict(tokens).items(), *_numbered(runs)])
        for tokens, runs in ((LIGHT, _RUN_COLOURS), (DARK, _RUN_COLOURS_IN_THE_DARK))
    )
    return (
        f":root{{color-scheme:light;--wb-sans:{SANS};--wb-mono:{MONO};{light}}}\n"
        f"@media (prefers-color-scheme:dark){{:root:not([data-theme=light]){{color-scheme:dark;{dark}}}}}\n"
        f":root[data-theme=dark]{{color-scheme:dark;{dark}}}\n"
    )


def _numbered(runs: tuple[str, ...]) -> list[tuple[str, str]]:
    return [(f"run-{place}", colour) for place, colour in enumerate(runs, 1)]


def contrast(one: str, other: str) -> float:
    """WCAG 2.2 contrast ratio of two `#rrggbb` colours, in [1, 21]: (L_light + 0.05) / (L_dark + 0.05)."""
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    channels = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


# Plotly's names of eight shapes that stay apart at 7 px.
GLYPHS = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down", "x", "star")

_OKABE_ITO = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#F0E442", "#000000")
_TOL_MUTED = (
    "#332288",
    "#CC6677",
    "#44AA99",
    "#DDCC77",
    "#88CCEE",
    "#882255",
    "#117733",
    "#AA4499",
    "#999933",
)
# Chosen to keep the smallest colour difference of Tol's nine, in normal and in each deficient vision.
_TOL_EXTENDED = (*_TOL_MUTED, "#7F6FE0", "#D89C78", "#A8201A")
MAX_COLOURED_CLASSES = len(_TOL_EXTENDED)


@dataclass(frozen=True)
class ClassStyle:
    """How one class is drawn: a `#rrggbb` colour and a plotly marker symbol."""

    colour: str
    glyph: str

    def outline(self, tokens: Tokens) -> str | None:
        """The colour of the 1 px outline that this fill needs on the theme's paper; None above 3:1."""
        return tokens.ink if contrast(self.colour, tokens.paper) < MIN_CONTRAST else None


def class_styles(n: int, *, focus: int = 0) -> list[ClassStyle]:
    """Styles for n classes, told apart by people with and without a colour vision deficiency.

    Up to 8 classes the colours are Okabe and Ito's, to 9 Paul Tol's muted set, to 12 that set and three more;
    in each the smallest CIE 1976 difference is at least 10 under full protanopia, deuteranopia and tritanopia
    (Machado, Oliveira and Fernandes 2009). Nobody tells more than 12 apart: then class `focus` has the accent
    and the others are grey. Glyphs repeat after eight classes; a repeated one has another colour, up to 12.

    Args:
        n: how many classes, 0 or more.
        focus: the class in the accent where there are more than 12.
    """
    if n < 0:
        raise ValueError(bad_parameter("class_styles", "n", "an integer in [0, inf)", n))
    if n > MAX_COLOURED_CLASSES:
        colours = [LIGHT.accent if i == focus else LIGHT.margin for i in range(n)]
    else:
        colours = list(_OKABE_ITO if n <= 8 else _TOL_MUTED if n == 9 else _TOL_EXTENDED)[:n]
    return [ClassStyle(colour, GLYPHS[i % len(GLYPHS)]) for i, colour in enumerate(colours)]


# Those of Okabe and Ito that reach 3:1 on both papers, so that a line needs no outline.
_RUN_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7")
# The darkest of them makes room for the accent of the dark theme, which is as much a blue.
_RUN_COLOURS_IN_THE_DARK = (DARK.accent, *_RUN_COLOURS[1:])
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")


@dataclass(frozen=True)
class RunStyle:
    """How one run is drawn: a `#rrggbb` colour, that of the light theme, and a plotly dash."""

    colour: str
    dash: str

    @property
    def css(self) -> str:
        """The colour as a style of a page, where it is that of the theme in force."""
        return f"var(--wb-run-{_RUN_COLOURS.index(self.colour) + 1}, {self.colour})"


def run_styles(n: int) -> list[RunStyle]:
    """Styles for n runs; pairs of colour and dash are all different up to 24 runs, and repeat after."""
    if n < 0:
        raise ValueError(bad_parameter("run_styles", "n", "an integer in [0, inf)", n))
    return [RunStyle(_RUN_COLOURS[i % len(_RUN_COLOURS)], DASHES[(i + i // 12) % len(DASHES)]) for i in range(n)]


TEMPLATES = ("wb-light", "wb-dark")


@cache
def template(name: str) -> Any:
    """The plotly template "wb-light" or "wb-dark" (a `plotly.graph_objects.layout.Template`).

    No grid, no box, a faint zero line; text in ink, ticks in muted; cividis for what is sequential and
    blue to orange for what is signed. The colourway is that of runs: a page draws a figure in the colours of the light
    theme, or in their stead in those at the same places of the dark one.
    A figure takes it with `figure.update_layout(template=template(name))`.

    Raises:
        ValueError: the name is not one of `TEMPLATES`.
    """
    if name not in TEMPLATES:
        raise ValueError(unknown_name("template", name, TEMPLATES))
    from plotly import graph_objects as go

    tokens = DARK if name == "wb-dark" else LIGHT
    axis = {
        "showgrid": False,
        "zeroline": True,
        "zerolinecolor": tokens.line,
        "zerolinewidth": 1,
        "showline": False,
        "ticks": "outside",
        "ticklen": 4,
        "tickcolor": tokens.line,
        "tickfont": {"color": tokens.muted, "size": 12},
        "title": {"font": {"color": tokens.ink, "size": 13}, "standoff": 8},
        "automargin": True,
    }
    return go.layout.Template(
        layout={
            "font": {"family": SANS, "size": 13, "color": tokens.ink},
            "title": {"font": {"size": 16}, "x": 0, "xref": "paper", "xanchor": "left"},
            "paper_bgcolor": tokens.paper,
            "plot_bgcolor": tokens.paper,
            "colorway": list(_RUN_COLOURS_IN_THE_DARK if tokens is DARK else _RUN_COLOURS),
            "colorscale": {
                "sequential": "Cividis",
                "diverging": [[0, "#0072B2"], [0.5, tokens.sphere], [1, "#D55E00"]],
            },
            "xaxis": axis,
            "yaxis": axis,
            "legend": {"bgcolor": "rgba(0,0,0,0)", "font": {"color": tokens.ink}, "title": {"text": ""}},
            "hoverlabel": {
                "bgcolor": tokens.sphere,
                "bordercolor": tokens.line,
                "font": {"family": SANS, "size": 13, "color": tokens.ink},
            },
            "modebar": {"bgcolor": "rgba(0,0,0,0)", "color": tokens.muted, "activecolor": tokens.accent},
            "margin": {"l": 56, "r": 16, "t": 48, "b": 48},
        }
    )
