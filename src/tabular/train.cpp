// A whole training, from files to files.
#include <fmt/format.h>
#include <okibi/checkpoint.h>
#include <okibi/store.h>
#include <okibi/tabular.h>

#include <chrono>
#include <cmath>
#include <filesystem>

#include "tabular/fields.h"
#include "tabular/model_file.h"
#include "tabular/options.h"
#include "tabular/outputs.h"

namespace okibi::tabular {
namespace {

constexpr std::string_view checkpoint_words = "resume checkpoint of a training by okibi";
constexpr std::string_view is_cut = "uri_is_cut";  // of a checkpoint's data; only where it is

// ---- what a training begins with

struct Start {
  TrainOptions options;
  Value checkpoint;  // None when it begins anew
};

// As the system would find it; a URI is left as it is.
std::string folder_of(const std::string& path) {
  if (path.find("://") != std::string::npos) return path.substr(0, path.rfind('/'));
  std::error_code ignored;  // of a path that cannot be followed: then its own words are compared
  const auto whole = std::filesystem::weakly_canonical(std::filesystem::absolute(path, ignored), ignored);
  return (whole.empty() ? std::filesystem::path(path) : whole).parent_path().string();
}

// A checkpoint may come from a stranger: a file that it would have written must lie beside it, or be named again.
void check_beside(std::string_view option, const std::optional<std::string>& given, const std::string& path,
                  const std::string& resume) {
  if (given || path.empty() || folder_of(path) == folder_of(resume)) return;
  throw Error(ErrorKind::bad_argument, "the checkpoint would have a file written outside its own folder")
      .found(store::shown(path))
      .hint("Name that file again to say that you want it.")
      .at("option", option)
      .at("", store::shown(resume));
}

// Of a URL a checkpoint keeps what is no secret: what its query is for, nobody can tell.
TrainOptions to_keep(TrainOptions options) {
  options.data = store::shown(options.data);
  return options;
}

void check_data_is_found(const TrainRequest& request, const Value& checkpoint, const TrainOptions& saved) {
  if (request.data || !Fields(checkpoint["data"], "data").has(is_cut)) return;
  throw Error(ErrorKind::bad_argument, "the data was read from a URL with a query, which may sign it and is never kept")
      .found(saved.data)
      .hint("Name the data again: its path, or its whole URL.")
      .at("option", "data");
}

Start read_start(const TrainRequest& request) {
  if (request.resume.empty()) return {resolve(request, std::nullopt), Value()};
  Value checkpoint = load(request.resume);
  const TrainOptions saved = in_context("", store::shown(request.resume), [&] {
    check_keys(checkpoint, {"model_state_dict", "optimizer_state_dict", "options", "data", "encoder", "rng_state"},
               checkpoint_words);
    return options_from_value(checkpoint["options"]);
  });
  in_context("", store::shown(request.resume), [&] { check_data_is_found(request, checkpoint, saved); });
  TrainOptions options = resolve(request, saved);
  check_beside("checkpoint", request.checkpoint, options.checkpoint, request.resume);
  check_beside("model", request.model, options.model, request.resume);
  check_beside("whole_model", request.whole_model, options.whole_model, request.resume);
  return {std::move(options), std::move(checkpoint)};
}

std::string words_of(const Fingerprint& fingerprint) {
  return fmt::format("{} bytes with the CRC-32 {:08x}", fingerprint.bytes, fingerprint.crc32);
}

// Other rows, or the same in another order, would make another model.
void check_same_data(const Table& table, const Value& checkpoint) {
  const Fields data(checkpoint["data"], "data");
  const Fingerprint saved = {static_cast<uint64_t>(data.integer("bytes", 0)),
                             static_cast<uint32_t>(data.integer("crc32", 0, std::numeric_limits<uint32_t>::max()))};
  if (table.fingerprint() == saved) return;
  throw Error(ErrorKind::mismatch, "the data is not what the training that is resumed began with")
      .expected(words_of(saved))
      .found(words_of(table.fingerprint()))
      .hint("Give the same file as before, or begin a new training.")
      .at("", table.name());
}

TrainedModel make_model(const Start& start, const std::string& resume, const Table& table) {
  const TrainOptions& options = start.options;
  if (start.checkpoint.is_none()) {
    Encoder encoder = Encoder::fit(table, {options.target, options.task, options.categorical, options.continuous});
    manual_seed(static_cast<uint64_t>(options.seed));
    TabularModel model(ModelShape::of(encoder, options.hidden, options.dropout));
    return {std::move(encoder), std::move(model)};
  }
  check_same_data(table, start.checkpoint);
  return in_context("", store::shown(resume), [&] { return model_from_value(start.checkpoint, checkpoint_words); });
}

// The process computes with as many threads as the training asks for, as long as it runs.
class ThreadCount {
 public:
  explicit ThreadCount(int64_t threads) : before_(num_threads()) { set_num_threads(static_cast<int>(threads)); }
  ~ThreadCount() { set_num_threads(before_); }
  ThreadCount(const ThreadCount&) = delete;
  ThreadCount& operator=(const ThreadCount&) = delete;

 private:
  int before_;
};

// Seconds, and samples a second, since it was started.
class Meter {
 public:
  void start(int64_t samples) {
    samples_ = samples;
    started_ = std::chrono::steady_clock::now();
  }
  double seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - started_).count(); }
  double rate(int64_t samples) const { return static_cast<double>(samples - samples_) / std::max(seconds(), 1e-9); }

 private:
  int64_t samples_ = 0;
  std::chrono::steady_clock::time_point started_;
};

// ---- the training itself

