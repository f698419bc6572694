"""The index and the bibliography that stand beside exported derivations, in Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from symgrad.present.escape import markdown_text
from symgrad.present.markdown import prose_markdown
from symgrad.symbolic.derivation import Derivation
from symgrad.theory.bibliography import BIBLIOGRAPHY

__all__ = ["bibliography", "index"]


def index(derivations: Sequence[Derivation]) -> str:
    """Every derivation under its subject: title, files, proof grade, what it says."""
    lines = [
        "# Derivations",
        "",
        "Exported from the program; every step was checked when these files were written.",
    ]
    for subject in dict.fromkeys(derivation.subject for derivation in derivations):
        lines += ["", f"## {subject.capitalize()}", ""]
        for derivation in derivations:
            if derivation.subject == subject:
                links = f"[page]({derivation.key}.md), [LaTeX]({derivation.key}.tex)"
                says = prose_markdown(derivation.summary)
                lines.append(f"- **{derivation.title}** ({derivation.proof}; {links}). {says}")
    return "\n".join([*lines, "", "Works cited: [bibliography](bibliography.md).", ""])


def bibliography(derivations: Sequence[Derivation]) -> str:
    """The works cited by these derivations, and by which."""
    lines = ["# Bibliography", ""]
    for key in sorted({source.key for derivation in derivations for source in derivation.sources}):
        work = BIBLIOGRAPHY[key]
        citing = [d for d in derivations if any(source.key == key for source in d.sources)]
        links = ", ".join(f"[{d.key}]({d.key}.md)" for d in citing)
        text = work.written(markdown_text, "*{}*")
        lines.append(f"- **{key}**: {text} Cited by {links}.")
    return "\n".join([*lines, ""])
