#!/usr/bin/python3
"""Writes the golden files beside it: losses, outputs and gradients as PyTorch has them, in double.

usage: make_golden.py [folder]        (Debian: apt-get install python3-torch)

The steps are PyTorch's own cells where it has them (rnn with tanh and relu, lstm, gru with reset
after) and the equations written out in its operations where it has not. The gradients are always
autograd's. README.md in this folder describes the files.
"""
import math
import os
import random
import sys

import torch
import torch.nn.functional as F

torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)

GATES = {"rnn": 1, "gru": 3, "lstm": 4}
SINGLE_TOLERANCE = 1e-6  # a case is drawn again when PyTorch's own single is further away
RELU_MARGIN = 1e-4       # and when a relu unit comes this near to its kink


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


def step(case, p, x, state):
    """One step: x is B x D, a state (h, c) of B x H each; c is None but for lstm."""
    h, c = state
    weights = (p["W_xh"], p["W_hh"], p["b_h"])
    if case["cell"] == "lstm":
        return torch.lstm_cell(x, (h, c), *weights, torch.zeros_like(p["b_h"]))
    if case["cell"] == "gru" and case["reset"] == "before":
        return gru_before(p, x, h), None
    if case["cell"] == "gru":
        b_hh = torch.cat([torch.zeros_like(p["b_hn"]), torch.zeros_like(p["b_hn"]), p["b_hn"]])
        return torch.gru_cell(x, h, *weights, b_hh), None
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


def advance(case, p, a, t, state):
    """The state after step t (from 0); sequences that are over keep theirs."""
    live = (a["lengths"] > t)[:, None]
    x = torch.where(live, a["x"][:, :, t].T, torch.zeros(()))
    new = step(case, p, x, state)
    return tuple(None if s is None else torch.where(live, n, s) for n, s in zip(new, state))


# ------------------------------------------------------------------------------------- loss

def step_loss(case, a, t, y):
    """Sum over what counts at step t; y is B x O."""
    live = a["lengths"] > t
    if case["loss"] == "mse":
        target = a["target"][:, :, t].T
        counts = ~target.isnan() & live[:, None]
        return F.mse_loss(y[counts], target[counts], reduction="sum")
    target = a["target"][:, t]
    counts = ~target.isnan() & live
    return F.cross_entropy(y[counts], target[counts].long() - 1, reduction="sum")


def scale(case, a):
    if case["reduction"] == "sum":
        return 1.0
    over = torch.arange(a["target"].shape[-1])[None, :] >= a["lengths"][:, None]
    return 1.0 / (~a["target"].isnan() & ~over).sum().item()


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

def evaluate(case, arrays, dtype):
    """All expected values of a case, as a dict of tensors in the layout of the file."""
    a = {k: v.to(dtype, copy=True) for k, v in arrays.items()}
    D, B, T = a["x"].shape
    H = a["param.W_hh"].shape[1]
    a.setdefault("lengths", torch.full((B,), T))
    p = {k[6:]: v.requires_grad_() for k, v in a.items() if k.startswith("param.")}
    a["x"].requires_grad_()
    h0 = a.get("h0", torch.zeros(H, B, dtype=dtype)).requires_grad_()
    c0 = None
    if case["cell"] == "lstm":
        c0 = a.get("c0", torch.zeros(H, B, dtype=dtype)).requires_grad_()
    initial = (h0.T, None if c0 is None else c0.T)

    y = torch.full((p["b_y"].shape[0], B, T), math.nan, dtype=dtype)
    states = [initial]          # states[t]: before step t
    with torch.no_grad():
        for t in range(T):
            states.append(advance(case, p, a, t, states[t]))
            live = (a["lengths"] > t)[:, None]
            y[:, :, t] = torch.where(live, states[-1][0] @ p["W_hy"].T + p["b_y"], y[:, :, t].T).T

    loss = 0.0
    for start, first, end in windows(case, T):
        state = states[start] if start == 0 else \
            tuple(None if s is None else s.detach() for s in states[start])
        part = torch.zeros((), dtype=dtype)
        for t in range(start, end):
            state = advance(case, p, a, t, state)
            if t >= first:
                part = part + step_loss(case, a, t, state[0] @ p["W_hy"].T + p["b_y"])
        part = part * scale(case, a)
        loss += part.item()
        if part.requires_grad:
            part.backward(retain_graph=True)

    grad = {k: torch.zeros_like(v) if v.grad is None else v.grad.clone() for k, v in p.items()}
    norm = math.sqrt(sum((g * g).sum().item() for g in grad.values()))
    if "clip_value" in case:
        grad = {k: g.clamp(-case["clip_value"], case["clip_value"]) for k, g in grad.items()}
    if "clip_norm" in case:
        clipped = math.sqrt(sum((g * g).sum().item() for g in grad.values()))
        if clipped > case["clip_norm"]:
            grad = {k: g * (case["clip_norm"] / clipped) for k, g in grad.items()}

    out = {"loss": torch.tensor([loss]), "y": y, "h_last": states[T][0].T.detach()}
    if c0 is not None:
        out["c_last"] = states[T][1].T.detach()
    out.update({"grad." + k: g for k, g in grad.items()})
    over = (torch.arange(T)[None, :] >= a["lengths"][:, None]).expand(D, B, T)
    out["dx"] = a["x"].grad.masked_fill(over, 0)
    out["dh0"] = h0.grad if h0.grad is not None else torch.zeros_like(h0)
    if c0 is not None:
        out["dc0"] = c0.grad if c0.grad is not None else torch.zeros_like(c0)
    out["grad_norm"] = torch.tensor([norm])
    return {k: v.detach().to(torch.float64) for k, v in out.items()}


