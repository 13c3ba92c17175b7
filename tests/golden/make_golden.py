#!/usr/bin/python3
"""Writes the golden files beside it: losses, outputs and gradients as PyTorch has them, in double.

usage: make_golden.py [folder]        (Debian: apt-get install python3-torch)

The steps are PyTorch's own cells where it has them (rnn with tanh and relu, lstm, gru with reset
after) and the equations written out in its operations where it has not. The gradients are always
autograd's. Every case is checked against PyTorch's modules on packed sequences, or, truncated,
against a loop that detaches, if there are such. README.md in this folder describes the files.
"""
import math
import os
import random
import sys

import torch
import torch.nn.functional as F
from torch import distributions, nn

torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)

GATES = {"rnn": 1, "gru": 3, "lstm": 4}
SINGLE_TOLERANCE = 1e-6  # a case is drawn again when PyTorch's own single is further away
KINK_MARGIN = 1e-4       # and when a relu unit or the loss comes this near to its kink


# ------------------------------------------------------------------------------------- cells

def preactivation(p, x, h):
    return x @ p["W_xh"].T + p["b_h"] + h @ p["W_hh"].T


def gru_before(p, x, h):
    """Reset before the product, as in the paper of 2014; gates r, z, n."""
    W_xr, W_xz, W_xn = p["W_xh"].chunk(3)
    W_hr, W_hz, W_hn = p["W_hh"].chunk(3)
    b_r, b_z, b_n = p["b_h"].chunk(3)
    r = torch.sigmoid(x @ W_xr.T + b_r + h @ W_hr.T)
    z = torch.sigmoid(x @ W_xz.T + b_z + h @ W_hz.T)
    n = torch.tanh(x @ W_xn.T + b_n + (r * h) @ W_hn.T)
    return (1 - z) * n + z * h


def hidden_bias(p):
    """Of a gru, where only the last gate has one of its own."""
    zero = torch.zeros_like(p["b_hn"])
    return torch.cat([zero, zero, p["b_hn"]])


def step(case, p, x, state):
    """One step: x is B x D, a state (h, c) of B x H each; c is None but for lstm."""
    h, c = state
    weights = (p["W_xh"], p["W_hh"], p["b_h"])
    if case["cell"] == "lstm":
        return torch.lstm_cell(x, (h, c), *weights, torch.zeros_like(p["b_h"]))
    if case["cell"] == "gru" and case["reset"] == "before":
        return gru_before(p, x, h), None
    if case["cell"] == "gru":
        return torch.gru_cell(x, h, *weights, hidden_bias(p)), None
    zero = torch.zeros_like(p["b_h"])
    if case["activation"] == "tanh":
        return torch.rnn_tanh_cell(x, h, *weights, zero), None
    if case["activation"] == "relu":
        a = preactivation(p, x, h).detach()
        case["kink"] = min(case["kink"], a.abs().min().item())
        return torch.rnn_relu_cell(x, h, *weights, zero), None
    if case["activation"] == "sigmoid":
        return torch.sigmoid(preactivation(p, x, h)), None
    return preactivation(p, x, h), None


# ------------------------------------------------------------------------------------- layers

def either(condition, s, t):
    """Of each sequence one of two states."""
    return tuple(None if u is None else torch.where(condition[:, None], u, v)
                 for u, v in zip(s, t))


def fixed(state):
    return tuple(None if s is None else s.detach() for s in state)


def layers_of(case):
    """Of each layer its units and the suffixes of its directions, the forward one first."""
    return [(H, [("" if l == 0 else f"_l{l + 1}") + d for d in ("", "_rev")[:directions(case)]])
            for l, H in enumerate(case["hidden"])]


def directions(case):
    return 2 if case.get("bidirectional") else 1


def parameters_of(p, suffix):
    """Those of one direction of a layer."""
    return {k: p[k + suffix] for k in ("W_xh", "W_hh", "b_h", "b_hn") if k + suffix in p}


def run(case, p, a, entry, first, end, cut=math.inf):
    """Steps first..end-1 (from 0), one layer after the other, each direction from its state in
    `entry`. Returns the outputs of the topmost layer by step, B x units, and the states after each
    step by suffix and step. Sequences that are not at a step keep their state. No gradient crosses
    the borders of pieces of `cut` steps."""
    x = {t: a["x"][:, :, t].T for t in range(first, end)}
    after = {}
    for _, suffixes in layers_of(case):
        for suffix in suffixes:
            own, state, at = parameters_of(p, suffix), entry[suffix], {}
            back = suffix.endswith("_rev")
            for t in reversed(range(first, end)) if back else range(first, end):
                before = t + 1 if back else t - 1
                if first <= before < end and t // cut != before // cut:
                    state = either(a["lengths"] > before, fixed(state), state)
                live = a["lengths"] > t
                shown = torch.where(live[:, None], x[t], torch.zeros((), dtype=x[t].dtype))
                state = at[t] = either(live, step(case, own, shown, state), state)
            after[suffix] = at
        x = {t: torch.cat([after[s][t][0] for s in suffixes], 1) for t in x}
    return x, after