class Run {
 public:
  Run(const TrainRequest& request, const TrainCallbacks& callbacks)
      : callbacks_(callbacks),
        start_(read_start(request)),
        threads_(start_.options.threads),
        last_saved_(request.resume) {
    const Table table = read_csv(start_.options.data);
    fingerprint_ = table.fingerprint();
    trained_.emplace(make_model(start_, request.resume, table));
    data_ = trained_->encoder.encode(table);
    trainer_.emplace(trained_->model, data_, task(), options());
    if (is_resumed()) in_context("", store::shown(request.resume), [&] { trainer_->restore(start_.checkpoint); });
  }

  TrainResult operator()(const std::stop_token& stop) {
    prepare_outputs(options());
    if (callbacks_.on_start) callbacks_.on_start(options(), trained_->encoder, data_.rows());
    const bool nothing_left = trainer_->done();
    if (nothing_left) evaluation_ = evaluate(trained_->model, data_, task());
    run_steps(stop);
    if (!options().model.empty()) save_model();
    if (!options().whole_model.empty()) save_whole_model(*trained_, options().whole_model);
    return {trainer_->epochs_done(), trainer_->steps(), evaluation_, nothing_left};
  }

 private:
  const TrainOptions& options() const { return start_.options; }
  Task task() const { return trained_->encoder.target().task; }
  bool is_resumed() const { return !start_.checkpoint.is_none(); }

  void run_steps(const std::stop_token& stop) {
    saved_step_ = trainer_->steps();
    run_meter_.start(trainer_->samples());
    epoch_meter_ = run_meter_;
    while (!trainer_->done()) {
      if (stop.stop_requested()) give_up();
      const double loss = trainer_->step();
      check_finite(loss);
      report_step(loss);
      // Reported before it is saved: a run that is killed in between reports the epoch again rather than never.
      if (trainer_->at_epoch_end()) report_epoch();
      if (is_checkpoint_due()) save_checkpoint();
    }
  }

  [[noreturn]] void give_up() {
    if (!options().checkpoint.empty() && trainer_->steps() > saved_step_) save_checkpoint();
    throw Error(ErrorKind::cancelled,
                fmt::format("the training was stopped after step {} of {}", trainer_->steps(), trainer_->steps_total()))
        .hint(last_saved_.empty() ? "Nothing was saved."
                                  : fmt::format("Resume it from {}.", store::shown(last_saved_)));
  }

  // Nothing good comes after that, and what was saved before is better.
  void check_finite(double loss) const {
    if (std::isfinite(loss)) return;
    throw Error(ErrorKind::bad_argument, fmt::format("the training has diverged: the loss of step {} is {}",
                                                     trainer_->steps(), std::isnan(loss) ? "not a number" : "infinite"))
        .hint("Try a smaller learning rate; files that were written before are as they were.");
  }

  void report_step(double loss) const {
    if (!callbacks_.on_step) return;
    const int64_t epoch = trainer_->epochs_done() + (trainer_->at_epoch_end() ? 0 : 1);
    callbacks_.on_step({epoch, trainer_->steps(), trainer_->steps_total(), loss, run_meter_.rate(trainer_->samples())});
  }

  void report_epoch() {
    EpochReport report = {trainer_->epochs_done(), options().epochs, trainer_->epoch_loss(), epoch_meter_.seconds(),
                          epoch_meter_.rate(trainer_->samples())};
    if (trainer_->done()) report.evaluation = evaluation_ = evaluate(trained_->model, data_, task());
    if (callbacks_.on_epoch) callbacks_.on_epoch(report);
    epoch_meter_.start(trainer_->samples());
  }

  bool is_checkpoint_due() const {
    if (options().checkpoint.empty()) return false;
    const int64_t every = options().checkpoint_every;
    return trainer_->done() || (every == 0 ? trainer_->at_epoch_end() : trainer_->steps() % every == 0);
  }

  void save_checkpoint() {
    const Dict file = trainer_->state();
    const TrainOptions kept = to_keep(options());
    file.set("options", to_value(kept));
    const Dict data{
        {"uri", kept.data}, {"rows", data_.rows()}, {"bytes", fingerprint_.bytes}, {"crc32", fingerprint_.crc32}};
    if (kept.data != options().data) data.set(is_cut, true);
    file.set("data", data);
    describe(file, trained_->encoder, trained_->model.shape());
    save(file, options().checkpoint);
    saved_step_ = trainer_->steps();
    last_saved_ = options().checkpoint;
  }

  void save_model() const {
    const Dict file = {{"model_state_dict", trained_->model.state_dict()}};
    const Dict metrics = {{"epochs", trainer_->epochs_done()},
                          {"steps", trainer_->steps()},
                          {"train_loss", real_tensor(trainer_->epoch_loss())},
                          {"loss", real_tensor(evaluation_.loss)}};
    if (evaluation_.accuracy) metrics.set("accuracy", real_tensor(*evaluation_.accuracy));
    file.set("metrics", metrics);
    describe(file, trained_->encoder, trained_->model.shape());
    save(file, options().model);
  }

  const TrainCallbacks& callbacks_;
  Start start_;
  ThreadCount threads_;
  Fingerprint fingerprint_;
  std::optional<TrainedModel> trained_;
  Encoded data_;
  std::optional<Trainer> trainer_;
  Evaluation evaluation_;
  Meter run_meter_, epoch_meter_;
  int64_t saved_step_ = 0;
  std::string last_saved_;  // the checkpoint to go on from; empty when there is none
};

}  // namespace

TrainResult train(const TrainRequest& request, const TrainCallbacks& callbacks, const std::stop_token& stop) {
  return Run(request, callbacks)(stop);
}

}  // namespace okibi::tabular