def check_detaching_loop(case, arrays, expected):
    """truncate = (k, k) must be what everyone writes: one pass that detaches every k steps."""
    a = {k: v.detach().clone() for k, v in arrays.items()}
    D, B, T = a["x"].shape
    H = a["param.W_hh"].shape[1]
    a.setdefault("lengths", torch.full((B,), T))
    p = {k[6:]: v.requires_grad_() for k, v in a.items() if k.startswith("param.")}
    state = (a["h0"].T if "h0" in a else torch.zeros(B, H),
             (a["c0"].T if "c0" in a else torch.zeros(B, H)) if case["cell"] == "lstm" else None)
    loss = torch.zeros(())
    for t in range(T):
        if t % case["truncate"][0] == 0:
            state = tuple(None if s is None else s.detach() for s in state)
        state = advance(case, p, a, t, state)
        loss = loss + step_loss(case, a, t, state[0] @ p["W_hy"].T + p["b_y"])
    (loss * scale(case, a)).backward()
    for k, v in p.items():
        torch.testing.assert_close(v.grad, expected["grad." + k], rtol=1e-12, atol=1e-13)


def draw(case, attempt):
    """Inputs of a case: multiples of 1/64, which double, single and short text hold exactly."""
    rng = random.Random(f"{case['name']}/{attempt}")
    D, H, O, B, T = case["size"]
    G = GATES[case["cell"]]

    def uniform(limit, *dims):
        n = math.prod(dims)
        top = max(1, round(64 * limit))
        return torch.tensor([rng.randint(-top, top) / 64 for _ in range(n)]).reshape(dims)

    a = {"x": uniform(1, D, B, T)}
    if case["loss"] == "mse":
        a["target"] = uniform(1.5, O, B, T)
    else:
        a["target"] = torch.tensor([float(rng.randint(1, O)) for _ in range(B * T)]).reshape(B, T)
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
    if case.get("state"):
        a["h0"] = uniform(1, H, B)
        if case["cell"] == "lstm":
            a["c0"] = uniform(1.5, H, B)
    a["param.W_xh"] = uniform(1 / math.sqrt(D), G * H, D)
    a["param.W_hh"] = uniform(1.2 / math.sqrt(H), G * H, H)
    a["param.b_h"] = uniform(.5, G * H)
    if case["cell"] == "gru" and case["reset"] == "after":
        a["param.b_hn"] = uniform(.5, H)
    a["param.W_hy"] = uniform(1.5 / math.sqrt(H), O, H)
    a["param.b_y"] = uniform(.5, O)
    return a


def distance(value, true):
    """Largest error relative to the largest magnitude."""
    error = (value - true).nan_to_num(0).abs().max().item()
    size = true.nan_to_num(0).abs().max().item()
    return error / size if size > 0 else error


def build(case):
    """Draws until the case says something in single too, and no relu unit sits on its kink."""
    for attempt in range(200):
        arrays = draw(case, attempt)
        case["kink"] = math.inf
        expected = evaluate(case, arrays, torch.float64)
        if case["kink"] < RELU_MARGIN:
            continue
        single = evaluate(case, arrays, torch.float32)
        if max(distance(single[k], expected[k]) for k in expected) > SINGLE_TOLERANCE:
            continue
        if "truncate" in case and case["truncate"][0] == case["truncate"][1] \
                and "clip_norm" not in case and "clip_value" not in case:
            check_detaching_loop(case, arrays, expected)
        return arrays, expected
    raise SystemExit(f"{case['name']}: no draw that is well conditioned")


# ------------------------------------------------------------------------------------- files

def text(v):
    return "nan" if math.isnan(v) else str(int(v)) if v == int(v) and abs(v) < 1e6 else f"{v:.15g}"


def write_array(out, name, a):
    out.write(f"array {name} {' '.join(str(n) for n in a.shape)}\n")
    values = a.detach().permute(*reversed(range(a.dim()))).flatten().tolist()
    for i in range(0, len(values), 8):
        out.write(" ".join(text(v) for v in values[i:i + 8]) + "\n")


def write_file(folder, name, about, cases):
    names = [c["name"] for c in cases]
    assert len(set(names)) == len(names), "two cases of one name"
    with open(os.path.join(folder, name + ".txt"), "w") as out:
        out.write(f"# {about}\n# Written by make_golden.py with PyTorch {torch.__version__}; "
                  f"README.md describes the format.\ncases {len(cases)}\n")
        for case in cases:
            arrays, expected = build(case)
            out.write(f"\ncase {case['name']}\n")
            for key in ("cell", "activation", "reset", "loss", "reduction",
                        "truncate", "clip_value", "clip_norm"):
                if key in case:
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
    model_name = "-".join(model.values())
    return {"name": f"{model_name}-{label}-" + "x".join(str(n) for n in size),
            **model, "size": size, "loss": "mse", "reduction": "mean", **more}


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
        case("one-class", model, (1, 1, 1, 1, 3), loss="cross_entropy", state=True),
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
            case("wide-one", {"cell": "rnn", "activation": "tanh"}, (1, 40, 1, 1, 11), state=True,
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


def main():
    folder = sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.abspath(__file__))
    for cell in ("rnn", "lstm", "gru"):
        write_file(folder, cell, f"cell {cell}: losses, reductions, sizes, states, lengths, "
                   "missing targets", [c for m in MODELS if m["cell"] == cell
                                       for c in plain_cases(m)])
    write_file(folder, "wide", "more units, features and sequences than a vector holds",
               wide_cases())
    write_file(folder, "truncate", "truncated backpropagation", truncated_cases())
    write_file(folder, "clip", "clipping by value and by norm", clipped_cases())


if __name__ == "__main__":
    main()
