"""A drawing that no measurement gives: a recurrent net unfolded through time, as SVG."""

from __future__ import annotations

from itertools import pairwise

__all__ = ["unfolded"]

CENTRES = (50, 170, 290, 410)
STATES, INPUTS = ("h₀", "h₁", "h₂", "h₃"), ("x₁", "x₂", "x₃")


def unfolded(dark: bool) -> str:
    """h₀ → h₁ → h₂ → h₃, the same W on every arrow, an input below every later state, the gradient's way
    back.
    """
    ink, blue, vermillion = ("#E6EBF1", "#3B93D3", "#E8803A") if dark else ("#1B2430", "#0072B2", "#D55E00")
    parts = []
    for x, name in zip(CENTRES, STATES, strict=True):
        parts.append(f'<circle cx="{x}" cy="40" r="24" fill="none" stroke="{ink}" stroke-width="1.6"/>')
        parts.append(text(x, 46, name, ink))
    for left, right in pairwise(CENTRES):
        parts += [arrow(left + 24, 40, right - 25, 40, ink), text((left + right) // 2, 29, "W", blue)]
    for x, name in zip(CENTRES[1:], INPUTS, strict=True):
        parts += [arrow(x, 92, x, 66, ink), text(x, 110, name, ink)]
    parts += [
        arrow(CENTRES[-1], 134, CENTRES[0], 134, vermillion),
        text(230, 158, "the gradient goes back through every W again", vermillion),
    ]
    return f'<svg viewBox="0 0 460 170" xmlns="http://www.w3.org/2000/svg">{"".join(parts)}</svg>'


def text(x: int, y: int, words: str, colour: str) -> str:
    return (
        f'<text x="{x}" y="{y}" text-anchor="middle" font-family="sans-serif" font-size="16" fill="{colour}">'
        f"{words}</text>"
    )


def arrow(x1: int, y1: int, x2: int, y2: int, colour: str) -> str:
    """A line with a triangle at its end; horizontal or vertical."""
    dx, dy = (x2 > x1) - (x2 < x1), (y2 > y1) - (y2 < y1)
    bx, by = x2 - 9 * dx, y2 - 9 * dy
    tip = f"{x2},{y2} {bx - 5 * dy},{by - 5 * dx} {bx + 5 * dy},{by + 5 * dx}"
    return (
        f'<line x1="{x1}" y1="{y1}" x2="{bx}" y2="{by}" stroke="{colour}" stroke-width="2"/>'
        f'<polygon points="{tip}" fill="{colour}"/>'
    )
