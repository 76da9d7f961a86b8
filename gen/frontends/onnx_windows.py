"""Where the windows of a convolution or a pooling lie: padding, steps, and how many there are."""

from dataclasses import dataclass

from augend.gen.frontends.onnx_call import Call
from augend.gen.graph import Pair

__all__ = ["Windows", "windows_of"]


@dataclass(frozen=True, kw_only=True)
class Windows:
    """Windows on an image of ``size`` rows and columns.

    ``before`` and ``after``: places added to each axis; ``channels``: zero channels added in front
    and behind, as CNTK does; ``count``: windows along each axis.
    """

    size: Pair
    kernel: Pair
    stride: Pair
    dilation: Pair
    before: Pair
    after: Pair
    channels: Pair
    count: Pair

    def leave(self, after: Pair = (0, 0)) -> bool:
        """Whether a window reaches places off the image, or beyond ``after`` of them behind it."""
        for axis in (0, 1):
            reach = (self.kernel[axis] - 1) * self.dilation[axis]
            last = (self.count[axis] - 1) * self.stride[axis] - self.before[axis] + reach
            if last >= self.size[axis] + after[axis]:
                return True
        return False

    @property
    def padded(self) -> bool:
        """Whether a window reaches places off the image."""
        return any(self.before) or self.leave()


def windows_of(call: Call, size: Pair, kernel: Pair) -> Windows:
    """Windows of ``kernel`` that the operator's attributes describe.

    ``auto_pad`` SAME makes ``ceil(size / stride)`` windows; what is missing is padded in halves, an
    odd one behind (UPPER) or in front (LOWER). With ``ceil_mode`` a last window may reach beyond
    the padding, if it starts within.
    """
    stride = call.pair("strides")
    dilation = call.pair("dilations")
    auto = call.attribute("auto_pad", "NOTSET")
    pads = [int(x) for x in call.attribute("pads", None) or (0, 0, 0, 0)]
    before, after, channels = [0, 0], [0, 0], (0, 0)
    if auto in ("NOTSET", ""):
        half = len(pads) // 2
        more = [pads[i] for i in (*range(half - 3), *range(half, 2 * half - 3))]
        if len(pads) not in (4, 6, 8) or min(pads) < 0 or any(more):
            raise call.refuse(
                f"its pads are {pads}.",
                "Use four, at least 0: in front of rows and columns, then behind them.",
            )
        before, after = pads[half - 2 : half], pads[-2:]
        channels = (pads[half - 3], pads[-3]) if half > 2 else (0, 0)
    elif auto not in ("SAME_UPPER", "SAME_LOWER", "VALID"):
        raise call.refuse(f"its auto_pad is {auto!r}.", "Use NOTSET, SAME_UPPER or VALID.")
    count = [0, 0]
    for axis in (0, 1):
        reach = (kernel[axis] - 1) * dilation[axis] + 1
        if auto.startswith("SAME"):
            count[axis] = -(-size[axis] // stride[axis])
            missing = max((count[axis] - 1) * stride[axis] + reach - size[axis], 0)
            before[axis] = missing // 2 if auto == "SAME_UPPER" else missing - missing // 2
            after[axis] = missing - before[axis]
            continue
        room = size[axis] + before[axis] + after[axis] - reach
        count[axis] = room // stride[axis] + 1
        if call.attribute("ceil_mode", 0) and room % stride[axis] and room >= 0:
            starts_at = count[axis] * stride[axis]
            count[axis] += starts_at < size[axis] + before[axis]
    if min(count) < 1:
        raise call.refuse(
            f"its window of {kernel} does not fit into an image of {size}.",
            "Use larger images or a smaller kernel.",
        )
    return Windows(
        size=size,
        kernel=kernel,
        stride=stride,
        dilation=dilation,
        before=(before[0], before[1]),
        after=(after[0], after[1]),
        channels=channels,
        count=(count[0], count[1]),
    )
