// okibi save-script MODEL TARGET
#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <okibi/jit.h>
#include <okibi/model.h>
#include <okibi/store.h>
#include <okibi/tabular.h>

#include "compute_verbs.h"
#include "options.h"
#include "terminal.h"

namespace okibi::app {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* encoder_file = "encoder.json";

// How a row becomes what forward takes: categories by their positions, numbers as (x - mean) / scale.
Json json_of(const tabular::Encoder& encoder) {
  Json categorical = Json::array(), continuous = Json::array();
  for (const tabular::CategoricalColumn& column : encoder.categorical())
    categorical.push_back({{"name", column.name}, {"categories", column.categories}});
  for (const tabular::ContinuousColumn& column : encoder.continuous())
    continuous.push_back({{"name", column.name}, {"mean", column.mean}, {"scale", column.scale}});
  const tabular::TargetColumn& target = encoder.target();
  Json json = {{"okibi_version", version()},
               {"categorical", categorical},
               {"continuous", continuous},
               {"target", {{"name", target.name}, {"task", name_of(target.task)}}}};
  if (target.task == tabular::Task::binary) {
    json["target"]["negative"] = target.negative;
    json["target"]["positive"] = target.positive;
  }
  json["output"] = target.task == tabular::Task::binary ? "logit of positive" : "number";
  return json;
}

struct Program {
  jit::Module module;
  jit::ExtraFiles files;
};

Program trained_by_okibi(const std::string& uri) {
  tabular::TrainedModel trained = tabular::load_model(uri);
  trained.model.eval();
  const std::string encoder = json_of(trained.encoder).dump(2, ' ', false, Json::error_handler_t::replace);
  return {jit::script(trained.model), {{encoder_file, encoder + '\n'}}};
}

// A whole model of PyTorch's layers, or what okibi train wrote, which knows its encoder: told by the index alone.
bool is_whole_model_of_others(const std::string& uri) {
  const Value file = open(uri, {.any_class_as_data = true}).skeleton();
  if (!model::is_module(file)) return false;
  const model::Attributes attributes = model::attributes_of(file);
  return std::ranges::none_of(attributes, [](const auto& attribute) { return attribute.first == "encoder"; });
}

Program program_of(const std::string& uri) {
  if (!is_whole_model_of_others(uri)) return trained_by_okibi(uri);
  const nn::AnyModule module = load_module(uri);
  return in_context("", store::shown(uri), [&] { return Program{jit::script(module), {}}; });
}

}  // namespace
}  // namespace okibi::app

int okibi_verb_save_script(int count, char** arguments) {
  using namespace okibi;
  std::string source, target;
  bool json = false;
  app::Options options(
      "save-script",
      "Write a saved model as a TorchScript program, which torch.jit.load and okibi run. The model is one "
      "that okibi train wrote, in eval mode, or a whole model of PyTorch's layers. Of one that okibi "
      "train wrote, the file encoder.json in it says how a row becomes what forward takes.",
      "okibi save-script runs/model.pth model_scripted.pt");
  options.positional("MODEL", source, "a model that okibi train wrote, or a whole model of layers");
  options.positional("TARGET", target, "the program to write");
  options.flag("--json", json, "one JSON document");
  if (!options.parse(count, arguments)) return 0;

  const app::Program program = app::program_of(source);
  app::BytesProgress bar;
  jit::save(
      program.module, target,
      {.progress = [&](uint64_t done, uint64_t total) { bar.update(done, total); }, .stop = app::stop_on_signals()},
      program.files);
  bar.clear();
  const std::string shown = store::shown(target);
  if (json) {
    const app::Json report = {{"okibi_version", version()},
                              {"source", store::shown(source)},
                              {"target", shown},
                              {"class", program.module.class_name()},
                              {"parameters", program.module.state_dict().size()}};
    fmt::print("{}\n", report.dump(2, ' ', false, app::Json::error_handler_t::replace));
  } else {
    fmt::print("{} → {}: the program {}\n", printable(store::shown(source)), printable(shown),
               program.module.class_name());
  }
  return 0;
}
