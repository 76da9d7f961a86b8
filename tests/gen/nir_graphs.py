"""Small NIR graphs that tests write themselves."""

from pathlib import Path

import numpy as np

from augend.gen.frontends.nir_file import NirNode, write_nir_file

__all__ = [
    "SHARED",
    "affine",
    "chain",
    "conv",
    "cuba",
    "graph",
    "integrate_and_fire",
    "leaky",
    "linear",
    "pool",
    "write",
]

SHARED = Path(__file__).resolve().parents[3] / "shared" / "nets" / "nir"


def graph(nodes, edges):
    return NirNode(kind="NIRGraph", nodes=nodes, edges=tuple(edges))


def chain(shape, *nodes, out=1):
    """Input, the nodes named 0, 1, ..., output."""
    named = {"input": NirNode(kind="Input", values={"shape": np.array(shape)})}
    named |= {str(i): node for i, node in enumerate(nodes)}
    named["output"] = NirNode(kind="Output", values={"shape": np.array([out])})
    names = list(named)
    return graph(named, zip(names, names[1:], strict=False))


def write(path, shape, *nodes):
    write_nir_file(path, chain(shape, *nodes))
    return path


def conv(weight, stride=(1, 1), padding=(0, 0), dilation=(1, 1), groups=1, bias=None):
    values = {
        "weight": weight,
        "bias": np.zeros(len(weight)) if bias is None else bias,
        "stride": np.array(stride),
        "padding": padding if isinstance(padding, str) else np.array(padding),
        "dilation": np.array(dilation),
        "groups": groups,
    }
    return NirNode(kind="Conv2d", values=values)


def pool(kind, size, stride=None, padding=(0, 0)):
    values = {"kernel_size": size, "stride": stride or size, "padding": padding}
    return NirNode(kind=kind, values={k: np.array(v) for k, v in values.items()})


def linear(weight):
    return NirNode(kind="Linear", values={"weight": np.array(weight, float)})


def affine(weight, bias):
    return NirNode(
        kind="Affine", values={"weight": np.array(weight, float), "bias": np.array(bias, float)}
    )


def integrate_and_fire(shape, threshold=1.0, r=1.0, **more):
    values = {"r": np.full(shape, r), "v_threshold": np.full(shape, threshold)}
    return NirNode(kind="IF", values=values | {k: np.full(shape, v) for k, v in more.items()})


def leaky(shape, tau=2.5e-3, threshold=0.1, r=1.0, v_leak=0.0, **more):
    values = {"tau": tau, "v_threshold": threshold, "r": r, "v_leak": v_leak} | more
    return NirNode(kind="LIF", values={k: np.full(shape, v) for k, v in values.items()})


def cuba(shape, tau_syn, tau_mem, w_in, r, threshold):
    values = {
        "tau_syn": tau_syn,
        "tau_mem": tau_mem,
        "w_in": w_in,
        "r": r,
        "v_threshold": threshold,
        "v_leak": 0.0,
    }
    return NirNode(kind="CubaLIF", values={k: np.full(shape, v) for k, v in values.items()})
