"""Makes the programs that tests/checkpoint/pt2_test.cpp reads: tests/golden/pt2/<name>.pt2, and <name>.json that says what
torch.export.load finds in their state_dict and constants.

    python3 tests/golden/make_pt2_golden.py        # PyTorch 2.15
"""

import io
import json
import pathlib
import zipfile

import torch
from torch import nn

from make_checkpoint_golden import Describer

FOLDER = pathlib.Path(__file__).parent / "pt2"


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(5, 3)
        self.tied = nn.Linear(3, 5, bias=False)
        self.tied.weight = self.embedding.weight
        self.linear = nn.Linear(3, 4).to(torch.bfloat16)
        self.frozen = nn.Parameter(torch.arange(6.0).reshape(2, 3).t(), requires_grad=False)
        self.register_buffer("steps", torch.tensor(3))
        self.register_buffer("none", torch.empty(0, 3))
        self.register_buffer("scratch", torch.tensor([1, 2, 65535], dtype=torch.uint16), persistent=False)

    def forward(self, ids):
        x = self.embedding(ids) + self.frozen.sum() + torch.tensor([0.5, 1.5, 2.5])
        return self.tied(x), self.linear(x.bfloat16()), self.scratch.to(torch.int64) + self.steps, self.none.sum()


def describe(path, state_dict, constants):
    found = {"state_dict": dict(state_dict), "constants": dict(constants)}
    path.with_suffix(".json").write_text(json.dumps(Describer().value(found)) + "\n")


def records(path):
    with zipfile.ZipFile(path) as archive:
        return {name.split("/", 1)[1]: archive.read(name) for name in archive.namelist()}


def rewrite(path, content):
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in content.items():
            archive.writestr(zipfile.ZipInfo(f"{path.stem}/{name}"), data)  # 1980: the same bytes in every run


def saved(value):
    file = io.BytesIO()
    torch.save(value, file)
    return file.getvalue()


def main():
    FOLDER.mkdir(exist_ok=True)
    torch.manual_seed(0)
    program = torch.export.export(Net(), (torch.tensor([0, 3, 4]),))
    for node in program.graph.nodes:
        node.meta.pop("stack_trace", None)  # where this script lies is nobody's concern
    path = FOLDER / "net.pt2"
    torch.export.save(program, path)
    program = torch.export.load(path)
    describe(path, program.state_dict, program.constants)

    # The layouts of before 2.9 and 2.8, whose tensors are files of torch.save.
    state_dict, constants = saved(dict(program.state_dict)), saved(dict(program.constants))
    for name, content in [
        ("net_2_8", {"archive_format": b"pt2", "models/model.json": b"{}", "data/weights/model.pt": state_dict,
                     "data/constants/model.pt": constants, "byteorder": b"little", ".data/version": b"6\n"}),
        ("net_2_5", {"version": b"8.2", "serialized_exported_program.json": b"{}",
                     "serialized_state_dict.pt": state_dict, "serialized_constants.pt": constants}),
    ]:
        rewrite(FOLDER / f"{name}.pt2", content)
        describe(FOLDER / f"{name}.pt2", *[torch.load(io.BytesIO(part)) for part in (state_dict, constants)])

    # A tensor that is pickled for itself, and a constant that is none.
    content = records(path)
    content["data/weights/weight_4"] = saved(program.state_dict["steps"])
    content["data/weights/model_weights_config.json"] = content["data/weights/model_weights_config.json"].replace(
        b'"path_name": "weight_4", "is_param": false, "use_pickle": false',
        b'"path_name": "weight_4", "is_param": false, "use_pickle": true')
    content["data/constants/opaque_obj_0"] = b"cos\nsystem\n(S'false'\ntR."
    content["data/constants/model_constants_config.json"] = (
        content["data/constants/model_constants_config.json"][:-2] + b', "secret": {"path_name": "opaque_obj_0", '
        b'"is_param": false, "use_pickle": true, "tensor_meta": null}}}')
    rewrite(FOLDER / "pickled.pt2", {name: data for name, data in content.items() if name[:5] != "model"} |
            {"models/model.json": b"{}"})


if __name__ == "__main__":
    main()
