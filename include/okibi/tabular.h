// okibi/tabular.h: from a table of people or things to a trained model, and from the model to predictions.
//
//   read_csv → Table → Encoder (fit, encode) → Encoded → Trainer (TabularModel, optimizer) → model.pth, last.pth
//
// `train` does all of it with files; the parts are here for programs that hold their data in memory. Nothing here knows
// a terminal: progress comes through callbacks. Errors name the file, the line and the column.
//
// Threads: any number may read a Table, an Encoder or an Encoded. Training draws from the default generator and sets the
// number of threads of the process, so one runs at a time.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include <okibi/io.h>
#include <okibi/nn.h>

namespace okibi::tabular {

// ------------------------------------------------------------------------------------------------------------- tables

struct Fingerprint {  // of the content that a table was read from
  uint64_t bytes = 0;
  uint32_t crc32 = 0;
  bool operator==(const Fingerprint&) const = default;
};

// Rows of text under named columns. All cells lie in one block of memory; a cell costs 4 bytes besides its text.
class Table {
 public:
  const std::string& name() const noexcept { return name_; }  // of the file
  const std::vector<std::string>& columns() const noexcept { return columns_; }
  size_t rows() const noexcept { return row_begins_.size() - 1; }
  const Fingerprint& fingerprint() const noexcept { return fingerprint_; }

  size_t column(std::string_view name) const;  // Error(not_found) with the columns there are, and the nearest name
  std::string_view text(size_t row, size_t column) const noexcept;
  // Error(bad_file) naming file, line, column and text for what is no finite decimal number. Spaces around it are fine.
  double number(size_t row, size_t column) const;
  uint64_t line(size_t row) const noexcept;  // of the file, from 1, where the row begins
  Error located(Error error, size_t row, size_t column) const;  // the same error, with file, line and column

 private:
  friend struct TableBuilder;  // src/tabular/csv.cpp
  struct LineJump { size_t row; uint64_t skew; };  // from `row` on, a row's line is row + skew
  std::string name_, bytes_;
  std::vector<std::string> columns_;
  std::vector<uint64_t> row_begins_ = {0};  // in bytes_, one more than there are rows
  std::vector<uint32_t> cell_ends_;         // from the row's beginning, row by row
  std::vector<LineJump> line_jumps_;
  Fingerprint fingerprint_;
};

// CSV as RFC 4180 has it, in UTF-8: a header line, then rows. Quoted cells may hold commas, line ends and "" for a
// quote; lines end in LF, CRLF or CR; a byte order mark and blank lines are skipped. Error(bad_file) names the line:
// ragged rows, a quote that does not end, bytes that are not UTF-8, empty or repeated column names, no rows.
Table read_csv(const std::string& uri);
Table read_csv(const io::Source& source);

// ------------------------------------------------------------------------------------------------------------ encoding

enum class Task : uint8_t { automatic, binary, regression };
enum class OptimizerKind : uint8_t { adam, sgd, adamw, adagrad, rmsprop };
std::string_view name_of(Task task) noexcept;  // "automatic", "binary", "regression"
std::string_view name_of(OptimizerKind optimizer) noexcept;
Task task_named(std::string_view name);  // Error(bad_argument) listing those there are
OptimizerKind optimizer_named(std::string_view name);

// A column whose texts are categories, and the width of its embedding. Width 0 chooses by the number n of categories:
// min(600, round(1.6 · n^0.56)), the rule of fastai.
struct CategoricalSpec {
  std::string name;
  int64_t dim = 0;

