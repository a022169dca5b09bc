"""TorchScript models that nobody here wrote: torchvision's, transformers', silero-vad, and a few of PyTorch's own layers, scripted and
traced with random weights. okibi runs them beside PyTorch.

    PYTHON tests/interop/script_models.py make FOLDER [name …]           # PyTorch 2.15, torchvision, transformers, silero-vad
    PYTHON tests/interop/script_models.py compare BUILD FOLDER [name …]  # a table: which run, how close, how fast
    PYTHON tests/interop/script_models.py check BUILD name …             # both, in a folder of its own

Debian's PyTorch and torchvision make and compare those that they have, and that is what the test run does.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import warnings

import torch
from torch import nn

warnings.filterwarnings("ignore")
torch.set_num_threads(1)
torch.manual_seed(0)

MODELS = {}
FARTHEST = 2e-4  # of the largest number; folding and fusing change the low digits
FARTHEST_IN = {"_bfloat16": 5e-2, "_float16": 5e-3}  # of which PyTorch rounds each result to 8 or 11 bits


def model(kind):
    """A function that gives a module and the inputs of several calls. It is scripted or traced, or both."""
    def enter(make):
        for one in kind.split():
            MODELS[f"{make.__name__}_{one}"] = (make, one)
        return make
    return enter


def pictures(*sizes):
    return [(torch.rand(n, 3, h, w),) for n, h, w in sizes]


USUAL = [(1, 224, 224), (2, 224, 224), (1, 192, 160)]


def trained(module):
    """As if it had been trained: batch norms have seen numbers, so that folding them shows."""
    for part in module.modules():
        if isinstance(part, nn.modules.batchnorm._BatchNorm):
            nn.init.uniform_(part.running_mean, -0.2, 0.2)
            nn.init.uniform_(part.running_var, 0.5, 1.5)
            nn.init.uniform_(part.weight, 0.5, 1.5)
            nn.init.uniform_(part.bias, -0.2, 0.2)
    for weights in module.parameters():  # what begins with zeros would hide all that comes before it
        if weights.dim() > 1 and not weights.any():
            nn.init.normal_(weights, std=0.1)
    return module.eval()


def vision(name, kinds, sizes=USUAL, **options):
    def make():
        import torchvision
        return trained(getattr(torchvision.models, name)(weights=None, **options)), pictures(*sizes)
    make.__name__ = name
    model(kinds)(make)


for name in ("resnet18 resnet50 mobilenet_v2 mobilenet_v3_large efficientnet_b0 densenet121 shufflenet_v2_x1_0 squeezenet1_1 "
             "regnet_y_400mf mnasnet0_5 convnext_tiny").split():
    vision(name, "scripted traced")
for name in "alexnet vgg11 swin_t".split():
    vision(name, "scripted")
vision("googlenet", "scripted", init_weights=False)
vision("inception_v3", "scripted", [(1, 299, 299), (2, 299, 299)], init_weights=False)
vision("vit_b_16", "scripted traced", USUAL[:2])


def segmentation(name):
    def make():
        import torchvision
        return trained(getattr(torchvision.models.segmentation, name)(weights=None, weights_backbone=None)), pictures((1, 128, 160), (2, 96, 96))
    make.__name__ = name
    model("scripted")(make)


segmentation("deeplabv3_resnet50")
segmentation("lraspp_mobilenet_v3_large")


def detection(name):
    def make():
        import torchvision
        module = getattr(torchvision.models.detection, name)(weights=None, weights_backbone=None, num_classes=5)
        with torch.no_grad():  # scores that lie apart: whose last digit decides comes in another order
            for part, weights in module.named_parameters():
                if "cls" in part or "classification_head" in part:
                    weights.mul_(1 if name == "ssd300_vgg16" else 10)
        return trained(module), [([torch.rand(3, 200, 260)],), ([torch.rand(3, 128, 180), torch.rand(3, 210, 150)],)]
    make.__name__ = name
    model("scripted")(make)


# Not the small Faster R-CNN: with random weights many of its boxes score the same.
for name in "fasterrcnn_resnet50_fpn maskrcnn_resnet50_fpn ssd300_vgg16 retinanet_resnet50_fpn".split():
    detection(name)


def words(*sizes, most=1000):
    return [(torch.randint(3, most, size),) for size in sizes]


class First(nn.Module):
    """The first of what a model of transformers gives: the rest is a cache."""

    def __init__(self, module, **options):
        super().__init__()
        self.module, self.options = module, options

    def forward(self, *inputs):
        return self.module(*inputs, **self.options)[0]


def transformer(name, config, make_model, sizes=((1, 12), (1, 12), (2, 12)), call={}, **options):
    def make():
        import transformers
        settings = getattr(transformers, config)(**options)
        return First(getattr(transformers, make_model)(settings).eval(), **call), words(*sizes)
    make.__name__ = name
    model("traced")(make)


NO_CACHE = {"use_cache": False}
SMALL = dict(vocab_size=1000, hidden_size=64, num_hidden_layers=2, num_attention_heads=4, intermediate_size=128, max_position_embeddings=128)
transformer("bert", "BertConfig", "BertModel", **SMALL)
transformer("distilbert", "DistilBertConfig", "DistilBertModel", vocab_size=1000, dim=64, n_layers=2, n_heads=4, hidden_dim=128)
transformer("gpt2", "GPT2Config", "GPT2LMHeadModel", vocab_size=1000, n_embd=64, n_layer=2, n_head=4, n_positions=128,
            bos_token_id=0, eos_token_id=1, call=NO_CACHE)
transformer("llama", "LlamaConfig", "LlamaForCausalLM", num_key_value_heads=2, call=NO_CACHE, **SMALL)
transformer("roberta", "RobertaConfig", "RobertaModel", **SMALL)
transformer("t5_encoder", "T5Config", "T5EncoderModel", vocab_size=1000, d_model=64, d_kv=16, d_ff=128, num_layers=2, num_heads=4)


def in_halves(name, dtype, kinds):
    """Another model's, with weights and inputs of float16 or bfloat16, and tokens as they are."""
    whole = MODELS[f"{name}_{kinds.split()[0]}"][0]

    def make():
        module, calls = whole()
        return module.to(dtype), [tuple(x.to(dtype) if x.is_floating_point() else x for x in inputs) for inputs in calls]
    make.__name__ = f"{name}_{str(dtype)[6:]}"
    model(kinds)(make)


