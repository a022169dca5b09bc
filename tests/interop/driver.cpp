// okibi's side of the comparison with PyTorch: interop_test.py runs this with a task and files, and looks at what it
// wrote.
#include <filesystem>
#include <iostream>
#include <map>

#include <okibi/okibi.h>

#include "../nn/layer_cases.h"
#include "../ops/samples.h"
#include "../optim/by_name.h"

namespace {

using namespace okibi;
namespace nn = okibi::nn;

using Files = std::vector<std::string>;

using testing_help::some_gradient;

// op-samples OUT: what every differentiable operator gives for every sample, and its gradients.
void op_samples(const Files& files) {
  List all;
  for (const Op& op : op_table()) {
    for (const samples::Arguments& sample : samples::all().at(std::string(op.name()))) {
      samples::Arguments arguments = sample;
      List leaves;
      const auto make_leaf = [&](Value& value) {
        if (!op.differentiable || !value.is_tensor() || !is_floating_point(value.to_tensor().dtype())) return;
        value = value.to_tensor().clone().detach().requires_grad_();
        leaves.push_back(value);
      };
      List leaf_places;
      for (size_t i = 0; i < arguments.size(); ++i) {
        Value& argument = arguments[i];
        if (!samples::gets_gradient(op.name(), i) || samples::pytorch_drops_gradient(op.name(), i)) continue;
        leaf_places.push_back(static_cast<int64_t>(i));
        if (argument.is_list()) {
          argument = List(argument.to_list().items());
          for (Value& item : argument.to_list()) make_leaf(item);
        }
        make_leaf(argument);
      }
      const Value result = op.call(arguments);
      const Tensor out = samples::differentiable_part(op.name(), result);
      List outputs, gradients;
      for (const Tensor& each : samples::tensors_in(result)) outputs.push_back(each.detach().clone());  // no views
      Value gradient;
      if (op.differentiable && out.requires_grad()) {  // integers have none
        gradient = some_gradient(out);
        out.backward(gradient.to_tensor());
        for (const Value& leaf : leaves) gradients.push_back(to_dense(leaf.to_tensor().grad()));
      }
      all.push_back(Dict{{"schema", op.schema},
                         {"arguments", List(arguments)},
                         {"leaf_places", leaf_places},
                         {"outputs", outputs},
                         {"first_alone", samples::has_statistics_beside(op.name())},  // has a gradient
                         {"gradient", gradient},
                         {"gradients", gradients}});
    }
  }
  save(all, files.at(0));
}

// ---- embeddings, each with the options of its case

template <class T>
std::optional<T> maybe(const Value& value) {
  if (value.is_none()) return {};
  if constexpr (std::is_same_v<T, int64_t>)
    return value.to_int();
  else
    return value.to_double();
}
Tensor maybe_tensor(const Value& value) { return value.is_none() ? Tensor() : value.to_tensor(); }

// Sparse ones in their parts, which PyTorch of any age can load.
Value gradient_of(const Tensor& parameter) {
  const Tensor gradient = parameter.grad();
  if (!gradient.is_sparse()) return gradient;
  return Dict{{"indices", gradient.indices()}, {"values", gradient.values()}, {"coalesced", gradient.is_coalesced()}};
}

Value embedded(const Value& example) {
  const Value options = example["options"];
  const auto embedding = nn::Embedding::from_pretrained(example["weight"].to_tensor(),
                                                        {.freeze = false,
                                                         .padding_idx = maybe<int64_t>(options["padding_idx"]),
                                                         .max_norm = maybe<double>(options["max_norm"]),
                                                         .norm_type = options["norm_type"].to_double(),
                                                         .scale_grad_by_freq = options["scale_grad_by_freq"].to_bool(),
                                                         .sparse = options["sparse"].to_bool()});
  const Tensor out = embedding(example["ids"].to_tensor());
  out.backward(example["gradient"].to_tensor());
  return Dict{{"output", out.detach().clone()},
              {"weight", embedding.weight().detach()},
              {"gradient", gradient_of(embedding.weight())}};
}

Value bagged(const Value& example) {
  const Value options = example["options"];
  const std::string mode = options["mode"].to_string();
  const auto bag = nn::EmbeddingBag::from_pretrained(example["weight"].to_tensor(),
                                                     {.max_norm = maybe<double>(options["max_norm"]),
                                                      .norm_type = options["norm_type"].to_double(),
                                                      .scale_grad_by_freq = options["scale_grad_by_freq"].to_bool(),
                                                      .mode = mode == "sum"   ? BagMode::sum
                                                              : mode == "max" ? BagMode::max
                                                                              : BagMode::mean,
                                                      .sparse = options["sparse"].to_bool(),
                                                      .include_last_offset = options["include_last_offset"].to_bool(),
                                                      .padding_idx = maybe<int64_t>(options["padding_idx"]),
                                                      .freeze = false});
  const Tensor weights = maybe_tensor(example["weights"]);
  if (weights.defined()) weights.requires_grad_();
  const Tensor out = bag(example["ids"].to_tensor(), maybe_tensor(example["offsets"]), weights);
  out.backward(example["gradient"].to_tensor());
  Value of_weights;
  if (weights.defined()) of_weights = weights.grad();
  return Dict{{"output", out.detach().clone()},
              {"weight", bag.weight().detach()},
              {"gradient", gradient_of(bag.weight())},
              {"of_weights", of_weights}};
}

// embeddings CASES OUT: what each case gives, and its gradients.
void embeddings(const Files& files) {
  List all;
  for (const Value& example : load(files.at(0)).to_list())
    all.push_back(example["kind"].to_string() == "bag" ? bagged(example) : embedded(example));
  save(all, files.at(1));
}

// resave IN OUT [FORMAT]: load and save.
void resave(const Files& files) {
  SaveOptions options;
  if (files.size() > 2) options.format = format_named(files[2]);
  save(load(files.at(0)), files.at(1), options);
}

// resave-all SOURCE TARGET: each file of the folder, in the format it had.
void resave_all(const Files& folders) {
  for (const auto& entry : std::filesystem::directory_iterator(folders.at(0))) {
    const std::string source = entry.path().string();
    const Format format = open(source).format();
    save(load(source), folders.at(1) + "/" + entry.path().filename().string(), {.format = format});
  }
}

// state-dict IN OUT: of a program, say.
void resave_state_dict(const Files& files) { save(load_state_dict(files.at(0)), files.at(1)); }

struct Net : nn::Module {
  nn::Embedding gender{2, 8}, job{22, 8};
  nn::Sequential mlp{nn::Linear(20, 64), nn::ReLU(), nn::Linear(64, 32), nn::ReLU(), nn::Linear(32, 1)};
  Net() : nn::Module("my_models.Net") { register_modules({{"gender", gender}, {"job", job}, {"mlp", mlp}}); }
  Tensor forward(const Tensor& g, const Tensor& j, const Tensor& x) {
    return mlp(cat({gender(g), job(j), x}, 1)).squeeze(1);
  }
};

// initial-weights OUT: what the model and what follows draw after manual_seed(0).
void initial_weights(const Files& files) {
  manual_seed(0);
  Net net;
  const Tensor order = randperm(1000);
  const Tensor dropped = dropout(ones({1000}), 0.3, true);
  save(Dict{{"model_state_dict", net.state_dict()}, {"randperm", order}, {"dropout", dropped}, {"randn", randn({100})}},
       files.at(0));
}

// continue-training IN BATCHES OUT: takes a resume checkpoint of Net and Adam, goes on over the batches.
void continue_training(const Files& files) {
  const Value checkpoint = load(files.at(0));
  Net net;
  optim::Adam optimizer(net.parameters());
  net.load_state_dict(checkpoint["model_state_dict"]);
  optimizer.load_state_dict(checkpoint["optimizer_state_dict"]);
  const nn::BCEWithLogitsLoss loss_of;
  List losses;
  for (const Value& batch : load(files.at(1)).to_list()) {
    optimizer.zero_grad();
    const Tensor loss = loss_of(net.forward(batch["g"].to_tensor(), batch["j"].to_tensor(), batch["x"].to_tensor()),
                                batch["y"].to_tensor());
    loss.backward();
    optimizer.step();
    losses.push_back(loss.item<double>());
  }
  save(Dict{{"epoch", checkpoint["epoch"]},
            {"model_state_dict", net.state_dict()},
            {"optimizer_state_dict", optimizer.state_dict()},
            {"loss", losses}},
       files.at(2));
}

// continue-optimizers IN OUT: each takes over a state, and steps by the gradients given.
void continue_optimizers(const Files& files) {
  List results;
  for (const Value& each : load(files.at(0)).to_list()) {
    samples::Groups groups;
    std::vector<Tensor> parameters;
    for (const Value& parameter : each["parameters"].to_list()) {
      parameters.push_back(parameter.to_tensor().requires_grad_());
      if (groups.size() < 2) groups.emplace_back();  // the first stands alone
      groups.back().params.push_back(parameters.back());
    }
    const auto optimizer = samples::optimizers().at(each["class"].to_string())(groups);
    optimizer->load_state_dict(each["state"]);
    for (const Value& gradients : each["gradients"].to_list()) {
      for (size_t i = 0; i < parameters.size(); ++i) parameters[i].set_grad(gradients[i].to_tensor());
      optimizer->step();
    }
    List after;
    for (const Tensor& parameter : parameters) after.push_back(parameter.detach());
    results.push_back(Dict{{"parameters", after}, {"state", optimizer->state_dict()}});
  }
  save(results, files.at(1));
}

// Schedulers whose options come with their state.
using MakeScheduler = std::shared_ptr<optim::LRScheduler> (*)(optim::Optimizer&);
template <class T, class Options>
std::shared_ptr<optim::LRScheduler> scheduler(optim::Optimizer& optimizer, Options options) {
  return std::make_shared<T>(optimizer, options);
}
const std::map<std::string, MakeScheduler> schedulers = {
    {"StepLR", [](optim::Optimizer& o) { return scheduler<optim::StepLR>(o, optim::StepLROptions{1}); }},
    {"MultiStepLR", [](optim::Optimizer& o) { return scheduler<optim::MultiStepLR>(o, optim::MultiStepLROptions{}); }},
    {"ConstantLR", [](optim::Optimizer& o) { return scheduler<optim::ConstantLR>(o, optim::ConstantLROptions{}); }},
    {"LinearLR", [](optim::Optimizer& o) { return scheduler<optim::LinearLR>(o, optim::LinearLROptions{}); }},
    {"ExponentialLR",
     [](optim::Optimizer& o) { return scheduler<optim::ExponentialLR>(o, optim::ExponentialLROptions{1}); }},
    {"PolynomialLR",
     [](optim::Optimizer& o) { return scheduler<optim::PolynomialLR>(o, optim::PolynomialLROptions{}); }},
    {"CosineAnnealingLR",
     [](optim::Optimizer& o) { return scheduler<optim::CosineAnnealingLR>(o, optim::CosineAnnealingLROptions{1}); }},
    {"CosineAnnealingWarmRestarts",
     [](optim::Optimizer& o) {
       return scheduler<optim::CosineAnnealingWarmRestarts>(o, optim::CosineAnnealingWarmRestartsOptions{1});
     }},
    {"OneCycleLR",
     [](optim::Optimizer& o) {
       return scheduler<optim::OneCycleLR>(o, optim::OneCycleLROptions{.max_lr = 1, .total_steps = 10});
     }},
    {"SequentialLR",
     [](optim::Optimizer& o) {
       const optim::Schedulers both = {scheduler<optim::LinearLR>(o, optim::LinearLROptions{}),
                                       scheduler<optim::ExponentialLR>(o, optim::ExponentialLROptions{1})};
       return std::shared_ptr<optim::LRScheduler>(new optim::SequentialLR(o, both, {1}));
     }},
};

// continue-schedulers IN OUT: each takes over a state and its optimizer's, and makes 30 steps.
void continue_schedulers(const Files& files) {
  List results;
  for (const Value& each : load(files.at(0)).to_list()) {
    const auto parameter = [] { return zeros({1}).requires_grad_(); };
    optim::SGD optimizer({optim::Group{{parameter()}}, optim::Group{{parameter()}}}, {.momentum = 0.9});
    const auto scheduler = schedulers.at(each["class"].to_string())(optimizer);
    scheduler->load_state_dict(each["state"]);
    optimizer.load_state_dict(each["optimizer"]);
    List rates;
    for (int step = 0; step < 30; ++step) {
      scheduler->step();
      for (const double rate : scheduler->get_last_lr()) rates.push_back(rate);
    }
    results.push_back(
        Dict{{"rates", rates}, {"state", scheduler->state_dict()}, {"optimizer", optimizer.state_dict()}});
  }
  save(results, files.at(1));
}

// admissions-losses CSV OUT: the losses of the first 100 steps of `okibi train`'s loop.
void admissions_losses(const Files& files) {
  const tabular::Table table = tabular::read_csv(files.at(0));
  const tabular::Encoder encoder =
      tabular::Encoder::fit(table, {.target = "admitted", .categorical = {{"gender", 8}, {"department", 8}}});
  manual_seed(0);
  const auto shape = tabular::ModelShape::of(encoder, {64, 32}, 0);
  const tabular::TabularModel model(shape);
  tabular::TrainOptions options;
  options.lr = 0.003;
  options.epochs = 30;
  tabular::Trainer trainer(model, encoder.encode(table), tabular::Task::binary, options);
  List losses;
  for (int step = 0; step < 100; ++step) losses.push_back(trainer.step());
  save(Dict{{"losses", losses}, {"model", shape.to_value()}}, files.at(1));
}

// save-module OUT: a whole model of torch.nn's own layers, and what it gives for an input.
void save_module(const Files& files) {
  manual_seed(3);
  nn::Sequential model{
      nn::Embedding(22, 8), nn::Linear(8, 4), nn::ReLU(), nn::Dropout(0.1), nn::Linear(4, 2, {.bias = false}),
      nn::Sigmoid()};
  model.eval();
  const Tensor ids = tensor({3, 12, 7, 5});
  save(model, files.at(0));
  save(Dict{{"ids", ids}, {"output", model(ids).detach()}}, files.at(1));
}

// load-module IN INPUT OUT: the other way round.
void load_and_run_module(const Files& files) {
  const nn::AnyModule model = load_module(files.at(0));
  save(Value(model.call({load(files.at(1))}).to_tensor().detach()), files.at(2));
}

// What the program gives here for the inputs of the case.
Value output_of_script(const std::string& path, const testing_help::LayerCase& one) {
  std::vector<Value> inputs;
  for (const Tensor& input : one.inputs) inputs.emplace_back(input.detach());
  std::vector<Value> arguments = testing_help::arguments_of(one.python, one.python_call, inputs);
  jit::NamedValues named;
  if (!arguments.empty() && arguments.back().is_dict()) {  // options, which are arguments by name in PyTorch
    for (const auto& [name, value] : arguments.back().to_dict()) named.emplace_back(name.to_string(), value);
    arguments.pop_back();
  }
  const jit::Module module = jit::load(path);
  manual_seed(1);
  return testing_help::joined(module.forward(std::move(arguments), std::move(named)));
}

// layers FOLDER: each layer of the list as a whole model, N.pt, and as a program, N.script.pt; in cases.pth what it
// does.
void layers(const Files& files) {
  List all;
  for (const testing_help::LayerCase& one : testing_help::layer_cases()) {
    const int64_t index = static_cast<int64_t>(all.size());
    manual_seed(static_cast<uint64_t>(index));
    nn::AnyModule module = one.make();
    module.train(one.training);
    save(module, files.at(0) + "/" + std::to_string(index) + ".pt");
    const std::string scripted = files.at(0) + "/" + std::to_string(index) + ".script.pt";
    jit::save(jit::script(module), scripted);
    List inputs;
    for (const Tensor& input : one.inputs) inputs.push_back(input.detach());
    Dict versions;
    const StateDict own = module.state_dict();
    for (const auto& [prefix, version] : own.versions()) versions.set(prefix, version);
    List trained;
    for (const auto& [name, tensor] : module.named_parameters()) {
      if (tensor.requires_grad()) trained.push_back(name);
    }
    Dict state;  // as it is now: running changes buffers
    for (const auto& [name, value] : own) state.set(name, value.to_tensor().clone());
    all.push_back(
        Dict{{"python", one.python},
             {"training", one.training},
             {"inputs", inputs},
             {"repr", to_string(module)},
             {"state_dict", state},
             {"versions", versions},
             {"trained", trained},
             {"did", one.inputs.empty() ? Value()
                                        : testing_help::run_case(module, one.inputs, 1, one.python, one.python_call)},
             {"script_gave", one.inputs.empty() ? Value() : output_of_script(scripted, one)},
             {"call", one.python_call}});
  }
  save(all, files.at(0) + "/cases.pth");
}

Tensor with_more_rows(const Tensor& x) {
  const Tensor rows = arange(x.size(0) + 3);
  for (int64_t i = 0; i < rows.numel(); ++i) rows.data<int64_t>()[i] = i % x.size(0);
  return index_select(x, 0, rows);
}

// traces FOLDER: each layer of the list, in eval mode, as a traced program, N.trace.pt; in traces.pth what it gives,
// also for another batch size.
void traces(const Files& files) {
  List all;
  const NoGrad no_grad;
  for (const testing_help::LayerCase& one : testing_help::layer_cases()) {
    if (one.inputs.empty() || !one.python_call.empty()) continue;
    manual_seed(all.size());
    nn::AnyModule module = one.make();
    module.eval();
    std::vector<Tensor> inputs, more;
    for (const Tensor& input : one.inputs) inputs.push_back(input.detach());
    for (const Tensor& input : inputs)
      more.push_back(input.size(0) == inputs[0].size(0) ? with_more_rows(input) : input);
    const auto given = [](const std::vector<Tensor>& tensors) {
      return std::vector<Value>(tensors.begin(), tensors.end());
    };
    Dict entry{{"python", one.python}, {"inputs", List(given(inputs))}, {"more", List(given(more))}};
    const std::string path = files.at(0) + "/" + std::to_string(all.size()) + ".trace.pt";
    entry.set("output", testing_help::joined(module.call(given(inputs))));
    try {
      jit::save(jit::trace(module, inputs), path);
      entry.set("output_of_more", testing_help::joined(module.call(given(more))));
    } catch (const Error& error) {
      entry.set("problem", error.what());
      jit::save(jit::trace(module, inputs, {.batch_dim = {}}), path);
    }
    all.push_back(entry);
  }
  save(all, files.at(0) + "/traces.pth");
}

// layers-of-python FOLDER: the same for modules that Python saved there, N.py.pt, where it did.
void layers_of_python(const Files& files) {
  List all;
  for (const Value& one : load(files.at(0) + "/cases.pth").to_list()) {
    const std::string path = files.at(0) + "/" + std::to_string(all.size()) + ".py.pt";
    if (!std::filesystem::exists(path) || one["did"].is_none()) {
      all.push_back(nullptr);
      continue;
    }
    const nn::AnyModule module = load_module(path);
    std::vector<Tensor> inputs;
    for (const Value& input : one["inputs"].to_list()) inputs.push_back(input.to_tensor());
    const std::string text = to_string(module);
    all.push_back(
        Dict{{"repr", text},
             {"did", testing_help::run_case(module, inputs, 1, one["python"].to_string(), one["call"].to_string())}});
  }
  save(all, files.at(0) + "/again.pth");
}

// save-program-again IN OUT: a program, loaded and saved.
void save_program_again(const Files& files) { jit::save(jit::load(files.at(0)), files.at(1)); }

const std::map<std::string, void (*)(const Files&)> tasks = {{"save-program-again", save_program_again},
                                                             {"traces", traces},
                                                             {"op-samples", op_samples},
                                                             {"embeddings", embeddings},
                                                             {"resave", resave},
                                                             {"resave-all", resave_all},
                                                             {"state-dict", resave_state_dict},
                                                             {"initial-weights", initial_weights},
                                                             {"continue-training", continue_training},
                                                             {"continue-optimizers", continue_optimizers},
                                                             {"continue-schedulers", continue_schedulers},
                                                             {"admissions-losses", admissions_losses},
                                                             {"layers", layers},
                                                             {"layers-of-python", layers_of_python},
                                                             {"save-module", save_module},
                                                             {"load-module", load_and_run_module}};

}  // namespace

int main(int count, char** arguments) {
  try {
    tasks.at(arguments[1])(Files(arguments + 2, arguments + count));
    return 0;
  } catch (const okibi::Error& error) {
    std::cerr << error.what() << "\n";
    return 2;
  }
}
