"""The letters of the mathematics, declared once with their assumptions.

A letter that stands for a real number is declared real, a count a positive integer; no other file makes a
symbol for one of these. Indexed letters (`w[l]`) belong to layer l.
"""

import sympy as sp

x = sp.Symbol("x", real=True)
"""The argument of an activation: one pre-activation."""
y = sp.Symbol("y", real=True)
"""A value of the activation, y = φ(x); in Hochreiter's argument the fixed input."""
u = sp.Symbol("u", positive=True)
"""A named root."""
v = sp.Symbol("v", positive=True)
"""A second named root."""

PARAMETERS = {name: sp.Symbol(name, positive=True) for name in "a b c k alpha beta gamma lambda".split()}
"""The parameters that an activation may have, by name."""

n, l, k, q = sp.symbols("n l k q", integer=True, positive=True)
eta = sp.Symbol("eta", positive=True)
gamma = sp.Symbol("gamma", positive=True)
omega = sp.Symbol("omega", positive=True)
"""A common bound on ‖W_l‖₂ over the layers."""
E = sp.Symbol("E", real=True)
w_scalar = sp.Symbol("w", real=True)
"""One weight, of whatever layer."""

w = sp.IndexedBase("w", real=True)
a = sp.IndexedBase("a", real=True)
h = sp.IndexedBase("h", real=True)
W = sp.IndexedBase("W")
D = sp.IndexedBase("D")

T, t, s = sp.symbols("T t s", integer=True, positive=True)
"""Of recurrent nets: the number of time steps, and two steps among them."""
W_shared, U_shared, b_shared = sp.symbols("W U b", real=True)
"""What all time steps share: the recurrent weights, the input weights and the bias."""
x_in = sp.IndexedBase("x", real=True)
"""The input of a step, x_t."""

c, cand, i_gate, f_gate, o_gate, r_gate, z_gate, n_gate = (
    sp.IndexedBase(letter, real=True) for letter in "cgiforzn"
)
"""Of gated nets at step t: the cell c and its candidate g, the gates i, f, o (LSTM); the gates r and z, and
the candidate n (GRU)."""
