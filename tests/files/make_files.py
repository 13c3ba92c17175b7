#!/usr/bin/python3
"""Networks of PyTorch in files, and what they compute.

usage: make_files.py                  writes the files beside it
       make_files.py --check FOLDER   loads NAME.safetensors of FOLDER, written by rnn_export, into
                                      the same modules and compares what they compute

(Debian: apt-get install python3-torch.) README.md in this folder describes the files. The format
safetensors is written out here, so that nothing of this project's is needed to make them.
"""
import json
import os
import random
import struct
import sys

import torch

torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)

HERE = os.path.dirname(os.path.abspath(__file__))
D, O, B, T = 3, 2, 2, 5
TYPES = {torch.float64: "F64", torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16"}

# name: module, arguments, sizes of the layers that are modules of their own, type of the numbers
CASES = {
    "rnn": (torch.nn.RNN, {}, [4], torch.float64),
    "rnn-relu-2-layers": (torch.nn.RNN, {"num_layers": 2, "nonlinearity": "relu"}, [4], torch.float64),
    "gru": (torch.nn.GRU, {}, [4], torch.float64),
    "gru-2-layers-both": (torch.nn.GRU, {"num_layers": 2, "bidirectional": True}, [3], torch.float64),
    "lstm-3-layers-both": (torch.nn.LSTM, {"num_layers": 3, "bidirectional": True}, [3], torch.float64),
    "lstm-no-bias": (torch.nn.LSTM, {"bias": False}, [4], torch.float64),
    "lstm-single": (torch.nn.LSTM, {}, [4], torch.float32),
    "gru-half": (torch.nn.GRU, {}, [4], torch.float16),
    "gru-bfloat": (torch.nn.GRU, {}, [4], torch.bfloat16),
    "gru-unequal": (torch.nn.GRU, {"bidirectional": True}, [4, 3], torch.float64),
}


class Net(torch.nn.Module):
    def __init__(self, kind, options, sizes):
        super().__init__()
        self.layers = []
        features, directions = D, 2 if options.get("bidirectional") else 1
        for i, size in enumerate(sizes):
            layer = kind(features, size, **options)
            setattr(self, "rnn" if len(sizes) == 1 else f"rnn{i + 1}", layer)
            self.layers.append(layer)
            features = directions * size
        self.fc = torch.nn.Linear(features, O, bias=options.get("bias", True))

    def forward(self, x):  # T x B x D
        for layer in self.layers:
            x, _ = layer(x)
        return self.fc(x)


def write_safetensors(path, tensors):
    header, data = {}, b""
    for name, t in tensors.items():
        whole, letter = {8: (torch.int64, "q"), 4: (torch.int32, "i"), 2: (torch.int16, "h")}[
            t.element_size()]
        bits = t.contiguous().view(whole).flatten().tolist()
        numbers = struct.pack(f"<{len(bits)}{letter}", *bits)
        header[name] = {"dtype": TYPES[t.dtype], "shape": list(t.shape),
                        "data_offsets": [len(data), len(data) + len(numbers)]}
        data += numbers
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as out:
        out.write(struct.pack("<Q", len(text)) + text + data)


def read_safetensors(path):
    with open(path, "rb") as file:
        size, = struct.unpack("<Q", file.read(8))
        header, data = json.loads(file.read(size)), file.read()
    tensors = {}
    for name, t in header.items():
        if name == "__metadata__":
            continue
        begin, end = t["data_offsets"]
        assert t["dtype"] == "F64"
        numbers = struct.unpack("<%dd" % ((end - begin) // 8), data[begin:end])
        tensors[name] = torch.tensor(numbers).reshape(t["shape"])
    return tensors


def array(name, v):
    numbers = v.permute(*range(v.dim() - 1, -1, -1)).flatten().tolist()  # the first dim fastest
    lines = [" ".join("%.17g" % n for n in numbers[i:i + 8]) for i in range(0, len(numbers), 8)]
    return "\n".join([f"array {name} " + " ".join(map(str, v.shape))] + lines) + "\n"


def example(name):
    """The net and its input, D x B x T."""
    kind, options, sizes, dtype = CASES[name]
    draw = random.Random(name)
    net = Net(kind, options, sizes)
    with torch.no_grad():
        for p in net.parameters():
            p.copy_(torch.tensor([draw.uniform(-1, 1) for _ in range(p.numel())]).reshape(p.shape))
            p.copy_(p.to(dtype))
    x = torch.tensor([draw.randint(-64, 64) / 64 for _ in range(D * B * T)]).reshape(D, B, T)
    return net, x


def output(net, x):
    with torch.no_grad():
        return net(x.permute(2, 1, 0)).permute(2, 1, 0)


def make():
    text = f"# Written by make_files.py with PyTorch {torch.__version__}; README.md describes it.\n"
    text += f"cases {len(CASES)}\n"
    for name, (_, options, _, dtype) in CASES.items():
        net, x = example(name)
        tensors = {k: v.to(dtype) for k, v in net.state_dict().items()}
        write_safetensors(os.path.join(HERE, name + ".safetensors"), tensors)
        text += f"\ncase {name}\nset activation {options.get('nonlinearity', 'tanh')}\n"
        text += array("x", x) + array("y", output(net, x)) + "end\n"
    with open(os.path.join(HERE, "torch.txt"), "w") as out:
        out.write(text)


def check(folder):
    failed = 0
    for name, (kind, options, sizes, _) in CASES.items():
        net, x = example(name)
        ours = Net(kind, {**options, "bias": True}, sizes)
        ours.load_state_dict(read_safetensors(os.path.join(folder, name + ".safetensors")))
        difference = (output(ours, x) - output(net, x)).abs().max().item()
        if not difference < 1e-12:
            print(f"{name}: {difference}")
            failed += 1
    print(f"{len(CASES) - failed} passed, {failed} failed")
    return failed


if __name__ == "__main__":
    if sys.argv[1:2] == ["--check"]:
        sys.exit(check(sys.argv[2]) > 0)
    make()
