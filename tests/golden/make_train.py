#!/usr/bin/python3
"""Writes core/train.txt beside it: epochs of training, as PyTorch goes through them.

usage: make_train.py > tests/golden/core/train.txt        (Debian: apt-get install python3-torch)

Two layers of an lstm or a gru with a readout, sequences of unequal length, mse of the steps that
count, in double. The steps are torch.lstm_cell and torch.gru_cell, gradients autograd's, the weights
follow torch.optim, and the learning rate torch.optim.lr_scheduler, once an epoch. What PyTorch
defines otherwise than the package is written out: clipping divides by the norm alone, to which
clip_grad_norm_ adds 1e-6; the mean of the weights; lbfgs has the penalty of weight_decay in its loss.

Of every case there are the options, the weights at first and after the last epoch, and of each epoch
the loss before its steps (mean over batches), the learning rate and the norm of the gradient.

A case is drawn again unless PyTorch itself comes to the same weights, to 1e-11, from starts that
differ in the last digit: nobody else's could then be asked to. L-BFGS, which loses digits with each
step, has fewer epochs for that.
"""
import math
import random

import torch
from torch import optim
from torch.optim import lr_scheduler

torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)

EPOCHS = 50  # where a case does not say
SENSITIVITY = 1e-11
D, H, O, B, T = 2, (4, 3), 2, 5, 7
LENGTHS = [7, 3, 5, 1, 6]

# Name and options, in the words of the package. There is one batch unless they say otherwise.
CASES = [
    ("sgd", {"optimizer": "sgd", "learn_rate": .2}),
    ("sgd-momentum", {"optimizer": "sgd", "learn_rate": .05, "momentum": .9}),
    ("sgd-nesterov-decay", {"optimizer": "sgd", "learn_rate": .05, "momentum": .8, "nesterov": 1,
                            "weight_decay": .01}),
    ("sgd-clip", {"optimizer": "sgd", "learn_rate": .3, "momentum": .5, "clip_norm": .125}),
    ("sgd-batches", {"optimizer": "sgd", "learn_rate": .1, "momentum": .5, "batch_size": 2}),
    ("adam", {"optimizer": "adam", "learn_rate": .01}),
    ("adam-decay-clip", {"optimizer": "adam", "learn_rate": .02, "weight_decay": .01,
                         "clip_norm": .25}),
    ("adam-step", {"optimizer": "adam", "learn_rate": .02, "schedule": "step",
                   "schedule_epochs": 15, "schedule_factor": .5}),
    ("adam-cosine", {"optimizer": "adam", "learn_rate": .02, "schedule": "cosine"}),
    ("adam-plateau", {"optimizer": "adam", "learn_rate": .5, "schedule": "plateau",
                      "schedule_epochs": 2, "schedule_factor": .5}),
    ("adam-warmup", {"optimizer": "adam", "learn_rate": .02, "warmup": 8}),
    ("adam-average", {"optimizer": "adam", "learn_rate": .02, "average": 1}),
    ("adam-batches", {"optimizer": "adam", "learn_rate": .01, "batch_size": 3}),
    ("adamw", {"optimizer": "adamw", "learn_rate": .02, "weight_decay": .1}),
    ("rmsprop", {"optimizer": "rmsprop", "learn_rate": .005}),
    ("rmsprop-momentum", {"optimizer": "rmsprop", "learn_rate": .002, "momentum": .5,
                          "weight_decay": .01}),
    ("adagrad", {"optimizer": "adagrad", "learn_rate": .05}),
    ("adagrad-decay", {"optimizer": "adagrad", "learn_rate": .05, "weight_decay": .1}),
    ("lbfgs", {"optimizer": "lbfgs", "learn_rate": 1, "epochs": 20}),
    ("lbfgs-decay", {"optimizer": "lbfgs", "learn_rate": 1, "weight_decay": .01,
                     "lbfgs_pairs": 5, "epochs": 25}),
]


# ------------------------------------------------------------------------------------ network

def parameters_of(cell):
    gates = {"gru": 3, "lstm": 4}[cell]
    p, below = {}, D
    for layer, units in enumerate(H):
        suffix = "" if layer == 0 else f"_l{layer + 1}"
        p["W_xh" + suffix] = draw(gates * units, below)
        p["W_hh" + suffix] = draw(gates * units, units)
        p["b_h" + suffix] = draw(gates * units)
        if cell == "gru":
            p["b_hn" + suffix] = draw(units)
        below = units
    p["W_hy"], p["b_y"] = draw(O, below), draw(O)
    return p


def layer_outputs(cell, p, suffix, x):
    """Of steps B x features."""
    weights = [p[k + suffix] for k in ("W_xh", "W_hh", "b_h")]
    units = weights[1].shape[1]
    h = c = torch.zeros(B, units)
    zero = torch.zeros(units)
    for x_t in x:
        if cell == "lstm":
            h, c = torch.lstm_cell(x_t, (h, c), *weights, torch.zeros_like(weights[2]))
        else:
            h = torch.gru_cell(x_t, h, *weights, torch.cat([zero, zero, p["b_hn" + suffix]]))
        yield h


def loss_of(cell, p, x, target, sequences):
    """Mean of the squares over the steps of these sequences that count."""
    h = x.permute(2, 1, 0)
    for layer in range(len(H)):
        h = list(layer_outputs(cell, p, "" if layer == 0 else f"_l{layer + 1}", h))
    errors = [((h[t][b] @ p["W_hy"].T + p["b_y"] - target[:, b, t])**2).sum()
              for b in sequences for t in range(LENGTHS[b])]
    return sum(errors) / (O * len(errors))


# ------------------------------------------------------------------------------------ training

