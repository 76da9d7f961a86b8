"""What to use instead of an operation that this version does not convert."""

__all__ = ["advice"]

RELU = "Use ReLU, and train or fine-tune with it."
POOL = "Use nn.AvgPool2d or a convolution with stride 2, and train or fine-tune with it."
MERGE = "Use a plain chain of layers; branches that join are not in this version."
NORM = "Use nn.BatchNorm1d or nn.BatchNorm2d, which fold into the neighbouring weights."
LAST = "Leave it out: it does not change which class has the highest score."
LINEAR_2D = "Use nn.Conv2d, nn.Linear and nn.Flatten on images of (C, H, W) or vectors of (N,)."
RECURRENT = "Use a feed-forward network; recurrence is not in this version."

_FAMILIES: tuple[tuple[str, tuple[str, ...]], ...] = (
    (POOL, ("maxpool2d", "max_pool2d", "lppool2d", "fractionalmaxpool2d")),
    (
        "Use nn.AvgPool2d with the kernel written out, e.g. the size of its input for one output.",
        ("adaptiveavgpool2d", "adaptive_avg_pool2d", "mean"),
    ),
    (POOL, ("adaptivemaxpool2d", "adaptive_max_pool2d", "amax", "max")),
    (LAST, ("softmax", "logsoftmax", "log_softmax", "softmax2d", "softmin", "argmax")),
    (
        RELU,
        (
            *("sigmoid", "tanh", "leakyrelu", "leaky_relu", "gelu", "elu", "selu", "celu", "silu"),
            *("mish", "prelu", "rrelu", "relu6", "hardswish", "hardsigmoid", "hardtanh"),
            *("softplus", "softsign", "logsigmoid", "glu", "threshold", "clamp", "hardshrink"),
            *("tanhshrink", "clip", "exp", "abs", "sqrt", "pow", "square"),
        ),
    ),
    (
        MERGE,
        ("add", "add_", "iadd", "cat", "concat", "stack", "matmul", "bmm"),
    ),
    (
        "Use nn.BatchNorm2d inside the network, and mean= and std= of convert for its input.",
        ("sub", "mul", "truediv", "div"),
    ),
    (MERGE, ("chunk", "split", "getitem", "unbind")),
    (
        NORM,
        ("groupnorm", "group_norm", "layernorm", "layer_norm", "instancenorm2d", "rmsnorm"),
    ),
    (NORM, ("localresponsenorm", "local_response_norm", "normalize", "syncbatchnorm")),
    (
        LINEAR_2D,
        ("conv1d", "conv3d", "avgpool1d", "avgpool3d", "maxpool1d", "maxpool3d", "bilinear"),
    ),
    (
        "Use nn.Conv2d; transposed convolutions are not in this version.",
        ("convtranspose1d", "convtranspose2d", "conv_transpose2d", "upsample", "interpolate"),
    ),
    (RECURRENT, ("rnn", "lstm", "gru", "rnncell", "lstmcell", "grucell")),
    (
        "Use padding= of the convolution that follows.",
        ("zeropad2d", "pad", "reflectionpad2d", "replicationpad2d", "constantpad2d"),
    ),
    (
        "Use nn.Flatten() or x.flatten(1) between the convolutions and the first nn.Linear.",
        ("squeeze", "unsqueeze", "permute", "transpose", "unflatten", "view", "reshape", "flatten"),
    ),
    ("Use a feed-forward network without attention.", ("multiheadattention", "embedding")),
)
_BY_KIND = {kind: text for text, kinds in _FAMILIES for kind in kinds}


def advice(kind: str) -> str:
    """What to use instead of an operation, found by the name of its class or function."""
    return _BY_KIND.get(
        kind.strip(".()").lower(),
        "Use nn.Linear, nn.Conv2d, ReLU, nn.AvgPool2d, nn.BatchNorm1d/2d, nn.Flatten or "
        "nn.Dropout.",
    )
