#!/usr/bin/python3
"""Writes core/optimizer.txt beside it: where PyTorch's optimizers are after 10, 20 .. 50 steps.

usage: make_optimizer.py > tests/golden/core/optimizer.txt     (Debian: apt-get install python3-torch)

The loss of 10 weights w is a chain of Rosenbrock's valleys and a least squares problem,

    sum_i 10 (w_{i+1} - w_i^2)^2 + (1 - w_i)^2  +  |A w - b|^2 / 2

in double; its gradient is autograd's. Of L-BFGS, which is called with max_iter = 1 for one step, the
file also has how often the loss was evaluated, without the repetition at the start of each step.

The generator stops unless PyTorch itself comes to the same weights, to 1e-11, from starts that differ
in the last digit: nobody else's could then be asked to.
"""
import random

import torch
from torch import optim

torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)

WEIGHTS, ROWS, STEPS, EVERY = 10, 6, 50, 10
SENSITIVITY = 1e-11

# Name, optimizer and options, in the words of the package.
CASES = [
    ("sgd", "sgd", {"learn_rate": 0.005}),
    ("sgd-weight-decay", "sgd", {"learn_rate": 0.005, "weight_decay": 0.1}),
    ("sgd-momentum", "sgd", {"learn_rate": 0.002, "momentum": 0.9}),
    ("sgd-nesterov", "sgd", {"learn_rate": 0.002, "momentum": 0.9, "nesterov": 1}),
    ("sgd-nesterov-weight-decay", "sgd",
     {"learn_rate": 0.002, "momentum": 0.8, "nesterov": 1, "weight_decay": 0.1}),
    ("adam", "adam", {"learn_rate": 0.05}),
    ("adam-betas", "adam", {"learn_rate": 0.05, "beta1": 0.5, "beta2": 0.9, "epsilon": 0.01}),
    ("adam-weight-decay", "adam", {"learn_rate": 0.05, "weight_decay": 0.1}),
    ("adamw", "adamw", {"learn_rate": 0.05, "weight_decay": 0.1}),
    ("rmsprop", "rmsprop", {"learn_rate": 0.01}),
    ("rmsprop-weight-decay", "rmsprop", {"learn_rate": 0.01, "alpha": 0.9, "weight_decay": 0.1}),
    ("rmsprop-momentum", "rmsprop", {"learn_rate": 0.005, "momentum": 0.5}),
    ("adagrad", "adagrad", {"learn_rate": 0.1}),
    ("adagrad-weight-decay", "adagrad", {"learn_rate": 0.1, "weight_decay": 0.1}),
    ("lbfgs-5-pairs", "lbfgs", {"learn_rate": 1, "pairs": 5}),
    ("lbfgs-100-pairs", "lbfgs", {"learn_rate": 1, "pairs": 100}),
    # Each search starts too near, or too far away.
    ("lbfgs-near", "lbfgs", {"learn_rate": 0.01, "pairs": 5}),
    ("lbfgs-far", "lbfgs", {"learn_rate": 3, "pairs": 5}),
    ("lbfgs-farther", "lbfgs", {"learn_rate": 1000, "pairs": 5}),
]
DEFAULTS = {"momentum": 0, "nesterov": 0, "beta1": 0.9, "beta2": 0.999, "alpha": 0.99,
            "epsilon": 1e-8, "weight_decay": 0, "pairs": 0}


def loss(w, A, b):
    valleys = 10 * (w[1:] - w[:-1]**2)**2 + (1 - w[:-1])**2
    return valleys.sum() + (A @ w - b).square().sum() / 2


def optimizer_of(w, kind, o):
    common = {"lr": o["learn_rate"]}
    if kind == "lbfgs":
        return optim.LBFGS([w], **common, max_iter=1, history_size=o["pairs"],
                           line_search_fn="strong_wolfe")
    common["weight_decay"] = o["weight_decay"]
    if kind == "sgd":
        return optim.SGD([w], **common, momentum=o["momentum"], nesterov=bool(o["nesterov"]))
    common["eps"] = o["epsilon"]
    if kind == "rmsprop":
        return optim.RMSprop([w], **common, alpha=o["alpha"], momentum=o["momentum"])
    if kind == "adagrad":
        return optim.Adagrad([w], **common)
    return {"adam": optim.Adam, "adamw": optim.AdamW}[kind]([w], **common,
                                                           betas=(o["beta1"], o["beta2"]))


def run(kind, o, start, A, b):
    """The weights after every tenth step, and the evaluations until then."""
    w = start.clone().requires_grad_()
    optimizer = optimizer_of(w, kind, o)
    weights, evaluations, calls = [], [], 0

    def evaluate():
        nonlocal calls
        calls += 1
        optimizer.zero_grad()
        value = loss(w, A, b)
        value.backward()
        return value

    for step in range(1, STEPS + 1):
        optimizer.step(evaluate)
        if step % EVERY == 0:
            weights.append(w.detach().clone())
            evaluations.append(calls - (step - 1))
    return torch.stack(weights, 1), torch.tensor(evaluations)


def check_sensitivity(name, kind, o, start, A, b, weights):
    for sign in (-1, 1):
        others, _ = run(kind, o, start * (1 + sign * 2**-52), A, b)
        moved = ((others - weights).abs().amax(0) / weights.abs().amax(0)).max().item()
        if moved > SENSITIVITY:
            raise SystemExit(f"{name} depends on the last digit: {moved}")


def draw(*dims):
    """Multiples of 1/64, which short text holds exactly."""
    numbers = [random.randint(-96, 96) / 64 for _ in range(torch.Size(dims).numel())]
    return torch.tensor(numbers).reshape(dims)


def print_array(name, a):
    print("array", name, *a.shape)
    print(*[repr(v) for v in a.permute(*reversed(range(a.dim()))).flatten().tolist()])


def main():
    random.seed("optimizers")
    start, A, b = draw(WEIGHTS), draw(ROWS, WEIGHTS), draw(ROWS)
    print(f"# Written by make_optimizer.py with PyTorch {torch.__version__}.")
    print("cases", len(CASES))
    for name, kind, options in CASES:
        o = {**DEFAULTS, **options}
        weights, evaluations = run(kind, o, start, A, b)
        check_sensitivity(name, kind, o, start, A, b, weights)
        print("case", name)
        print("set optimizer", kind)
        for key, value in o.items():
            print("set", key, value)
        for key, value in (("start", start), ("A", A), ("b", b), ("w", weights)):
            print_array(key, value)
        if kind == "lbfgs":
            print_array("evaluations", evaluations)
        print("end")


if __name__ == "__main__":
    main()