def optimizer_of(o, weights):
    kind, common = o["optimizer"], {"lr": o["learn_rate"]}
    if kind == "lbfgs":
        return optim.LBFGS(weights, **common, max_iter=1, history_size=o.get("lbfgs_pairs", 10),
                           line_search_fn="strong_wolfe")
    common["weight_decay"] = o.get("weight_decay", 0)
    if kind == "sgd":
        return optim.SGD(weights, **common, momentum=o.get("momentum", 0),
                         nesterov=bool(o.get("nesterov")))
    if kind == "rmsprop":
        return optim.RMSprop(weights, **common, momentum=o.get("momentum", 0))
    return {"adam": optim.Adam, "adamw": optim.AdamW, "adagrad": optim.Adagrad}[kind](
        weights, **common)


def scheduler_of(o, optimizer):
    """What is called with the loss after each epoch."""
    if o.get("schedule") == "step":
        s = lr_scheduler.StepLR(optimizer, o["schedule_epochs"], o["schedule_factor"])
    elif o.get("schedule") == "cosine":
        s = lr_scheduler.CosineAnnealingLR(optimizer, o["epochs"])
    elif o.get("schedule") == "plateau":
        return lr_scheduler.ReduceLROnPlateau(optimizer, factor=o["schedule_factor"],
                                              patience=o["schedule_epochs"], eps=0).step
    elif "warmup" in o:
        s = lr_scheduler.LinearLR(optimizer, 1 / o["warmup"], 1, o["warmup"] - 1)
    else:
        return lambda loss: None
    return lambda loss: s.step()


def norm_of(weights):
    return math.sqrt(sum((w.grad * w.grad).sum().item() for w in weights))


def clip(weights, norm, most):
    if norm > most:
        for w in weights:
            w.grad *= most / norm


def batches_of(o):
    size = o.get("batch_size", B)
    return [range(i, min(i + size, B)) for i in range(0, B, size)]


def train(cell, o, start, x, target):
    """The weights in the end, and for each epoch loss, learning rate and norm."""
    p = {k: v.clone().requires_grad_() for k, v in start.items()}
    weights = list(p.values())
    optimizer = optimizer_of(o, weights)
    schedule = scheduler_of(o, optimizer)
    mean = {k: v.clone() for k, v in start.items()}
    history, steps = [], 0

    def evaluate(sequences):
        optimizer.zero_grad()
        loss = loss_of(cell, p, x, target, sequences)
        if o["optimizer"] == "lbfgs":
            loss = loss + o.get("weight_decay", 0) / 2 * sum((w * w).sum() for w in weights)
        loss.backward()
        return loss

    for _ in range(o["epochs"]):
        rate = optimizer.param_groups[0]["lr"]
        losses, counts, norms = [], [], []
        for sequences in batches_of(o):
            if o["optimizer"] == "lbfgs":
                optimizer.step(lambda: evaluate(sequences))
            loss = evaluate(sequences).item()
            norm = norm_of(weights)
            if o["optimizer"] != "lbfgs":
                clip(weights, norm, o.get("clip_norm", math.inf))
                optimizer.step()
            losses.append(loss)
            counts.append(sum(LENGTHS[b] for b in sequences))
            norms.append(norm)
            steps += 1
            kept = min(.999, (1 + steps) / (10 + steps))
            for k, v in p.items():
                mean[k] = kept * mean[k] + (1 - kept) * v.detach()
        loss = sum(l * n for l, n in zip(losses, counts)) / sum(counts)
        schedule(loss)
        history.append((loss, rate, sum(norms) / len(norms)))
    end = mean if o.get("average") else {k: v.detach() for k, v in p.items()}
    return end, torch.tensor(history)


def is_sensitive(cell, o, start, x, target, end):
    largest = max(v.abs().max().item() for v in end.values())
    for sign in (-1, 1):
        nearby = {k: v * (1 + sign * 2**-52) for k, v in start.items()}
        others, _ = train(cell, o, nearby, x, target)
        if max((others[k] - end[k]).abs().max().item() for k in end) > SENSITIVITY * largest:
            return True
    return False


def draw_case(name, cell, o):
    for attempt in range(20):
        random.seed(f"{name} {attempt}")
        start, x, target = parameters_of(cell), draw(D, B, T), draw(O, B, T)
        end, history = train(cell, o, start, x, target)
        if not is_sensitive(cell, o, start, x, target, end):
            return start, x, target, end, history
    raise SystemExit(f"{name} depends on the last digit")


# ---------------------------------------------------------------------------------------- file

def draw(*dims):
    """Multiples of 1/64, which short text holds exactly."""
    numbers = [random.randint(-48, 48) / 64 for _ in range(torch.Size(dims).numel())]
    return torch.tensor(numbers).reshape(dims)


def print_array(name, a):
    print("array", name, *a.shape)
    print(*[repr(v) for v in a.permute(*reversed(range(a.dim()))).flatten().tolist()])


def main():
    print(f"# Written by make_train.py with PyTorch {torch.__version__}.")
    print("cases", 2 * len(CASES))
    for cell in ("lstm", "gru"):
        for name, o in CASES:
            name = f"{cell}-{name}"
            o = {"epochs": EPOCHS, **o}
            start, x, target, end, history = draw_case(name, cell, o)
            print("case", name)
            print("set cell", cell)
            for key, value in o.items():
                print("set", key, value)
            for key, value in (("x", x), ("target", target), ("lengths", torch.tensor(LENGTHS))):
                print_array(key, value)
            for key in start:
                print_array("param." + key, start[key])
                print_array("end." + key, end[key])
            for i, key in enumerate(("loss", "learn_rate", "grad_norm")):
                print_array(key, history[:, i])
            print("end")


if __name__ == "__main__":
    main()