for name in "resnet18 mobilenet_v2 convnext_tiny".split():
    in_halves(name, torch.bfloat16, "scripted")
for name in "bert gpt2 llama t5_encoder".split():
    in_halves(name, torch.bfloat16, "traced")
for name in "bert llama".split():
    in_halves(name, torch.float16, "traced")


@model("traced")
def t5():
    import transformers
    settings = transformers.T5Config(vocab_size=1000, d_model=64, d_kv=16, d_ff=128, num_layers=2, num_heads=4, decoder_start_token_id=0)

    class Whole(nn.Module):
        def __init__(self):
            super().__init__()
            self.model = transformers.T5ForConditionalGeneration(settings)

        def forward(self, ids, decoder_ids):
            return self.model(input_ids=ids, decoder_input_ids=decoder_ids, use_cache=False)[0]

    return Whole().eval(), [a + b for a, b in zip(words((1, 12), (1, 12)), words((1, 7), (1, 7)))]


@model("traced")
def whisper_encoder():
    import transformers
    settings = transformers.WhisperConfig(d_model=64, encoder_layers=2, decoder_layers=2, encoder_attention_heads=4, decoder_attention_heads=4,
                                          encoder_ffn_dim=128, decoder_ffn_dim=128, vocab_size=1000, max_source_positions=100,
                                          pad_token_id=0, bos_token_id=1, eos_token_id=2, decoder_start_token_id=1)
    return First(transformers.WhisperModel(settings).get_encoder().eval()), [(torch.rand(1, 80, 200),), (torch.rand(1, 80, 200),)]