def entries(case, a, initial, after, start, end):
    """States that directions have where they come into steps start..end-1, held fixed; a sequence
    that begins there has its initial state."""
    T = a["x"].shape[2]
    entry = {}
    for suffix, state in initial.items():
        before = end if suffix.endswith("_rev") else start - 1
        entry[suffix] = state if not 0 <= before < T else \
            either(a["lengths"] > before, fixed(after[suffix][before]), state)
    return entry


def readout(p, h):
    return h @ p["W_hy"].T + p["b_y"]


# ------------------------------------------------------------------------------------- loss
#
# Each is of y, N x outputs to a number of the target, and of t, N numbers. Their reduction
# is PyTorch's.

def reduced(each, reduction):
    return {"none": lambda: each, "sum": each.sum, "mean": each.mean}[reduction]()


def mse(case, a, y, t, reduction):
    return F.mse_loss(y[:, 0], t, reduction=reduction)


def mae(case, a, y, t, reduction):
    case["kink"] = min(case["kink"], (y[:, 0] - t).detach().abs().min().item())
    return F.l1_loss(y[:, 0], t, reduction=reduction)


def huber(case, a, y, t, reduction):
    return F.huber_loss(y[:, 0], t, reduction=reduction, delta=case["delta"])


def cross_entropy(case, a, y, t, reduction):
    return F.cross_entropy(y, t.long() - 1, a.get("class_weights"), reduction=reduction)


def binary_cross_entropy(case, a, y, t, reduction):
    return F.binary_cross_entropy_with_logits(y[:, 0], t, reduction=reduction)


def quantile(case, a, y, t, reduction):
    q, d = torch.tensor(case["levels"]), t[:, None] - y
    case["kink"] = min(case["kink"], d.detach().abs().min().item())
    each = torch.maximum(q * d, (q - 1) * d)
    return each.sum(1) if reduction == "none" else reduced(each, reduction)


def gaussian(case, a, y, t, reduction):
    return F.gaussian_nll_loss(y[:, 0], t, torch.exp(2 * y[:, 1]), full=True, reduction=reduction)


def student_t(case, a, y, t, reduction):
    law = distributions.StudentT(2 + F.softplus(y[:, 2]), y[:, 0], torch.exp(y[:, 1]))
    return reduced(-law.log_prob(t), reduction)


def negative_binomial(case, a, y, t, reduction):
    law = distributions.NegativeBinomial(torch.exp(-y[:, 1]), logits=y[:, 0] + y[:, 1])
    return reduced(-law.log_prob(t), reduction)


def linear(case, a, y, t, reduction):
    return reduced(y[:, 0] * t, "none" if reduction == "none" else "sum")


LOSSES = {f.__name__: f for f in (mse, mae, huber, cross_entropy, binary_cross_entropy, quantile,
                                  gaussian, student_t, negative_binomial, linear)}


def outputs_of(case):
    """How many outputs there are to a number of the target."""
    return {"quantile": len(case.get("levels", ())), "gaussian": 2, "student_t": 3,
            "negative_binomial": 2, "cross_entropy": case["output"]}.get(case["loss"], 1)


def counted(case, a, t, y):
    """What counts at step t: N x outputs, N numbers of the target, N weights. y is B x O."""
    last = case.get("output_mode") == "last"
    live = a["lengths"] == t + 1 if last else a["lengths"] > t
    target, weights = (v if last or v is None else v[..., t]
                       for v in (a["target"], a.get("weights")))
    if case["loss"] not in ("mse", "cross_entropy"):  # of numbers in single, but not in it
        y, target = y.double(), target.double()
    target = target.reshape(-1, len(live)).T          # B x F
    y = y.reshape(len(live), -1, target.shape[1]).transpose(1, 2)
    weights = torch.ones(()) if weights is None else weights[:, None]
    counts = ~target.isnan() & live[:, None]
    return y[counts], target[counts], weights.expand(counts.shape)[counts]


def step_loss(case, a, t, y):
    """Sum over what counts at step t; y is B x O."""
    y, target, weights = counted(case, a, t, y)
    if len(target) == 0:
        return torch.zeros(())
    each = LOSSES[case["loss"]](case, a, y, target, "none")
    return (each * weights.to(each.dtype)).sum()


def scale(case, a):
    """A mean divides by the weights of what counts."""
    if case["reduction"] == "sum":
        return 1.0
    total = 0
    y = torch.zeros(a["x"].shape[1], case["output"])
    for t in range(a["x"].shape[2]):
        _, target, weights = counted(case, a, t, y)
        if "class_weights" in a:
            weights = weights * a["class_weights"][target.long() - 1]
        total += weights.sum().item()
    return 1.0 / (total * (outputs_of(case) if case["loss"] == "quantile" else 1))