  bool operator==(const CategoricalSpec&) const = default;
};
struct ColumnSpec {
  std::string target;
  Task task = Task::automatic;
  std::vector<CategoricalSpec> categorical = {};
  std::vector<std::string> continuous = {};
};

struct CategoricalColumn {
  std::string name, module;             // `module` names its embedding: `name`, made fit for an nn.ModuleDict
  std::vector<std::string> categories;  // sorted by bytes; the position is the index
  int64_t dim = 0;
};
// Standardised as (x - mean) / scale. The scale is the standard deviation over all n training rows (divided by n, as
// scikit-learn's StandardScaler does), or 1 for a column that is constant.
struct ContinuousColumn {
  std::string name;
  double mean = 0, scale = 1;
};
// A binary target holds two texts; in sorted order the second is the 1: "1" of 0/1, "yes" of no/yes, "male" of
// female/male. A regression's numbers are learnt as they are.
struct TargetColumn {
  std::string name;
  Task task = Task::binary;
  std::string negative, positive;  // of a binary target
  const std::string& label_of(double probability) const noexcept { return probability >= 0.5 ? positive : negative; }
};

// A table as numbers, row by row.
struct Encoded {
  Tensor categorical;  // (rows, categorical columns) int64
  Tensor continuous;   // (rows, continuous columns) float32
  Tensor target;       // (rows) float32; undefined when it was not asked for
  int64_t rows() const { return categorical.size(0); }
};

// How texts become numbers: learnt from the training table, kept in the model file.
class Encoder {
 public:
  // Task::automatic takes a target of two texts as binary (but two numbers other than 0 and 1 as regression), and more
  // numbers as regression. Errors: columns that are missing, named twice or hold the wrong thing.
  static Encoder fit(const Table& table, const ColumnSpec& spec);

  // A category or a label that was not in the training table is Error(mismatch), with its place and the known ones.
  Encoded encode(const Table& table, bool with_target = true) const;
  const std::vector<CategoricalColumn>& categorical() const noexcept { return categorical_; }
  const std::vector<ContinuousColumn>& continuous() const noexcept { return continuous_; }
  const TargetColumn& target() const noexcept { return target_; }
  Value to_value() const;  // dicts, lists, strings and numbers
  static Encoder from_value(const Value& value);  // Error(bad_file) for anything that to_value would not have made

 private:
  std::vector<CategoricalColumn> categorical_;
  std::vector<ContinuousColumn> continuous_;
  TargetColumn target_;
};

// ----------------------------------------------------------------------------------------------------------- the model

struct ModelShape {
  struct EmbeddingShape {
    std::string name;
    int64_t rows = 0, dim = 0;
    bool operator==(const EmbeddingShape&) const = default;
  };
  std::vector<EmbeddingShape> embeddings;
  int64_t continuous = 0;
  std::vector<int64_t> hidden;
  double dropout = 0;

  bool operator==(const ModelShape&) const = default;
  static ModelShape of(const Encoder& encoder, std::vector<int64_t> hidden, double dropout);
  Value to_value() const;  // the arguments, by name, of the Python class in docs/training.md
  static ModelShape from_value(const Value& value);
};

// An embedding for each categorical column, beside the continuous ones, into Linear, ReLU[, Dropout], …, Linear to one
// logit. Parameters are made in that order, so a seed gives the weights that the class in docs/training.md gets in
// PyTorch.
class TabularModel : public nn::Module {
 public:
  explicit TabularModel(const ModelShape& shape);
  // (rows, columns) int64 and (rows, columns) float32 → (rows) logits, or predicted values in a regression
  Tensor forward(const Tensor& categorical, const Tensor& continuous) const;
  const ModelShape& shape() const noexcept { return *shape_; }