@model("traced")
def clip():
    import transformers
    small = dict(hidden_size=64, intermediate_size=128, num_hidden_layers=2, num_attention_heads=4)
    settings = transformers.CLIPVisionConfig(image_size=64, patch_size=16, **small)
    return First(transformers.CLIPVisionModel(settings).eval()), [(torch.rand(1, 3, 64, 64),), (torch.rand(1, 3, 64, 64),)]


@model("traced")
def wav2vec2():
    import transformers
    settings = transformers.Wav2Vec2Config(hidden_size=64, num_hidden_layers=2, num_attention_heads=4, intermediate_size=128, vocab_size=40,
                                           conv_dim=(32, 32, 32), conv_stride=(5, 2, 2), conv_kernel=(10, 3, 3), num_feat_extract_layers=3,
                                           num_conv_pos_embeddings=16, num_conv_pos_embedding_groups=4)
    return First(transformers.Wav2Vec2ForCTC(settings).eval()), [(torch.rand(1, 2000),), (torch.rand(1, 2000),)]


class Tagger(nn.Module):
    def __init__(self, kind: str):
        super().__init__()
        self.embedding = nn.Embedding(1000, 32)
        self.layers = getattr(nn, kind)(32, 24, 2, batch_first=True, bidirectional=True)
        self.head = nn.Linear(48, 9)

    def forward(self, ids):
        return torch.log_softmax(self.head(self.layers(self.embedding(ids))[0]), -1)


@model("scripted traced")
def lstm_tagger():
    return Tagger("LSTM").eval(), words((1, 12), (1, 12), (3, 12))


@model("scripted traced")
def gru_tagger():
    return Tagger("GRU").eval(), words((1, 12), (1, 12), (3, 12))


@model("scripted")
def nn_transformer():
    class Whole(nn.Module):
        def __init__(self):
            super().__init__()
            self.model = nn.Transformer(32, 4, 2, 2, 64, batch_first=True)

        def forward(self, source, target):
            return self.model(source, target)

    return Whole().eval(), [(torch.rand(n, 10, 32), torch.rand(n, 7, 32)) for n in (1, 1, 2)]


@model("scripted")
def dlrm():
    class Dlrm(nn.Module):
        def __init__(self):
            super().__init__()
            self.bags = nn.ModuleList([nn.EmbeddingBag(n, 16, mode="sum") for n in (100, 40, 1000, 7)])
            self.bottom = nn.Sequential(nn.Linear(13, 32), nn.ReLU(), nn.Linear(32, 16), nn.ReLU())
            self.top = nn.Sequential(nn.Linear(16 + 10, 32), nn.ReLU(), nn.Linear(32, 1), nn.Sigmoid())
            pairs = torch.tril_indices(5, 5, -1)
            self.register_buffer("rows", pairs[0])
            self.register_buffer("columns", pairs[1])

        def forward(self, dense, ids):
            first = self.bottom(dense)
            vectors = [first]
            for i, bag in enumerate(self.bags):
                vectors.append(bag(ids[i]))
            stacked = torch.stack(vectors, 1)
            products = torch.bmm(stacked, stacked.transpose(1, 2))
            return self.top(torch.cat([first, products[:, self.rows, self.columns]], 1))

    return Dlrm().eval(), [(torch.rand(n, 13), torch.randint(0, 7, (4, n, 3))) for n in (1, 1, 64)]


@model("scripted")
def conformer():
    import torchaudio
    return torchaudio.models.Conformer(16, 4, 32, 2, 7).eval(), [(torch.rand(n, 20, 16), torch.tensor([20] * n)) for n in (1, 1, 2)]


@model("scripted")
def tacotron2():
    import torchaudio
    class Encoder(nn.Module):
        def __init__(self):
            super().__init__()
            whole = torchaudio.models.Tacotron2(encoder_embedding_dim=32, symbol_embedding_dim=32)
            self.embedding, self.encoder = whole.embedding, whole.encoder

        def forward(self, ids, lengths):
            return self.encoder(self.embedding(ids).transpose(1, 2), lengths)

    return Encoder().eval(), [(torch.randint(0, 100, (1, 9)), torch.tensor([9])), (torch.randint(0, 100, (2, 9)), torch.tensor([9, 6]))]


