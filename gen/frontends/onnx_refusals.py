"""What to use instead of an ONNX operator that is not converted."""

__all__ = ["advice"]

RELU = "Use ReLU, and train or fine-tune with it."
NORM = "Use BatchNormalization, which folds into the neighbouring weights."
ATTENTION = "Use a feed-forward network without attention and gates."
RECURRENT = "Use a feed-forward network."
CONTROL = "Export the network without branches and loops, for images of one fixed size."
RESIZE = "Use images of the size that the network works on, and no layers that enlarge them."
QDQ = "Quantise the model in the QDQ format (QuantizeLinear and DequantizeLinear), or not at all."
FUSED = "Save the model without the optimisations of a runtime, in standard ONNX operators."
CUSTOM = "Export the network in standard ONNX operators."
ORDER = "Use Reshape, Transpose, Slice and Pad that choose channels, rows and columns."
OTHER = (
    "Use Conv, Gemm, MatMul with constant weights, Relu, LeakyRelu, Clip from 0, MaxPool, "
    "AveragePool, BatchNormalization, Add, Concat or Flatten."
)

_FAMILIES: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        RELU,
        (
            *("Sigmoid", "Tanh", "Elu", "Selu", "Celu", "Gelu", "HardSigmoid", "HardSwish"),
            *("Mish", "Softplus", "Softsign", "ThresholdedRelu", "Erf", "Exp", "Pow", "Sqrt"),
            *("Abs", "Shrink", "Sin", "Cos", "Atan", "Reciprocal", "Log", "Swish", "Floor"),
            *("Ceil", "Round"),
        ),
    ),
    (
        NORM,
        (
            *("InstanceNormalization", "LayerNormalization", "GroupNormalization", "LRN"),
            *("LpNormalization", "MeanVarianceNormalization", "RMSNormalization"),
        ),
    ),
    (ATTENTION, ("Attention", "MultiHeadAttention", "Einsum", "RotaryEmbedding")),
    (RECURRENT, ("LSTM", "GRU", "RNN", "Scan")),
    (CONTROL, ("If", "Loop", "NonZero", "NonMaxSuppression", "Range", "ScatterND")),
    (RESIZE, ("Resize", "Upsample", "ConvTranspose", "MaxUnpool", "GridSample", "Tile")),
    (
        QDQ,
        (
            *("QLinearConv", "QLinearMatMul", "ConvInteger", "MatMulInteger"),
            "DynamicQuantizeLinear",
        ),
    ),
    ("Use AveragePool, MaxPool or a convolution with stride 2.", ("LpPool", "GlobalLpPool")),
    ("Use MaxPool or AveragePool over whole windows.", ("MaxRoiPool", "RoiAlign")),
    (ORDER, ("DepthToSpace", "SpaceToDepth", "GatherElements", "GatherND", "ReverseSequence")),
    ("Use ReduceMean or GlobalAveragePool.", ("ReduceMin", "ReduceProd", "ReduceL1", "ReduceL2")),
)
_BY_KIND = {kind: text for text, kinds in _FAMILIES for kind in kinds}


def advice(kind: str) -> str:
    """What to use instead of an operator, by its type with the domain in front."""
    if kind in _BY_KIND:
        return _BY_KIND[kind]
    if kind.startswith("com.microsoft"):
        return FUSED
    if "." in kind:
        return CUSTOM
    return OTHER
