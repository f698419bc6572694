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
widths = sp.IndexedBase("N", integer=True, positive=True)
"""The number of units of layer l, N_l."""
n_in, n_out = sp.symbols("n_in n_out", integer=True, positive=True)
"""Of one layer: how many units feed each of its units, and how many each of them feeds."""

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

b_forget = sp.Symbol("b_f", real=True)
"""The bias of a forget gate."""

drive = sp.Symbol("d", real=True)
"""What a single unit is given at a step beside its own state: U x_t + b."""
mu, delta, radius, tau, rate = (sp.Symbol(name, positive=True) for name in "mu delta r tau lambda".split())
"""A bound on the drive; on what moves a state at every step; the radius of a ball; the threshold of a clip;
the rate λ of a contraction."""

through_output, opened, turned = (sp.IndexedBase(letter, real=True) for letter in "APQ")
"""Of an LSTM's step: A_t = ∂c_t/∂h_{t−1}, P_t = ∂h_t/∂c_t and Q_t = ∂h_t/∂h_{t−1} through the output gate."""
w_i, w_f, w_g, w_o, w_r, w_z, w_n = (sp.Symbol(f"w_{gate}", real=True) for gate in "ifgorzn")
"""The recurrent weight of each gate, where there is one unit."""
recalled = sp.IndexedBase("m", real=True)
"""Of a GRU's step: m_t = W_n h_{t−1} + b_hn, what the reset gate lets into the candidate."""