def windows(case, T):
    """(start, first, end), steps from 0: the losses of steps first..end-1 go back to start.

    truncate = (k1, k2): every k1 steps the losses of these k1 steps go back through them and
    through the k2 - k1 steps before. When T is not a multiple of k1 the last chunk is shorter.
    """
    if "truncate" not in case:
        return [(0, 0, T)]
    k1, k2 = case["truncate"]
    return [(max(0, first + k1 - k2) if math.isfinite(k2) else 0, first, min(first + k1, T))
            for first in range(0, T, k1)]


# ------------------------------------------------------------------------------------- a case

def opened(case, arrays, dtype):
    """The arrays, the parameters, and the initial states by suffix, all ready for gradients."""
    a = {k: v.to(dtype, copy=True) for k, v in arrays.items()}
    _, B, T = a["x"].shape
    a.setdefault("lengths", torch.full((B,), T))
    a["x"].requires_grad_()
    p = {k[6:]: v.requires_grad_() for k, v in a.items() if k.startswith("param.")}
    leaves = {}
    for H, suffixes in layers_of(case):
        for suffix in suffixes:
            for s in "hc" if case["cell"] == "lstm" else "h":
                given = a.get("state." + s + suffix, torch.zeros(H, B, dtype=dtype))
                leaves[s + suffix] = given.requires_grad_()
    initial = {k[1:]: (v.T, leaves["c" + k[1:]].T if "c" + k[1:] in leaves else None)
               for k, v in leaves.items() if k[0] == "h"}
    return a, p, leaves, initial


def gradient(v):
    return torch.zeros_like(v) if v.grad is None else v.grad.clone()


def gradients(a, p, leaves):
    """Unclipped, by the names of the file."""
    D, B, T = a["x"].shape
    over = (torch.arange(T)[None, :] >= a["lengths"][:, None]).expand(D, B, T)
    return {**{"grad." + k: gradient(v) for k, v in p.items()},
            "dx": gradient(a["x"]).masked_fill(over, 0),
            **{"dstate." + k: gradient(v) for k, v in leaves.items()}}


def clip(case, out):
    """Clips the gradient; returns its norm before."""
    grad = [k for k in out if k.startswith("grad.")]
    norm = math.sqrt(sum((out[k] * out[k]).sum().item() for k in grad))
    if "clip_value" in case:
        out.update({k: out[k].clamp(-case["clip_value"], case["clip_value"]) for k in grad})
    if "clip_norm" in case:
        clipped = math.sqrt(sum((out[k] * out[k]).sum().item() for k in grad))
        if clipped > case["clip_norm"]:
            out.update({k: out[k] * (case["clip_norm"] / clipped) for k in grad})
    return norm


def series(case, a, steps, only_last):
    """B x n by step as n x B x T, nan beyond the length; or as n x B of the last steps."""
    whole = torch.stack([steps[t].T for t in range(len(steps))], 2)
    n, B, T = whole.shape
    if only_last:
        return torch.stack([whole[:, b, int(a["lengths"][b]) - 1] for b in range(B)], 1)
    over = torch.arange(T)[None, :] >= a["lengths"][:, None]
    return whole.masked_fill(over.expand(n, B, T), math.nan)


def evaluate(case, arrays, dtype):
    """All expected values of a case, as a dict of tensors in the layout of the file."""
    a, p, leaves, initial = opened(case, arrays, dtype)
    T = a["x"].shape[2]
    with torch.no_grad():
        h, after = run(case, p, a, initial, 0, T)
        y = {t: readout(p, h[t]) for t in h}

    loss = 0.0
    for start, first, end in windows(case, T):
        entry = entries(case, a, initial, after, start, end)
        top, _ = run(case, p, a, entry, start, end)
        part = sum(step_loss(case, a, t, readout(p, top[t])) for t in range(first, end))
        part = part * scale(case, a)
        loss += part.item()
        if part.requires_grad:
            part.backward(retain_graph=True)

    out = {"loss": torch.tensor([loss]),
           "y": series(case, a, y, case.get("output_mode") == "last"),
           "h": series(case, a, h, False)}
    for k in leaves:
        final = after[k[1:]][0 if k.endswith("_rev") else T - 1]
        out["last." + k] = final["hc".index(k[0])].T
    out.update(gradients(a, p, leaves))
    out["grad_norm"] = torch.tensor([clip(case, out)])
    return {k: v.detach().to(torch.float64) for k, v in out.items()}


# ------------------------------------------------------------------------------------- checks

def check(case, got, expected):
    for k, v in got.items():
        torch.testing.assert_close(v.detach(), expected[k], rtol=1e-12, atol=1e-13, equal_nan=True,
                                   msg=lambda m: f"{case['name']}: {k}: {m}")


