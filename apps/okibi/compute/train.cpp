// okibi train DATA.csv --target COLUMN …
#include <unistd.h>

#include <charconv>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <okibi/store.h>
#include <okibi/tabular.h>

#include "compute_verbs.h"
#include "options.h"
#include "terminal.h"

namespace okibi::app {
namespace {

using Json = nlohmann::ordered_json;
using tabular::CategoricalSpec;
using tabular::EpochReport;
using tabular::StepReport;

int64_t whole_number(const std::string& text, const std::string& option) {
  int64_t value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem == std::errc() && end == text.data() + text.size()) return value;
  throw Error(ErrorKind::bad_argument, option + " needs whole numbers").found("'" + text + "'");
}

// "gender:8" or "gender"; the last colon counts, so that column names may hold some.
CategoricalSpec categorical_from(const std::string& text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string::npos) return {text, 0};
  const int64_t dim = whole_number(text.substr(colon + 1), "--categorical (COLUMN:WIDTH)");
  if (dim > 0) return {text.substr(0, colon), dim};
  throw Error(ErrorKind::bad_argument, "the width of an embedding must be at least 1").found("'" + text + "'");
}

// What was typed, before it means anything.
struct Words {
  std::string data;
  std::optional<std::string> target, task, optimizer, checkpoint, model, whole_model;
  std::optional<std::vector<std::string>> categorical, continuous, hidden;
  std::optional<int64_t> epochs, batch_size, seed, threads, checkpoint_every;
  std::optional<double> lr, momentum, weight_decay, dropout;
  std::string resume;
  bool json = false;
};

void describe(Options& options, Words& words) {
  options.positional("DATA", words.data,
                     "the CSV file, with a header line (with --resume: the one the checkpoint names)", false);
  options.option("--target", words.target, "the column to learn: two texts (0/1, no/yes) or numbers");
  options.list("--categorical", words.categorical,
               "columns that get an embedding, with its width: gender:8,department:8");
  options.list("--continuous", words.continuous, "columns of numbers; they are standardised");
  options.choice("--task", words.task, {"automatic", "binary", "regression"}, "what the target is");
  options.list("--hidden", words.hidden, "widths of the hidden layers (64,32)");
  options.option("--dropout", words.dropout, "probability of dropout after each hidden layer (0)");
  options.option("--epochs", words.epochs, "how often all rows are seen (10)");
  options.option("--batch-size", words.batch_size, "rows a step (256)");
  options.choice("--optimizer", words.optimizer, {"adam", "adamw", "adagrad", "rmsprop", "sgd"},
                 "how weights follow their gradients (adam)");
  options.option("--lr", words.lr, "learning rate (0.001)");
  options.option("--momentum", words.momentum, "of sgd and rmsprop (0)");
  options.option("--weight-decay", words.weight_decay, "a multiple of the weights added to their gradient (0)");
  options.option("--seed", words.seed, "of the weights and of the order of rows (0)");
  options.option("--threads", words.threads, "threads to compute with (1)");
  options.option("--checkpoint", words.checkpoint, "write a resume checkpoint here after each epoch");
  options.option("--checkpoint-every", words.checkpoint_every, "… and after every so many steps");
  options.option("--model", words.model, "write the trained model here: its weights, and what they are for");
  options.option("--whole-model", words.whole_model,
                 "write it here as a module that torch.load(weights_only=False) runs");
  options.option("--resume", words.resume, "go on from this checkpoint, with its options");
  options.flag("--json", words.json, "metrics as JSON lines on stdout");
}

template <class To, class From, class Convert>
std::optional<std::vector<To>> converted(const std::optional<std::vector<From>>& from, Convert convert) {
  if (!from) return std::nullopt;
  std::vector<To> to;
  for (const From& item : *from) to.push_back(convert(item));
  return to;
}

tabular::TrainRequest request_of(const Words& words) {
  tabular::TrainRequest request;
  if (!words.data.empty()) request.data = words.data;
  request.target = words.target;
  if (words.task) request.task = tabular::task_named(*words.task);
  request.categorical = converted<CategoricalSpec>(words.categorical, categorical_from);
  request.continuous = words.continuous;
  request.hidden =
      converted<int64_t>(words.hidden, [](const std::string& text) { return whole_number(text, "--hidden"); });
  request.dropout = words.dropout;
  request.epochs = words.epochs;
  request.batch_size = words.batch_size;
  if (words.optimizer) request.optimizer = tabular::optimizer_named(*words.optimizer);
  request.lr = words.lr;
  request.momentum = words.momentum;
  request.weight_decay = words.weight_decay;
  request.seed = words.seed;
  request.threads = words.threads;
  request.checkpoint = words.checkpoint;
  request.checkpoint_every = words.checkpoint_every;
  request.model = words.model;
  request.whole_model = words.whole_model;
  request.resume = words.resume;
  return request;
}

