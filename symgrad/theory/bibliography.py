"""The works cited, one line each; a derivation names the key and where in the work the statement stands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["BIBLIOGRAPHY", "Reference"]


@dataclass(frozen=True)
class Reference:
    """One work: authors, title, where it appeared, year, and an identifier (DOI or arXiv) when it has one."""

    authors: str
    title: str
    venue: str
    year: int
    identifier: str = ""

    def written(
        self, text: Callable[[str], str] = str, title: str = "{}", identifier: str = " {}.", where: str = ""
    ) -> str:
        """Authors (year). Title. Venue. Identifier. Where in it: the parts through `text`, which escapes for
        a target; `title` and `identifier` are formats, the latter left out where the work has none.
        """
        named = f"{text(self.authors)} ({self.year}). {title.format(text(self.title))}. {text(self.venue)}."
        known = identifier.format(text(self.identifier)) if self.identifier else ""
        place = text(where[:1].upper() + where[1:])
        return named + known + (f" {place}." if where else "")


BIBLIOGRAPHY: dict[str, Reference] = {
    "clevert2016": Reference(
        "D.-A. Clevert, T. Unterthiner, S. Hochreiter",
        "Fast and accurate deep network learning by exponential linear units (ELUs)",
        "ICLR",
        2016,
        "arXiv:1511.07289",
    ),
    "dugas2001": Reference(
        "C. Dugas, Y. Bengio, F. Bélisle, C. Nadeau, R. Garcia",
        "Incorporating second-order functional knowledge for better option pricing",
        "NIPS 13",
        2001,
    ),
    "elfwing2018": Reference(
        "S. Elfwing, E. Uchibe, K. Doya",
        "Sigmoid-weighted linear units for neural network function approximation in reinforcement learning",
        "Neural Networks 107",
        2018,
        "arXiv:1702.03118",
    ),
    "glorot2010": Reference(
        "X. Glorot, Y. Bengio",
        "Understanding the difficulty of training deep feedforward neural networks",
        "AISTATS",
        2010,
    ),
    "goldberg1991": Reference(
        "D. Goldberg",
        "What every computer scientist should know about floating-point arithmetic",
        "ACM Computing Surveys 23(1)",
        1991,
        "doi:10.1145/103162.103163",
    ),
    "hendrycks2016": Reference(
        "D. Hendrycks, K. Gimpel", "Gaussian error linear units (GELUs)", "preprint", 2016, "arXiv:1606.08415"
    ),
    "hochreiter1991": Reference(
        "S. Hochreiter",
        "Untersuchungen zu dynamischen neuronalen Netzen",
        "Diploma thesis, Technische Universität München",
        1991,
    ),
    "hochreiter1997": Reference(
        "S. Hochreiter, J. Schmidhuber",
        "Long short-term memory",
        "Neural Computation 9(8)",
        1997,
        "doi:10.1162/neco.1997.9.8.1735",
    ),
    "hochreiter2001": Reference(
        "S. Hochreiter, Y. Bengio, P. Frasconi, J. Schmidhuber",
        "Gradient flow in recurrent nets: the difficulty of learning long-term dependencies",
        "A field guide to dynamical recurrent neural networks, IEEE Press",
        2001,
    ),
    "howard2019": Reference(
        "A. Howard et al.", "Searching for MobileNetV3", "ICCV", 2019, "arXiv:1905.02244"
    ),
    "ieee754": Reference(
        "IEEE",
        "Standard for floating-point arithmetic, IEEE 754",
        "IEEE",
        2019,
        "doi:10.1109/IEEESTD.2019.8766229",
    ),
    "klambauer2017": Reference(
        "G. Klambauer, T. Unterthiner, A. Mayr, S. Hochreiter",
        "Self-normalizing neural networks",
        "NIPS 30",
        2017,
        "arXiv:1706.02515",
    ),
    "lecun1998": Reference(
        "Y. LeCun, L. Bottou, G. B. Orr, K.-R. Müller",
        "Efficient BackProp",
        "Neural networks: tricks of the trade, Springer",
        1998,
        "doi:10.1007/3-540-49430-8_2",
    ),
    "maas2013": Reference(
        "A. L. Maas, A. Y. Hannun, A. Y. Ng",
        "Rectifier nonlinearities improve neural network acoustic models",
        "ICML Workshop on Deep Learning for Audio, Speech and Language Processing",
        2013,
    ),
    "misra2020": Reference(
        "D. Misra",
        "Mish: a self regularized non-monotonic activation function",
        "BMVC",
        2020,
        "arXiv:1908.08681",
    ),
    "nair2010": Reference(
        "V. Nair, G. E. Hinton", "Rectified linear units improve restricted Boltzmann machines", "ICML", 2010
    ),
    "pascanu2013": Reference(
        "R. Pascanu, T. Mikolov, Y. Bengio",
        "On the difficulty of training recurrent neural networks",
        "ICML",
        2013,
        "arXiv:1211.5063",
    ),
    "poole2016": Reference(
        "B. Poole, S. Lahiri, M. Raghu, J. Sohl-Dickstein, S. Ganguli",
        "Exponential expressivity in deep neural networks through transient chaos",
        "NIPS 29",
        2016,
        "arXiv:1606.05340",
    ),
    "rumelhart1986": Reference(
        "D. E. Rumelhart, G. E. Hinton, R. J. Williams",
        "Learning representations by back-propagating errors",
        "Nature 323",
        1986,
        "doi:10.1038/323533a0",
    ),
    "saxe2014": Reference(
        "A. M. Saxe, J. L. McClelland, S. Ganguli",
        "Exact solutions to the nonlinear dynamics of learning in deep linear neural networks",
        "ICLR",
        2014,
        "arXiv:1312.6120",
    ),
    "schoenholz2017": Reference(
        "S. S. Schoenholz, J. Gilmer, S. Ganguli, J. Sohl-Dickstein",
        "Deep information propagation",
        "ICLR",
        2017,
        "arXiv:1611.01232",
    ),
    "sitzmann2020": Reference(
        "V. Sitzmann, J. N. P. Martel, A. W. Bergman, D. B. Lindell, G. Wetzstein",
        "Implicit neural representations with periodic activation functions",
        "NeurIPS 33",
        2020,
        "arXiv:2006.09661",
    ),
    "williams1997": Reference("C. K. I. Williams", "Computing with infinite networks", "NIPS 9", 1997),
}