def check_detaching_loop(case, arrays, expected):
    """truncate = (k, k) must be what everyone writes: one pass that detaches every k steps."""
    a, p, leaves, initial = opened(case, arrays, torch.float64)
    T = a["x"].shape[2]
    top, _ = run(case, p, a, initial, 0, T, cut=case["truncate"][0])
    loss = sum(step_loss(case, a, t, readout(p, top[t])) for t in range(T)) * scale(case, a)
    loss.backward()
    check(case, {**gradients(a, p, leaves), "loss": loss.reshape(1)}, expected)


def module_of(case, inputs, H):
    """PyTorch's own layer; None: it has none of this kind."""
    both = {"bidirectional": directions(case) == 2}
    if case["cell"] == "lstm":
        return nn.LSTM(inputs, H, **both)
    if case["cell"] == "gru":
        return nn.GRU(inputs, H, **both) if case["reset"] == "after" else None
    if case["activation"] in ("tanh", "relu"):
        return nn.RNN(inputs, H, nonlinearity=case["activation"], **both)
    return None


def fill_module(module, p, suffix):
    """Gives one direction its parameters; returns PyTorch's by our names."""
    end = "_reverse" if suffix.endswith("_rev") else ""
    own = parameters_of(p, suffix)
    b_hh = hidden_bias(own) if "b_hn" in own else torch.zeros_like(own["b_h"])
    pairs = {"weight_ih_l0": own["W_xh"], "weight_hh_l0": own["W_hh"], "bias_ih_l0": own["b_h"],
             "bias_hh_l0": b_hh}
    with torch.no_grad():
        for name, value in pairs.items():
            getattr(module, name + end).copy_(value)
    theirs = [getattr(module, name + end) for name in pairs]
    return {k + suffix: v for k, v in zip(("W_xh", "W_hh", "b_h", "b_hn"), theirs) if k in own}


def run_modules(case, p, a, initial):
    """PyTorch's layers, one after the other, on packed sequences: the states of the topmost one,
    T x B x units, those at the end, and PyTorch's parameters by our names."""
    D, B, T = a["x"].shape
    x = torch.where(a["x"].isnan(), torch.zeros(()), a["x"]).permute(2, 1, 0)
    packed = nn.utils.rnn.pack_padded_sequence(x, a["lengths"].long(), enforce_sorted=False)
    last, theirs, inputs = {}, {}, D
    for H, suffixes in layers_of(case):
        module = module_of(case, inputs, H)
        for suffix in suffixes:
            theirs.update(fill_module(module, p, suffix))
        h, c = (None if s[0] is None else torch.stack(s)
                for s in zip(*(initial[suffix] for suffix in suffixes)))
        packed, final = module(packed, h if c is None else (h, c))
        for name, state in zip("hc", (final,) if c is None else final):
            last.update({f"last.{name}{s}": state[d].T for d, s in enumerate(suffixes)})
        inputs = H * len(suffixes)
    return nn.utils.rnn.pad_packed_sequence(packed, total_length=T)[0], last, theirs


def check_modules(case, arrays, expected):
    """What is not truncated must be what PyTorch's layers make of it."""
    if module_of(case, 1, 1) is None:
        return
    a, p, leaves, initial = opened(case, arrays, torch.float64)
    h, got, theirs = run_modules(case, p, a, initial)
    y = readout(p, h)
    parts = [counted(case, a, t, y[t]) for t in range(len(y))]
    outputs, target, weights = (torch.cat(v) for v in zip(*parts))
    f = LOSSES[case["loss"]]
    if "weights" in a:
        loss = (f(case, a, outputs, target, "none") * weights).sum() * scale(case, a)
    else:
        loss = f(case, a, outputs, target, case["reduction"])
    loss.backward()
    got.update(gradients(a, {k: p[k] for k in ("W_hy", "b_y")}, leaves))
    for k, v in theirs.items():
        gate = v.grad[-len(p[k]):] if k.startswith("b_hn") else v.grad
        got["grad." + k] = gate
    got.update(loss=loss.reshape(1), h=series(case, a, h, False),
               y=series(case, a, y, case.get("output_mode") == "last"))
    assert {*got, "grad_norm"} == {*expected}, f"{case['name']}: not all values are checked"
    check(case, got, expected)


def check_case(case, arrays, expected):
    if "clip_norm" in case or "clip_value" in case:
        return
    if "truncate" not in case:
        check_modules(case, arrays, expected)
    elif case["truncate"][0] == case["truncate"][1]:
        check_detaching_loop(case, arrays, expected)


# ------------------------------------------------------------------------------------- drawing