 private:
  std::shared_ptr<const ModelShape> shape_;
  std::vector<nn::Embedding> embeddings_;
  nn::Sequential mlp_;
};

struct Evaluation {
  double loss = 0;                        // mean log loss, or mean squared error
  std::optional<double> accuracy = {};  // of a binary target: the share of rows whose likelier label is the right one
};
// Over all rows, in eval mode (the mode is put back); summed in double.
Evaluation evaluate(const TabularModel& model, const Encoded& data, Task task);

// What prediction needs, out of a model file, a whole model or a resume checkpoint. All are ordinary files for torch.load.
struct TrainedModel {
  Encoder encoder;
  TabularModel model;
};
TrainedModel load_model(const std::string& uri);  // Error(mismatch) listing the keys of a file that is something else

// The network itself with its weights: torch.load(uri, weights_only=False) gives an nn.Module that predicts and trains,
// with nothing but PyTorch installed; `encoder` and `model` are attributes of it. In eval mode.
void save_whole_model(const TrainedModel& trained, const std::string& uri);

// For each row in order: the probability of the target's `positive`, or the predicted number. Needs no target column.
std::vector<double> predict(const TrainedModel& trained, const Table& table);

// ------------------------------------------------------------------------------------------------------------ training

struct TrainOptions {  // the table tells what each one means
#define X(type, name, initially, when_resumed, meaning) type name = initially;
#include <okibi/train_options.def>
#undef X
};

// The options that were given; others come from the checkpoint where there is one, else from the defaults.
struct TrainRequest {
#define X(type, name, initially, when_resumed, meaning) std::optional<type> name = {};
#include <okibi/train_options.def>
#undef X
  std::string resume = {};  // path or URI of the checkpoint to go on from; empty starts anew
};

struct StepReport {
  int64_t epoch = 0;                  // the one it belongs to, from 1
  int64_t step = 0, steps_total = 0;  // over all epochs, from 1
  double loss = 0;  // of this batch
  double samples_per_second = 0;  // since this run began
};
struct EpochReport {
  int64_t epoch = 0, epochs = 0;  // from 1
  double train_loss = 0;  // mean over the epoch's rows, each as the model was when it came
  double seconds = 0;     // of this run's part of the epoch
  double samples_per_second = 0;
  std::optional<Evaluation> evaluation = {};  // of the finished model over all rows: after the last epoch
};
struct TrainCallbacks {
  std::function<void(const TrainOptions&, const Encoder&, int64_t rows)> on_start = {};
  std::function<void(const StepReport&)> on_step = {};  // after each step: be quick
  // After each epoch; once more, perhaps, when a run was killed right then and resumed.
  std::function<void(const EpochReport&)> on_epoch = {};
};

// The state machine of a training: data in memory, no files. The rows come in the order of PyTorch's
// DataLoader(shuffle=True) after the same manual_seed, wherever it was stopped and restored.
class Trainer {
 public:
  // Of the options, uses those of the optimizer, batch_size and epochs. Seed, and make the model, before.
  Trainer(TabularModel model, Encoded data, Task task, const TrainOptions& options);
  ~Trainer();

  bool done() const noexcept;  // all epochs are complete
  double step();               // one batch; gives its mean loss
  int64_t steps() const noexcept;
  int64_t steps_total() const noexcept;
  int64_t epochs_done() const noexcept;
  int64_t samples() const noexcept;    // rows seen, over all epochs
  bool at_epoch_end() const noexcept;  // the last step completed an epoch
  double epoch_loss() const noexcept;  // mean over the rows of the epoch so far, or of the one that was just completed

  // Everything that the next step depends on: model, optimizer, generator and position. The tensors are the trainer's
  // own. `restore` throws Error(bad_file) or Error(mismatch) for what does not fit, and is not to be used further then.
  Dict state() const;
  void restore(const Value& state);

 private:
  std::unique_ptr<struct TrainerState> state_;
};

struct TrainResult {
  int64_t epochs = 0, steps = 0;  // done in all, with those before a resume
  Evaluation evaluation;
  bool nothing_left = false;  // the checkpoint had all the epochs that were asked for
};

// Reads, checks, trains, and writes checkpoints and the model, each file as a whole or not at all; missing folders are
// made. Nothing is written when the input is wrong. A stop writes a last checkpoint, then throws Error(cancelled).
// Resumed at any step, it ends with the same bits as a run that was never interrupted.
TrainResult train(const TrainRequest& request, const TrainCallbacks& callbacks = {}, const std::stop_token& stop = {});

}  // namespace okibi::tabular
