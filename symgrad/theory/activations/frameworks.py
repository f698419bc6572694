"""What the activations are called in PyTorch, JAX and Keras, and which of theirs stand outside the atlas."""

from collections.abc import Mapping

__all__ = ["EXCLUDED", "FRAMEWORKS", "framework_names"]


def _pairs(text: str) -> dict[str, str]:
    """Their name → ours; a name that stands alone is the same in both."""
    return {theirs: ours or theirs for theirs, _, ours in (word.partition("=") for word in text.split())}


FRAMEWORKS: Mapping[str, Mapping[str, str]] = {
    "torch.nn": _pairs(
        "Threshold=threshold ReLU=relu Hardtanh=hard_tanh ReLU6=relu6 Sigmoid=sigmoid "
        "Hardsigmoid=hard_sigmoid Tanh=tanh SiLU=silu Mish=mish Hardswish=hard_swish ELU=elu "
        "CELU=celu SELU=selu GELU=gelu Hardshrink=hard_shrink LeakyReLU=leaky_relu "
        "LogSigmoid=log_sigmoid Softplus=softplus Softshrink=soft_shrink PReLU=prelu "
        "Softsign=softsign Tanhshrink=tanh_shrink Identity=identity"
    ),
    "torch.nn.functional": _pairs(
        "threshold relu hardtanh=hard_tanh relu6 sigmoid hardsigmoid=hard_sigmoid tanh silu mish "
        "hardswish=hard_swish elu celu selu gelu hardshrink=hard_shrink leaky_relu "
        "logsigmoid=log_sigmoid softplus softshrink=soft_shrink prelu softsign "
        "tanhshrink=tanh_shrink"
    ),
    "jax.nn": _pairs(
        "relu relu6 sigmoid softplus sparse_plus sparse_sigmoid soft_sign=softsign silu swish=silu "
        "log_sigmoid leaky_relu hard_sigmoid hard_silu=hard_swish hard_swish hard_tanh tanh elu "
        "celu selu gelu=gelu_tanh squareplus mish identity"
    ),
    "keras.activations": _pairs(
        "relu leaky_relu relu6 celu elu hard_sigmoid hard_silu=hard_swish hard_swish hard_shrink "
        "hard_tanh gelu linear=identity exponential log_sigmoid mish selu sigmoid silu swish=silu "
        "softplus softsign soft_shrink sparse_plus sparse_sigmoid squareplus tanh tanh_shrink "
        "threshold"
    ),
}
"""Module → its name → the registered name, at the module's own defaults. Two have another default than the
entry: `keras.activations.leaky_relu` the slope 1/5, and `threshold` none at all. `jax.nn.gelu` means the
approximation by tanh unless told otherwise; PyTorch and Keras take the exact one.
"""

_VECTOR = "a function of a whole vector, not elementwise"
_GATE = "multiplies one half of a vector by a gate made of the other"
_RANDOM = "draws its slope at random in training; at rest it is leaky_relu(x, 11/48)"
_TOOL = "a tool for arrays, not an activation"

EXCLUDED: Mapping[str, Mapping[str, str]] = {
    "torch.nn": {
        "RReLU": _RANDOM,
        "GLU": _GATE,
        "MultiheadAttention": "a layer with weights",
        **dict.fromkeys(("Softmin", "Softmax", "Softmax2d", "LogSoftmax"), _VECTOR),
    },
    "torch.nn.functional": {
        "rrelu": _RANDOM,
        "glu": _GATE,
        "gumbel_softmax": "draws at random, and is a function of a whole vector",
        **dict.fromkeys(("softmin", "softmax", "log_softmax"), _VECTOR),
        **dict.fromkeys(("dropout", "alpha_dropout", "feature_alpha_dropout"), "draws at random"),
    },
    "jax.nn": {
        "glu": _GATE,
        **dict.fromkeys(("softmax", "log_softmax", "logsumexp", "logmeanexp", "standardize"), _VECTOR),
        "log1mexp": "log(1 - exp(-x)), an aid for probabilities that exists for x > 0 only",
        "dot_product_attention": "a layer of several arguments",
        **dict.fromkeys(
            (
                "one_hot",
                "initializers",
                "scaled_matmul",
                "scaled_dot_general",
                "get_scaled_dot_general_config",
            ),
            _TOOL,
        ),
    },
    "keras.activations": {
        "glu": _GATE,
        **dict.fromkeys(("softmax", "log_softmax", "sparsemax"), _VECTOR),
        **dict.fromkeys(("get", "serialize", "deserialize"), _TOOL),
    },
}
"""Module → its name → why it has no row."""


def framework_names(name: str) -> dict[str, str]:
    """Module → the name or names that it has for a registered activation."""
    return {
        module: ", ".join(theirs for theirs, ours in table.items() if ours == name)
        for module, table in FRAMEWORKS.items()
        if name in table.values()
    }