// ------------------------------------------------------------------------------------------------------ what is
// printed

// The bar, then a line for each epoch; with --json, a document for each instead.
class Reporter {
 public:
  explicit Reporter(bool json) : json_(json) {}

  void started(const tabular::TrainOptions& options, const tabular::Encoder& encoder, int64_t rows) {
    fmt::print(stderr, "{} rows of {}; target {} ({})", rows, store::shown(options.data), encoder.target().name,
               name_of(encoder.target().task));
    for (const auto& column : encoder.categorical()) {
      fmt::print(stderr, ", {} {}×{}", column.name, column.categories.size(), column.dim);
    }
    for (const auto& column : encoder.continuous()) fmt::print(stderr, ", {}", column.name);
    fmt::print(stderr, "\n");
    if (options.model.empty() && options.whole_model.empty() && options.checkpoint.empty()) {
      fmt::print(stderr, "nothing will be saved: --model and --checkpoint say where to\n");
    }
  }

  void stepped(const StepReport& step) {
    const double left = static_cast<double>(step.steps_total - step.step);
    if (rate_steps_ == 0) begin_ = std::chrono::steady_clock::now();
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
    const double remaining = rate_steps_ > 0 ? left * seconds / static_cast<double>(rate_steps_) : 0;
    ++rate_steps_;
    bar_.update(static_cast<double>(step.step) / static_cast<double>(step.steps_total),
                fmt::format("epoch {}  loss {:.4f}  {} samples/s  {} left", step.epoch, step.loss,
                            human_rate(step.samples_per_second), human_seconds(remaining)));
  }

  void finished_epoch(const EpochReport& epoch) {
    bar_.clear();
    json_ ? print_json(epoch) : print_text(epoch);
    std::fflush(stdout);
  }

  void clear() { bar_.clear(); }

 private:
  static void print_text(const EpochReport& epoch) {
    fmt::print("epoch {:>3}/{}  loss {:.6f}  {} samples/s  {:.2f} s\n", epoch.epoch, epoch.epochs, epoch.train_loss,
               human_rate(epoch.samples_per_second), epoch.seconds);
  }
  static void print_json(const EpochReport& epoch) {
    Json json = {{"okibi_version", version()}, {"epoch", epoch.epoch},
                 {"epochs", epoch.epochs},     {"train_loss", epoch.train_loss},
                 {"seconds", epoch.seconds},   {"samples_per_second", epoch.samples_per_second}};
    if (epoch.evaluation) {
      json["loss"] = epoch.evaluation->loss;
      if (epoch.evaluation->accuracy) json["accuracy"] = *epoch.evaluation->accuracy;
    }
    fmt::print("{}\n", json.dump());
  }

  bool json_;
  ProgressBar bar_;
  std::chrono::steady_clock::time_point begin_;
  int64_t rate_steps_ = 0;
};

void print_end(const tabular::TrainResult& result, const tabular::TrainOptions& options) {
  if (result.nothing_left)
    fmt::print("nothing is left to do: the checkpoint has all {} epochs. A larger --epochs goes on.\n", result.epochs);
  fmt::print("over all rows, in eval mode: loss {:.6f}", result.evaluation.loss);
  if (result.evaluation.accuracy) fmt::print(", accuracy {:.4f}", *result.evaluation.accuracy);
  fmt::print("\n");
  if (!options.checkpoint.empty()) fmt::print("checkpoint: {}\n", options.checkpoint);
  if (!options.model.empty()) fmt::print("model:      {}\n", options.model);
  if (!options.whole_model.empty()) fmt::print("whole:      {}\n", options.whole_model);
}

}  // namespace
}  // namespace okibi::app

int okibi_verb_train(int count, char** arguments) {
  using namespace okibi::app;
  Words words;
  Options options(
      "train", "Train a model with an embedding for each categorical column beside the continuous ones.",
      "okibi train examples/admissions/berkeley.csv --target admitted --categorical gender:8,department:8 \\\n"
      "        --epochs 30 --lr 0.003 --checkpoint runs/last.pth --model runs/model.pth\n"
      "  okibi train --resume runs/last.pth --epochs 40");
  describe(options, words);
  if (!options.parse(count, arguments)) return 0;

  Reporter reporter(words.json);
  okibi::tabular::TrainOptions used;
  const okibi::tabular::TrainCallbacks callbacks = {
      .on_start = [&](const auto& resolved, const auto& encoder,
                      int64_t rows) { used = resolved, reporter.started(resolved, encoder, rows); },
      .on_step = [&](const auto& step) { reporter.stepped(step); },
      .on_epoch = [&](const auto& epoch) { reporter.finished_epoch(epoch); }};
  const auto result = okibi::tabular::train(request_of(words), callbacks, stop_on_signals());
  reporter.clear();
  if (!words.json) print_end(result, used);
  return 0;
}
