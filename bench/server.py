"""server.py -- times PyTorch; run.R starts it and says how it is spoken to.

Usage: server.py double|single THREADS
A step is what rnn_bptt() does: forward, loss, and the gradients of all parameters, of the input
and of the initial state.
"""
import os
import sys
import time

import torch

SECONDS = float(os.environ["BATCH_SECONDS"])  # least length of a timed batch


def problem(setting):
    call, cell, d, h, b, t, truncate, lengths = setting
    if call != "bptt" or truncate != "Inf" or lengths != "-":
        return None
    d, h, b, t = int(d), int(h), int(b), int(t)
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


def milliseconds(run):
    start = time.perf_counter()
    taken, calls, more = 0, 0, 1
    while taken < SECONDS:
        for _ in range(more):
            run()
        calls += more
        more *= 2
        taken = time.perf_counter() - start
    return 1000 * taken / calls


def main():
    torch.set_default_dtype(torch.float32 if sys.argv[1] == "single" else torch.float64)
    torch.set_num_threads(int(sys.argv[2]))
    torch.manual_seed(1)
    print("PyTorch", torch.__version__, flush=True)
    last = None
    for line in iter(sys.stdin.readline, ""):
        if line == "\n":
            continue
        if line != last:
            last = line
            run = problem(line.split())
            if run:
                run()
        print(milliseconds(run) if run else "nan", flush=True)


if __name__ == "__main__":
    main()
