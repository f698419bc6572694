"""Training: one loop over (parameters, loss-and-gradient, batches, optimiser, clip), in NumPy.

    chain = Chain(inputs=64, layers=(Dense(64, kernel),) * 30)
    state = State.start(chain.initial(seed=0), SGD(learning_rate=0.05))
    for record in train(state, chain.loss_and_gradient(), Shuffled(x, t, 64), SGD(0.05), steps=500):
        print(record.step, record.loss, record.gradient_norm)

What is new is an entry: a layer (`LAYERS`), a loss (`LOSSES`), an optimiser (`OPTIMISERS`), a clip (`CLIPS`),
a task (`TASKS`), or any other function for the loop to call. `runs.checkpoint` keeps a `State` on disk.
"""

from symgrad.numeric.training.batches import Batches, Shuffled, stream, whole
from symgrad.numeric.training.blocks import Highway, Residual, Stack
from symgrad.numeric.training.chain import Chain, LossAndGradient, Trace
from symgrad.numeric.training.clip import CLIPS, ByNorm, ByValue, Clip
from symgrad.numeric.training.datasets import DATASETS, DataSet, Split
from symgrad.numeric.training.dense import LINEAR, Activation, Dense
from symgrad.numeric.training.layer import Layer, Pass, Scratch
from symgrad.numeric.training.layers import LAYERS
from symgrad.numeric.training.loop import CANCELLED, Record, State, relative_update, train
from symgrad.numeric.training.losses import LOSSES
from symgrad.numeric.training.normalization import Normalization
from symgrad.numeric.training.observe import Observation, layer_matrices, observe
from symgrad.numeric.training.optimisers import OPTIMISERS, SGD, Adam, Momentum, Optimiser, Rprop
from symgrad.numeric.training.parameters import Layout, norm
from symgrad.numeric.training.plan import BLOCKS, Plan
from symgrad.numeric.training.pretraining import PRETRAINING, Pretrained, Pretraining, pretrain
from symgrad.numeric.training.recurrent import Recurrent
from symgrad.numeric.training.tasks import TASKS, Task, TaskBatches

__all__ = [
    "Activation",
    "Adam",
    "BLOCKS",
    "Batches",
    "ByNorm",
    "ByValue",
    "CANCELLED",
    "CLIPS",
    "Chain",
    "Clip",
    "DATASETS",
    "DataSet",
    "Dense",
    "Highway",
    "LAYERS",
    "LINEAR",
    "LOSSES",
    "Layer",
    "Layout",
    "LossAndGradient",
    "Momentum",
    "Normalization",
    "OPTIMISERS",
    "Observation",
    "Optimiser",
    "PRETRAINING",
    "Pass",
    "Plan",
    "Pretrained",
    "Pretraining",
    "Record",
    "Recurrent",
    "Residual",
    "Rprop",
    "SGD",
    "Scratch",
    "Shuffled",
    "Split",
    "Stack",
    "State",
    "TASKS",
    "Task",
    "TaskBatches",
    "Trace",
    "layer_matrices",
    "norm",
    "observe",
    "pretrain",
    "relative_update",
    "stream",
    "train",
    "whole",
]
