"""Why an operation is not converted, and what to use instead of it."""

import torch
from torch import nn

from augend.gen.graph import ConversionError

__all__ = ["LAST", "NO_COUNTERPART", "RELU", "advice", "unusable"]

NO_COUNTERPART = "it has no counterpart among spiking neurons here."
RELU = "Use ReLU, and train or fine-tune with it."
POOL = "Use nn.MaxPool2d or nn.AvgPool2d, and train or fine-tune with it."
NORM = "Use nn.BatchNorm1d or nn.BatchNorm2d, which fold into the neighbouring weights."
LAST = "Leave it out: it does not change which class has the highest score."
PLANE = "Use nn.Conv2d, nn.Linear and nn.Flatten on images of (C, H, W) or vectors of (N,)."
RECURRENT = "Use a feed-forward network; recurrence is not read from PyTorch."
ATTENTION = "Use a network without attention: products of activations need a multiplier."
UPSAMPLE = "Use nn.Upsample(mode='nearest') followed by nn.Conv2d."
GREATEST = (
    "Reduce rows and columns only, e.g. nn.AdaptiveMaxPool2d(1); a maximum of two activations or "
    "over channels has no counterpart."
)
GATE = "Leave the gate out, e.g. squeeze-and-excitation: products of activations need a multiplier."
VALUES = "Use a forward method that does not depend on the values of activations."

_FAMILIES: tuple[tuple[str, tuple[str, ...]], ...] = (
    (POOL, ("lppool1d", "lppool2d", "lp_pool2d", "fractionalmaxpool2d", "fractional_max_pool2d")),
    (
        GREATEST,
        ("max", "amax", "min", "amin", "maximum", "minimum", "logsumexp", "norm", "std", "var"),
    ),
    (LAST, ("softmax", "logsoftmax", "log_softmax", "softmax2d", "softmin", "argmax", "topk")),
    (
        RELU,
        (
            *("sigmoid", "tanh", "leakyrelu", "leaky_relu", "gelu", "elu", "selu", "celu", "silu"),
            *("mish", "prelu", "rrelu", "hardswish", "hardsigmoid", "hardtanh", "swish", "erf"),
            *("softplus", "softsign", "logsigmoid", "glu", "threshold", "clamp", "hardshrink"),
            *("tanhshrink", "softshrink", "exp", "log", "abs", "sqrt", "rsqrt", "pow", "square"),
            *("sin", "cos", "atan"),
        ),
    ),
    (
        GATE,
        ("gate", "mul", "prod"),
    ),
    (
        "Divide by trained constants only; nn.BatchNorm2d folds into the neighbouring weights.",
        ("division", "div", "rdiv", "reciprocal"),
    ),
    ("Add activations one after the other, x + y.", ("stack", "cumsum", "cumprod", "addcmul")),
    (ATTENTION, ("bmm", "baddbmm", "einsum", "matmul", "multiheadattention", "tensordot")),
    (
        ATTENTION,
        (
            *("scaled_dot_product_attention", "multi_head_attention_forward", "transformer"),
            *("transformerencoder", "transformerencoderlayer", "cosine_similarity", "cdist"),
        ),
    ),
    (
        NORM,
        (
            *("groupnorm", "group_norm", "layernorm", "layer_norm", "instancenorm2d", "rmsnorm"),
            *("instance_norm", "instancenorm1d", "rms_norm", "localresponsenorm", "normalize"),
            *("local_response_norm", "crossmaplrn2d"),
        ),
    ),
    (PLANE, ("conv3d", "avgpool3d", "maxpool3d", "bilinear", "batchnorm3d", "unfold", "fold")),
    (
        UPSAMPLE,
        (
            *("convtranspose1d", "convtranspose2d", "conv_transpose2d", "conv_transpose1d"),
            *("convtranspose3d", "conv_transpose3d", "maxunpool2d", "max_unpool2d"),
        ),
    ),
    (UPSAMPLE, ("upsample", "interpolate", "upsamplingbilinear2d", "upsample_bilinear2d")),
    (UPSAMPLE, ("grid_sample", "grid_sampler", "affine_grid", "upsample_bicubic2d")),
    (RECURRENT, ("rnn", "lstm", "gru", "rnncell", "lstmcell", "grucell", "rnn_tanh", "lstm_cell")),
    (
        "Use images or vectors of numbers as input: tables of tokens are not read.",
        ("embedding", "embeddingbag", "embedding_bag", "one_hot"),
    ),
    ("Use padding_mode='zeros'.", ("reflectionpad2d", "replicationpad2d", "circularpad2d")),
    ("Draw numbers in training only, behind `if self.training`.", ("random", "bernoulli")),
    (
        "Train with the rounding, then write the rounded weights into the module.",
        ("round", "floor", "ceil", "trunc", "fake_quantize_per_tensor_affine", "frac"),
    ),
    ("Use real numbers.", ("fft", "fft_fft2", "fft_rfft2", "complex", "view_as_complex", "stft")),
    (VALUES, ("getitem", "index", "masked_fill", "sort", "argsort", "kthvalue", "median")),
    (VALUES, ("nonzero", "any", "all", "isnan", "isinf", "where", "scatter", "index_add")),
    (
        "Use nn.Flatten() or x.flatten(1), which make (C*H*W,) of (C, H, W).",
        (
            *("squeeze", "unsqueeze", "permute", "transpose", "unflatten", "view", "reshape"),
            *("flatten", "t", "movedim", "expand", "repeat", "pixelshuffle", "pixel_shuffle"),
        ),
    ),
)
_BY_KIND = {kind: text for text, kinds in _FAMILIES for kind in kinds}
_ANY = (
    "Use nn.Linear, nn.Conv2d, ReLU, nn.MaxPool2d, nn.AvgPool2d, nn.BatchNorm1d/2d, sums, "
    "torch.cat or nn.Flatten."
)


def advice(*kinds: str) -> str:
    """What to use instead of an operation, by the first known of its class's and other names."""
    names = (kind.strip(".()_").lower() for kind in kinds)
    return next((_BY_KIND[name] for name in names if name in _BY_KIND), _ANY)


def unusable(module: nn.Module) -> ConversionError | None:
    """What keeps a module from being run in double precision at all, by the layer's name."""
    for path, part in module.named_modules():
        if "quantized" in type(part).__module__:
            return ConversionError(
                "it is quantised already.",
                layer=path or type(part).__name__,
                kind=type(part).__name__,
                instead="Convert the network as it was before, in float: Augend quantises it.",
            )
        for name, value in (
            *part.named_parameters(recurse=False),
            *part.named_buffers(recurse=False),
        ):
            reason = _unusable(value)
            if reason is not None:
                return ConversionError(
                    f"its {name} {reason[0]}",
                    layer=path or type(part).__name__,
                    kind=type(part).__name__,
                    instead=reason[1],
                )
    return None


def _unusable(value: torch.Tensor) -> tuple[str, str] | None:
    if isinstance(value, (nn.UninitializedParameter, nn.UninitializedBuffer)):
        return "has no shape yet.", "Run the module once on an image."
    if value.is_meta:
        return "is on the device 'meta', without values.", "Load the trained weights first."
    if value.is_complex():
        return "is complex.", "Use real weights."
    if value.is_quantized:
        return "is quantised already.", "Convert the network as it was before, in float."
    return None