def draw(case, attempt):
    """Inputs of a case: multiples of 1/64, which double, single and short text hold exactly."""
    rng = random.Random(f"{case['name']}/{attempt}")
    D, _, O, B, T = case["size"]
    G = GATES[case["cell"]]
    steps = () if case.get("output_mode") == "last" else (T,)

    def uniform(limit, *dims):
        n = math.prod(dims)
        top = max(1, round(64 * limit))
        return torch.tensor([rng.randint(-top, top) / 64 for _ in range(n)]).reshape(dims)

    def some(choices, *dims):
        n = math.prod(dims)
        return torch.tensor([float(rng.choice(choices)) for _ in range(n)]).reshape(dims)

    a = {"x": uniform(1, D, B, T)}
    features = O // outputs_of(case)
    if case["loss"] == "cross_entropy":
        a["target"] = some(range(1, O + 1), B, *steps)
    elif case["loss"] == "binary_cross_entropy":
        a["target"] = some([0, 0.25, 0.875, 1], features, B, *steps)
    elif case["loss"] == "negative_binomial":
        a["target"] = some([0, 0, 1, 2, 3, 5, 9, 40], features, B, *steps)
    else:
        a["target"] = uniform(1.5, features, B, *steps)
    if case.get("missing"):
        gone = torch.tensor([rng.random() < .25 for _ in range(a["target"].numel())])
        gone[0], gone[-1] = True, False
        a["target"] = a["target"].masked_fill(gone.reshape(a["target"].shape), math.nan)
    if case.get("lengths"):
        lengths = [rng.randint(1, T) for _ in range(B)]
        lengths[-1], lengths[0] = T, max(1, T // 2)
        a["lengths"] = torch.tensor([float(n) for n in lengths])
        over = torch.arange(T)[None, :] >= a["lengths"][:, None]
        a["x"] = a["x"].masked_fill(over.expand(D, B, T), math.nan)  # must not be looked at
    if case.get("weighted"):
        a["weights"] = some([0, 0.5, 1, 1.25, 2], B, *steps)
    if case.get("class_weighted"):
        a["class_weights"] = torch.cat([torch.zeros(1), uniform(.5, O - 1) + 1])
    if case.get("state"):
        for H, suffixes in layers_of(case):
            for suffix in suffixes:
                a["state.h" + suffix] = uniform(1, H, B)
                if case["cell"] == "lstm":
                    a["state.c" + suffix] = uniform(1.5, H, B)
    below = D
    for H, suffixes in layers_of(case):
        for suffix in suffixes:
            a["param.W_xh" + suffix] = uniform(1 / math.sqrt(below), G * H, below)
            a["param.W_hh" + suffix] = uniform(1.2 / math.sqrt(H), G * H, H)
            a["param.b_h" + suffix] = uniform(.5, G * H)
            if case["cell"] == "gru" and case["reset"] == "after":
                a["param.b_hn" + suffix] = uniform(.5, H)
        below = H * len(suffixes)
    a["param.W_hy"] = uniform(1.5 / math.sqrt(below), O, below)
    a["param.b_y"] = uniform(.5, O)
    return a


def distance(value, true):
    """Largest error relative to the largest magnitude."""
    error = (value - true).nan_to_num(0).abs().max().item()
    size = true.nan_to_num(0).abs().max().item()
    return error / size if size > 0 else error


def build(case):
    """Draws until the case says something in single too, and nothing sits on a kink."""
    for attempt in range(200):
        arrays = draw(case, attempt)
        case["kink"] = math.inf
        expected = evaluate(case, arrays, torch.float64)
        if case["kink"] < KINK_MARGIN:
            continue
        single = evaluate(case, arrays, torch.float32)
        if max(distance(single[k], expected[k]) for k in expected) > SINGLE_TOLERANCE:
            continue
        check_case(case, arrays, expected)
        return arrays, expected
    raise SystemExit(f"{case['name']}: no draw that is well conditioned")


# ------------------------------------------------------------------------------------- files

SETTINGS = ("cell", "hidden", "bidirectional", "output_mode", "activation", "reset", "loss",
            "delta", "levels", "reduction", "truncate", "clip_value", "clip_norm")


def text(v, largest):
    """15 digits of the largest number of an array, of the others as many decimals."""
    if math.isnan(v):
        return "nan"
    if v == int(v) and abs(v) < 1e6:
        return str(int(v))
    digits = 15 + math.floor(math.log10(abs(v))) - math.floor(math.log10(largest))
    return f"{v:.{max(1, digits)}g}"


def write_array(out, name, a):
    out.write(f"array {name} {' '.join(str(n) for n in a.shape)}\n")
    values = a.detach().permute(*reversed(range(a.dim()))).flatten().tolist()
    largest = a.detach().nan_to_num(0).abs().max().item()
    for i in range(0, len(values), 8):
        out.write(" ".join(text(v, largest) for v in values[i:i + 8]) + "\n")


def write_file(folder, name, about, cases):
    names = [c["name"] for c in cases]
    assert len(set(names)) == len(names), "two cases of one name"
    with open(os.path.join(folder, name + ".txt"), "w") as out:
        out.write(f"# {about}\n# Written by make_golden.py with PyTorch {torch.__version__}; "
                  f"README.md describes the format.\ncases {len(cases)}\n")
        for case in cases:
            arrays, expected = build(case)
            if case["loss"] == "linear":  # it has no name: the gradient is given in its place
                arrays = {"dy" if k == "target" else k: v for k, v in arrays.items()}
            out.write(f"\ncase {case['name']}\n")
            for key in SETTINGS:
                if key in case and not (key in ("loss", "reduction") and "dy" in arrays):
                    v = case[key]
                    v = " ".join(str(k).replace("inf", "Inf") for k in v) \
                        if isinstance(v, tuple) else v
                    out.write(f"set {key} {v}\n")
            for key, a in {**arrays, **expected}.items():
                write_array(out, key, a)
            out.write("end\n")
    print(f"{name}.txt: {len(cases)} cases, "
          f"{os.path.getsize(os.path.join(folder, name + '.txt'))} bytes")


# ------------------------------------------------------------------------------------- which

MODELS = [{"cell": "rnn", "activation": f} for f in ("tanh", "relu", "sigmoid", "identity")] + \
         [{"cell": "lstm"}, {"cell": "gru", "reset": "after"}, {"cell": "gru", "reset": "before"}]
OBJECTIVES = [{"loss": l, "reduction": r} for l in ("mse", "cross_entropy")
              for r in ("mean", "sum")]


def case(label, model, size, **more):
    """size is D H O B T, H a number or a number for each layer."""
    D, H, O, B, T = size
    hidden = H if isinstance(H, tuple) else (H,)
    sizes = (D, "+".join(str(n) for n in hidden), O, B, T)
    model_name = "-".join(model.values())
    return {"name": f"{model_name}-{label}-" + "x".join(str(n) for n in sizes),
            **model, "size": size, "hidden": hidden, "output": O, "loss": "mse",
            "reduction": "mean", **more}


def plain_cases(model):
    """Each loss and reduction: alone, and with everything that can be given; sizes D H O B T."""
    cases = []
    for o in OBJECTIVES:
        label = f"{o['loss']}-{o['reduction']}"
        cases.append(case(label, model, (3, 3, 3, 1, 5), **o))
        cases.append(case(label + "-all", model, (1, 3, 3, 5, 7), state=True, lengths=True,
                          missing=True, **o))
    cases += [
        case("one", model, (1, 1, 1, 1, 1)),
        case("two-classes", model, (1, 1, 2, 1, 3), loss="cross_entropy", state=True),
        case("one-step", model, (17, 3, 1, 3, 1), state=True),
        case("one-unit", model, (3, 1, 3, 3, 5), state=True, reduction="sum"),
        case("state", model, (3, 17, 1, 1, 11), state=True),
        case("lengths", model, (3, 3, 1, 17, 5), lengths=True, reduction="sum"),
        case("missing", model, (1, 3, 17, 3, 5), missing=True),
        case("classes", model, (1, 3, 17, 3, 5), loss="cross_entropy", missing=True, lengths=True),
    ]
    return cases


def wide_cases():
    """Across the width of vectors and tiles."""
    return [case("wide", {"cell": "rnn", "activation": "tanh"}, (3, 40, 3, 9, 3), state=True),
            case("wide", {"cell": "rnn", "activation": "relu"}, (1, 33, 1, 5, 5), lengths=True),
            case("wide", {"cell": "lstm"}, (1, 33, 1, 5, 5), state=True, lengths=True),
            case("wide", {"cell": "gru", "reset": "after"}, (1, 25, 3, 3, 5), state=True),
            case("wide", {"cell": "gru", "reset": "before"}, (5, 20, 3, 3, 5), state=True,
                 lengths=True),
            case("wide-one", {"cell": "rnn", "activation": "tanh"}, (1, 40, 2, 1, 11), state=True,
                 loss="cross_entropy"),
            case("wide-features", {"cell": "lstm"}, (40, 3, 1, 3, 3)),
            case("wide-batch", {"cell": "gru", "reset": "after"}, (1, 3, 1, 40, 3), lengths=True)]


def truncated_cases():
    cases = []
    for m in MODELS:
        for k1, k2 in ((1, 1), (4, 4), (11, 11), (1, 3), (3, 5), (5, 50), (2, math.inf)):
            label = f"truncate-{k1}-{k2}".replace("inf", "Inf")
            cases.append(case(label, m, (1, 3, 1, 3, 11), truncate=(k1, k2), state=True,
                              reduction="sum"))
        cases.append(case("truncate-4-6-all", m, (3, 3, 3, 3, 11), truncate=(4, 6), state=True,
                          lengths=True, missing=True, loss="cross_entropy"))
        cases.append(case("truncate-3-3-all", m, (3, 3, 1, 3, 11), truncate=(3, 3), state=True,
                          lengths=True, missing=True))
    cases.append(case("truncate-2-5", MODELS[0], (3, 17, 3, 3, 11), truncate=(2, 5), state=True))
    return cases


def clipped_cases():
    cases = []
    for m in MODELS:
        cases += [
            case("clip-value", m, (3, 3, 1, 3, 5), clip_value=.05, reduction="sum"),
            case("clip-norm", m, (3, 3, 1, 3, 5), clip_norm=.5, reduction="sum"),
            case("clip-both", m, (1, 3, 3, 3, 5), clip_value=.25, clip_norm=.375, state=True,
                 truncate=(2, 3), loss="cross_entropy", reduction="sum"),
            case("clip-idle", m, (1, 3, 1, 1, 5), clip_value=1e3, clip_norm=1e4),
        ]
    return cases


def stacked_cases():
    """Two and three layers of unequal sizes."""
    cases = []
    for m in MODELS:
        cases += [
            case("two", m, (3, (3, 2), 2, 1, 5)),
            case("two-all", m, (1, (2, 5), 1, 4, 5), state=True, lengths=True, missing=True,
                 weighted=True),
            case("three", m, (2, (2, 3, 1), 3, 3, 4), state=True, lengths=True, reduction="sum",
                 loss="cross_entropy"),
        ]
    cases += [case("one-step", MODELS[0], (2, (3, 2), 1, 2, 1), state=True),
              case("ones", MODELS[4], (1, (1, 1, 1), 1, 1, 3), state=True),
              case("wide", MODELS[0], (2, (9, 17), 1, 2, 3), state=True),
              case("wide", MODELS[4], (1, (9, 2), 1, 9, 2), lengths=True),
              case("wide", MODELS[5], (2, (3, 9), 1, 3, 3), state=True)]
    return cases


def bidirectional_cases():
    """Both directions, in one layer and in more."""
    def both(label, model, size, **more):
        return case("both-" + label, model, size, bidirectional=1, **more)
    cases = []
    for m in MODELS:
        cases += [
            both("plain", m, (3, 3, 2, 1, 5)),
            both("all", m, (1, 2, 3, 4, 5), state=True, lengths=True, missing=True, weighted=True,
                 loss="cross_entropy"),
            both("two", m, (2, (3, 2), 1, 3, 4), state=True, lengths=True, reduction="sum"),
        ]
    cases += [both("three", m, (2, (2, 3, 2), 1, 3, 4), state=True, lengths=True)
              for m in (MODELS[0], MODELS[4], MODELS[5])]
    cases += [both("one-step", MODELS[4], (2, (3, 2), 1, 2, 1), state=True),
              both("wide", MODELS[0], (2, 17, 1, 3, 3), lengths=True),
              both("wide", MODELS[5], (1, (9, 2), 1, 9, 3), state=True, lengths=True)]
    return cases


def loss_cases():
    """Each loss and reduction: alone, and with everything that can be given."""
    models = [MODELS[k] for k in (0, 4, 5)]
    kinds = [("mse", {}, 1), ("mae", {}, 1), ("huber", {"delta": .5}, 1),
             ("cross_entropy", {"class_weighted": True}, 1), ("binary_cross_entropy", {}, 1),
             ("quantile", {"levels": (.1, .5, .9)}, 3), ("quantile", {"levels": (.125,)}, 1),
             ("gaussian", {}, 2), ("student_t", {}, 3), ("negative_binomial", {}, 2)]
    cases = []
    for k, (loss, options, each) in enumerate(kinds):
        label = loss + ("-one" if options.get("levels") == (.125,) else "")
        for reduction in ("mean", "sum"):
            more = {"loss": loss, "reduction": reduction, **options}
            classes = loss == "cross_entropy"
            cases += [
                case(f"{label}-{reduction}", models[k % 3], (2, 3, 4 if classes else each, 1, 5),
                     **more),
                case(f"{label}-{reduction}-all", models[(k + 1) % 3],
                     (1, (2, 3), 3 if classes else 2 * each, 3, 4), missing=True, lengths=True,
                     state=True, weighted=True, **more),
            ]
        cases.append(case(label + "-missing", models[(k + 2) % 3],
                          (1, 3, 3 if classes else 2 * each, 3, 4), missing=True, lengths=True,
                          loss=loss, **options))
        cases.append(case(label + "-both", models[k % 3], (1, 2, 3 if classes else 2 * each, 3, 6),
                          bidirectional=1, lengths=True, missing=True, weighted=True,
                          truncate=(4, 4), loss=loss, **options))
    cases += [case("classes-weights", MODELS[1], (1, 3, 3, 3, 5), loss="cross_entropy",
                   weighted=True),
              case("huber-wide", MODELS[2], (1, 3, 2, 3, 4), loss="huber", delta=10),
              case("huber-narrow", MODELS[6], (1, 3, 2, 3, 4), loss="huber", delta=.125),
              case("quantile-five", MODELS[3], (1, 3, 5, 3, 4), loss="quantile",
                   levels=(.05, .25, .5, .75, .95))]
    for m in MODELS:
        cases.append(case("dy", m, (2, (3, 2), 2, 3, 4), loss="linear", reduction="sum",
                          state=True, lengths=True))
    cases.append(case("dy-both", MODELS[4], (2, 3, 2, 3, 5), loss="linear", reduction="sum",
                      bidirectional=1, lengths=True, truncate=(2, 2)))
    return cases


def last_cases():
    """Outputs at the last step of each sequence alone."""
    def last(label, model, size, **more):
        return case("last-" + label, model, size, output_mode="last", **more)
    cases = []
    for m in MODELS:
        cases += [
            last("plain", m, (3, 3, 2, 1, 5)),
            last("lengths", m, (1, 3, 2, 3, 5), lengths=True, missing=True, state=True),
            last("classes", m, (1, (3, 2), 3, 3, 4), lengths=True, weighted=True, state=True,
                 loss="cross_entropy"),
            last("both", m, (1, (2, 3), 1, 3, 4), lengths=True, state=True, bidirectional=1,
                 reduction="sum"),
            last("truncate-2-3", m, (1, (3, 2), 1, 3, 7), lengths=True, state=True,
                 truncate=(2, 3)),
            last("both-truncate-3-3", m, (1, 3, 1, 3, 7), lengths=True, state=True,
                 bidirectional=1, truncate=(3, 3)),
        ]
    cases += [last(loss, MODELS[4], (1, 3, 2 * each, 4, 5), loss=loss, lengths=True, missing=True,
                   weighted=True, **more)
              for loss, each, more in (("mae", 1, {}), ("huber", 1, {"delta": .25}),
                                       ("binary_cross_entropy", 1, {}), ("gaussian", 2, {}),
                                       ("quantile", 2, {"levels": (.25, .75)}),
                                       ("student_t", 3, {}), ("negative_binomial", 2, {}))]
    cases += [last("classes-weights", MODELS[5], (1, 3, 3, 5, 5), loss="cross_entropy",
                   class_weighted=True, missing=True),
              last("dy", MODELS[5], (1, (3, 2), 2, 4, 5), loss="linear", reduction="sum",
                   lengths=True),
              last("one-step", MODELS[4], (2, 3, 1, 3, 1), state=True)]
    return cases


def truncated_layer_cases():
    cases = []
    for m in MODELS:
        for k1, k2 in ((1, 1), (3, 3), (2, 5), (3, math.inf)):
            label = f"layers-truncate-{k1}-{k2}".replace("inf", "Inf")
            cases.append(case(label, m, (1, (3, 2), 1, 2, 6), truncate=(k1, k2), state=True,
                              lengths=True, reduction="sum"))
        for k, hidden in ((1, 3), (3, 2), (4, (2, 3)), (7, 2)):
            cases.append(case(f"both-truncate-{k}-{k}", m, (1, hidden, 1, 3, 7), truncate=(k, k),
                              state=True, lengths=True, bidirectional=1, missing=k == 3))
    cases.append(case("three-truncate-2-3", MODELS[4], (2, (2, 3, 2), 1, 2, 5), truncate=(2, 3),
                      state=True))
    cases.append(case("three-both-truncate-2-2", MODELS[5], (2, (2, 3, 2), 1, 2, 5),
                      truncate=(2, 2), state=True, bidirectional=1))
    cases.append(case("both-clip", MODELS[4], (1, (2, 2), 1, 3, 5), bidirectional=1, lengths=True,
                      clip_value=.125, clip_norm=.25, reduction="sum"))
    return cases


def main():
    folder = sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.abspath(__file__))
    for cell in ("rnn", "lstm", "gru"):
        write_file(folder, cell, f"cell {cell}: losses, reductions, sizes, states, lengths, "
                   "missing targets", [c for m in MODELS if m["cell"] == cell
                                       for c in plain_cases(m)])
    write_file(folder, "wide", "more units, features and sequences than a vector holds",
               wide_cases())
    write_file(folder, "truncate", "truncated backpropagation", truncated_cases())
    write_file(folder, "layers", "stacked layers", stacked_cases())
    write_file(folder, "directions", "layers in both directions", bidirectional_cases())
    write_file(folder, "losses", "all losses, weights, dL/dy", loss_cases())
    write_file(folder, "last", "outputs at the last step alone", last_cases())
    write_file(folder, "truncate-layers", "truncated backpropagation of stacked layers and of both "
               "directions", truncated_layer_cases())
    write_file(folder, "clip", "clipping by value and by norm", clipped_cases())


if __name__ == "__main__":
    main()