@model("packaged")
def silero_vad():
    import silero_vad
    folder = pathlib.Path(silero_vad.__file__).parent / "data"
    module = torch.jit.load(str(folder / "silero_vad.jit"))
    return module, [(torch.rand(n, 512) - 0.5, 16000) for n in (1, 1, 1, 2)]


def plain(value):
    """Named tuples of classes that no other process knows are tuples."""
    if isinstance(value, tuple):
        return tuple(map(plain, value))
    return value


def reset(module):
    if hasattr(module, "reset_states"):
        module.reset_states()


def make_one(folder, name):
    make, kind = MODELS[name]
    torch.manual_seed(0)
    module, calls = make()
    with torch.no_grad():
        if kind == "traced":
            module = torch.jit.trace(module, calls[0], strict=False, check_trace=False)
        elif kind == "scripted":
            module = torch.jit.script(module)
        module.save(str(folder / f"{name}.pt"))
        module = torch.jit.load(str(folder / f"{name}.pt"))
        reset(module)
        runs = []
        for inputs in calls:
            try:
                runs.append({"inputs": list(inputs), "output": plain(module(*inputs))})
            except Exception:  # what was traced may hold for its own sizes alone
                if kind != "traced":
                    raise
    torch.save(runs, folder / f"{name}.pth")


def make_all(folder, names):
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        try:
            make_one(folder, name)
            print(f"made {name}", flush=True)
        except Exception as error:
            print(f"PyTorch does not make {name}: {type(error).__name__}: {str(error).splitlines()[0][:200]}", flush=True)


def milliseconds_of_torch(folder, name):
    try:
        import torchvision  # its operators
    except ImportError:
        pass
    module = torch.jit.load(str(folder / f"{name}.pt"))
    reset(module)
    inputs = torch.load(folder / f"{name}.pth", weights_only=False)[0]["inputs"]
    times = []
    with torch.no_grad():
        while len(times) < 5 or (sum(times) < 1.5 and len(times) < 200):
            begun = time.perf_counter()
            module(*inputs)
            times.append(time.perf_counter() - begun)
    return 1e3 * times[0], 1e3 * sorted(times[3:])[len(times[3:]) // 2]


def compare_all(build, folder, names):
    print("| model | runs | largest difference | first call, ms | later, ms | PyTorch: first | later | okibi is |")
    print("|---|---|---:|---:|---:|---:|---:|---:|")
    failed = 0
    for name in names:
        if not (folder / f"{name}.pt").exists():
            continue
        done = subprocess.run([build / "script_driver", "compare", folder / f"{name}.pt", folder / f"{name}.pth"], capture_output=True, text=True,
                              env={**os.environ, "OMP_NUM_THREADS": "1"})
        if done.returncode:
            failed += 1
            print(f"| {name} | no: {' '.join(done.stderr.split())[:300]} | | | | | | |", flush=True)
            continue
        ours = json.loads(done.stdout)
        failed += ours["difference"] > next((most for part, most in FARTHEST_IN.items() if part in name), FARTHEST)
        first, later = milliseconds_of_torch(folder, name)
        print(f"| {name} | {ours['runs']} | {ours['difference']:.1e} | {ours['first_ms']:.1f} | {ours['later_ms']:.2f} | {first:.1f} | {later:.2f} | "
              f"{later / ours['later_ms']:.2f}x |", flush=True)
    return failed


def main():
    verb, *rest = sys.argv[1:]
    build = pathlib.Path(rest.pop(0)).resolve() if verb != "make" else None
    if verb == "check":
        with tempfile.TemporaryDirectory() as folder:
            make_all(pathlib.Path(folder), rest)
            missing = [name for name in rest if not (pathlib.Path(folder) / f"{name}.pth").exists()]
            sys.exit(len(missing) + compare_all(build, pathlib.Path(folder), rest))
    folder, names = pathlib.Path(rest[0]), rest[1:] or list(MODELS)
    if verb == "make":
        make_all(folder, names)
    elif compare_all(build, folder, names):
        sys.exit(1)


if __name__ == "__main__":
    main()
