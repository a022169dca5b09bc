// okibi predict MODEL DATA.csv
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <okibi/tabular.h>

#include "compute_verbs.h"
#include "options.h"

namespace {

using namespace okibi;
using Json = nlohmann::ordered_json;

// As CSV wants it: quoted where it holds a comma, a quote or a line end.
std::string csv_cell(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + '"';
}

void print_csv(const tabular::TargetColumn& target, const std::vector<double>& predictions) {
  const bool binary = target.task == tabular::Task::binary;
  const std::string name = csv_cell(target.name);
  if (binary)
    fmt::print("{},{}\n", name, csv_cell(fmt::format("probability of {}", target.positive)));
  else
    fmt::print("{}\n", name);
  for (const double prediction : predictions) {
    if (binary)
      fmt::print("{},{:.6f}\n", csv_cell(target.label_of(prediction)), prediction);
    else
      fmt::print("{}\n", prediction);
  }
}

void print_json_lines(const tabular::TargetColumn& target, const std::vector<double>& predictions) {
  for (size_t row = 0; row < predictions.size(); ++row) {
    Json json = {{"okibi_version", version()}, {"row", row}};
    if (target.task == tabular::Task::binary) {
      json["prediction"] = target.label_of(predictions[row]);
      json["probability"] = predictions[row];
    } else {
      json["prediction"] = predictions[row];
    }
    fmt::print("{}\n", json.dump(-1, ' ', false, Json::error_handler_t::replace));
  }
}

}  // namespace

int okibi_verb_predict(int count, char** arguments) {
  std::string model, data;
  bool json = false;
  app::Options options("predict", "Predict the target for each row of a CSV, in order.",
                       "okibi predict runs/model.pth examples/admissions/berkeley.csv > predictions.csv");
  options.positional("MODEL", model, "a model that okibi train wrote");
  options.positional("DATA", data, "the CSV file; the target column may be missing");
  options.flag("--json", json, "JSON lines");
  if (!options.parse(count, arguments)) return 0;

  const tabular::TrainedModel trained = tabular::load_model(model);
  const std::vector<double> predictions = tabular::predict(trained, tabular::read_csv(data));
  json ? print_json_lines(trained.encoder.target(), predictions) : print_csv(trained.encoder.target(), predictions);
  return 0;
}
