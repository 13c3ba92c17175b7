"""server.py -- times PyTorch's step; run.sh starts it and says how it is spoken to.

A step is what rnn_bptt() does: forward, loss, and the gradients of all parameters, of the input
and of the initial state.
"""
import math
import sys
import time

import torch

SECONDS = 0.1  # least length of a timed batch


def problem(setting):
    cell, d, h, b, t = setting[0], *map(int, setting[1:])
    layer = {"rnn": torch.nn.RNN, "gru": torch.nn.GRU, "lstm": torch.nn.LSTM}[cell](d, h)
    readout = torch.nn.Linear(h, 1)
    x = torch.arange(t * b * d).sin().reshape(t, b, d).requires_grad_()
    target = torch.arange(t * b).cos().reshape(t, b, 1)
    state = [torch.zeros(1, b, h, requires_grad=True) for _ in range(2 if cell == "lstm" else 1)]
    wanted = [*layer.parameters(), *readout.parameters(), x, *state]

    def run():
        out, _ = layer(x, tuple(state) if cell == "lstm" else state[0])
        loss = torch.nn.functional.mse_loss(readout(out), target)
        torch.autograd.grad(loss, wanted)
    return run


def elapsed(run, calls):
    start = time.perf_counter()
    for _ in range(calls):
        run()
    return time.perf_counter() - start


def main():
    torch.set_default_dtype(torch.float64)
    torch.set_num_threads(1)
    torch.manual_seed(1)
    print("PyTorch", torch.__version__, flush=True)
    setting = None
    for line in iter(sys.stdin.readline, ""):
        if line == "\n":
            continue
        if line != setting:
            setting = line
            run = problem(line.split())
            run()
            calls = max(1, math.ceil(SECONDS / elapsed(run, 1)))
        print(1000 * elapsed(run, calls) / calls, flush=True)


if __name__ == "__main__":
    main()
