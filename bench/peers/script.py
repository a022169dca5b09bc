"""Usage: script.py make FOLDER MODEL | script.py jit|optimized|onnxruntime FOLDER MODEL. Makes a model with random weights as TorchScript
(MODEL.pt), ONNX and an input (MODEL-0.npy …); or runs it in PyTorch, in PyTorch after optimize_for_inference, or in onnxruntime, on one
thread, and prints one line of JSON: milliseconds until it is ready, of the first call and of the median of the later ones, MiB of memory at the
end."""
import json
import pathlib
import resource
import sys
import time

verb, folder, name = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3]


def make():
    import numpy
    import torch
    torch.manual_seed(0)
    if name == "bert_base":
        import transformers
        settings = transformers.BertConfig()
        settings._attn_implementation = "eager"

        class First(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.model = transformers.BertModel(settings)

            def forward(self, ids):
                return self.model(ids)[0]

        module, inputs = First().eval(), (torch.randint(3, 30000, (1, 128)),)
    else:
        import torchvision
        module, inputs = getattr(torchvision.models, name)(weights=None).eval(), (torch.rand(1, 3, 224, 224),)
    with torch.no_grad():
        torch.jit.trace(module, inputs, strict=False, check_trace=False).save(str(folder / f"{name}.pt"))
        torch.onnx.export(module, inputs, str(folder / f"{name}.onnx"), dynamo=False, opset_version=17)
    for i, x in enumerate(inputs):
        numpy.save(folder / f"{name}-{i}.npy", x.numpy())


def torch_call(optimized):
    import torch
    global begun
    torch.set_num_threads(1)
    begun = time.perf_counter()
    module = torch.jit.load(str(folder / f"{name}.pt"))
    if optimized:
        module = torch.jit.optimize_for_inference(module.eval())
    inputs = [torch.from_numpy(x) for x in arrays()]

    def call():
        with torch.no_grad():
            module(*inputs)
    return call


def onnxruntime_call():
    import onnxruntime
    global begun
    begun = time.perf_counter()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(folder / f"{name}.onnx"), options, providers=["CPUExecutionProvider"])
    inputs = dict(zip([x.name for x in session.get_inputs()], arrays()))
    return lambda: session.run(None, inputs)


def arrays():
    import numpy
    return [numpy.load(path) for path in sorted(folder.glob(f"{name}-*.npy"))]


def measure(call):
    ready = time.perf_counter() - begun
    times = []
    while len(times) < 6 or sum(times) < 2:
        begin = time.perf_counter()
        call()
        times.append(time.perf_counter() - begin)
    later = sorted(times[3:])
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"ready_ms": 1e3 * ready, "first_ms": 1e3 * times[0], "median_ms": 1e3 * later[len(later) // 2], "mib": memory}))


if verb == "make":
    make()
else:
    measure(onnxruntime_call() if verb == "onnxruntime" else torch_call(verb == "optimized"))
