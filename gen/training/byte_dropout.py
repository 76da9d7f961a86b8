"""Dropout that draws a byte a neuron; what PyTorch draws takes longer than a small layer."""

import torch

__all__ = ["dropped", "left_out"]


def dropped(values: torch.Tensor, share: float) -> torch.Tensor:
    """Values of which a share is 0 and the others are larger by as much.

    Parameters
    ----------
    values
        Of any shape.
    share
        From 0 to below 1; it is rounded to 256ths.
    """
    return values * left_out(values, share) if round(256 * share) else values


@torch.no_grad()
def left_out(like: torch.Tensor, share: float) -> torch.Tensor:
    """Factors: 0 for a share of them, and for the others what keeps the mean.

    They lie in memory in the order of ``like``, so that a product reads both from end to end.
    """
    count = round(256 * share)
    if like.device.type != "cpu":
        kept = torch.rand_like(like, dtype=torch.float) >= count / 256
        return (kept * (256 / (256 - count))).to(like.dtype)
    words = torch.empty((like.numel() + 7) // 8, dtype=torch.int64)
    words.random_(-(1 << 63), None)
    drawn = words.view(torch.uint8)[: like.numel()]
    factors = torch.tensor([256 / (256 - count), 0.0], dtype=like.dtype)
    flat = torch.empty_like(like)
    flat.as_strided((like.numel(),), (1,)).copy_(factors[0] * (drawn >= count))
    return flat
