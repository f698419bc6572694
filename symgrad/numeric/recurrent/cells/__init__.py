"""Cells of recurrent nets: one step and its vector–Jacobian product each. Another cell is another file here.

RNN(kernel)             h_t = φ(W h_{t−1} + U x_t + b)
LSTM(forget_gate=True)  c_t = f∘c_{t−1} + i∘g,  h_t = o∘tanh(c_t); without forget gate f = 1
GRU()                   h_t = (1 − z)∘n + z∘h_{t−1},  PyTorch's form
"""

from symgrad.numeric.recurrent.cells.cell import Cell
from symgrad.numeric.recurrent.cells.gru import GRU
from symgrad.numeric.recurrent.cells.lstm import LSTM
from symgrad.numeric.recurrent.cells.rnn import RNN

__all__ = ["GRU", "LSTM", "RNN", "Cell"]
