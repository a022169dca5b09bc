// The state machine of a training.
#include <fmt/format.h>
#include <okibi/optim.h>
#include <okibi/tabular.h>

#include <algorithm>
#include <limits>

#include "tabular/batch.h"
#include "tabular/fields.h"
#include "tabular/sampler.h"

namespace okibi::tabular {
namespace {

// Where a training stands. Between two epochs `batch` is 0, and the next epoch's seed is not drawn yet.
struct Position {
  int64_t epoch = 0;  // complete ones
  int64_t batch = 0;  // done in the epoch that is under way
  int64_t step = 0;   // over all epochs
  int64_t sampler_seed = 0;
  double loss_sum = 0;  // over the epoch's rows so far; between two epochs, over those of the last
};

template <class Optimizer, class Options>
std::unique_ptr<optim::Optimizer> made(const TabularModel& model, const TrainOptions& options) {
  Options own;
  own.lr = options.lr;
  own.weight_decay = options.weight_decay;
  if constexpr (requires { own.momentum; }) own.momentum = options.momentum;
  return std::make_unique<Optimizer>(model.parameters(), own);
}

std::unique_ptr<optim::Optimizer> make_optimizer(const TabularModel& model, const TrainOptions& options) {
  switch (options.optimizer) {
    case OptimizerKind::sgd:
      return made<optim::SGD, optim::SGDOptions>(model, options);
    case OptimizerKind::adamw:
      return made<optim::AdamW, optim::AdamWOptions>(model, options);
    case OptimizerKind::adagrad:
      return made<optim::Adagrad, optim::AdagradOptions>(model, options);
    case OptimizerKind::rmsprop:
      return made<optim::RMSprop, optim::RMSpropOptions>(model, options);
    case OptimizerKind::adam:
      break;
  }
  return made<optim::Adam, optim::AdamOptions>(model, options);
}

Tensor generator_state() {
  const auto bytes = default_generator().state();
  const Tensor state = empty({static_cast<int64_t>(bytes.size())}, {uint8});
  std::copy(bytes.begin(), bytes.end(), state.raw_data());
  return state;
}

void set_generator_state(const Value& value) {
  const bool bytes = value.is_tensor() && value.to_tensor().dtype() == uint8 &&
                     value.to_tensor().layout() == Layout::strided && value.to_tensor().is_contiguous() &&
                     !value.to_tensor().is_meta();
  if (!bytes) throw Error(ErrorKind::bad_file, "the state of the generator must be a uint8 tensor").at("", "rng_state");
  in_context("", "rng_state", [&] {
    default_generator().set_state({value.to_tensor().raw_data(), value.to_tensor().nbytes()});
  });
}

void check_input(const Encoded& data, const TrainOptions& options) {
  if (!data.target.defined() || data.rows() == 0)
    throw Error(ErrorKind::bad_argument, "a training needs rows, and their target");
  if (options.batch_size < 1) throw Error(ErrorKind::bad_argument, "a batch needs at least one row");
}

}  // namespace

struct TrainerState {
  TrainerState(TabularModel m, Encoded d, Task t, const TrainOptions& options)
      : model(std::move(m)),
        data(std::move(d)),
        task(t),
        epochs(options.epochs),
        lr(options.lr),
        batch_size(std::min(options.batch_size, data.rows())),
        batches((data.rows() + batch_size - 1) / batch_size),
        optimizer(make_optimizer(model, options)),
        whole(data, batch_size),
        last(data, data.rows() - (batches - 1) * batch_size) {
    model.train();
  }

  void begin_epoch() {
    at.sampler_seed = draw_sampler_seed(default_generator());
    at.loss_sum = 0;
    order = shuffled_rows(data.rows(), at.sampler_seed);
  }

  // The rows of the batch that is due.
  std::span<const int64_t> next_rows() const {
    const auto begin = static_cast<size_t>(at.batch * batch_size), size = static_cast<size_t>(batch_size);
    return std::span(order).subspan(begin, std::min(size, order.size() - begin));
  }

  double train_on(const Batch& batch) {
    optimizer->zero_grad();
    const Tensor output = model.forward(batch.categorical(), batch.continuous());
    const Tensor loss = task == Task::regression ? mse_loss(output, batch.target())
                                                 : binary_cross_entropy_with_logits(output, batch.target());
    loss.backward();
    optimizer->step();
    return loss.item<double>();
  }

  void advance(double loss, size_t rows) {
    at.loss_sum += loss * static_cast<double>(rows);
    ++at.step;
    if (++at.batch < batches) return;
    at.batch = 0;
    ++at.epoch;
  }

  // The last batch of an epoch, which may be smaller, ends it: so the others are whole.
  int64_t samples() const { return at.epoch * data.rows() + at.batch * batch_size; }

  int64_t rows_in_loss() const {
    if (at.batch > 0) return at.batch * batch_size;
    return at.step > 0 ? data.rows() : 0;
  }

  void take_position(const Value& state) {
    const Fields fields(state, "");
    constexpr int64_t any = std::numeric_limits<int64_t>::min(), most = std::numeric_limits<int64_t>::max();
    Position position = {fields.integer("epoch", 0, most / batches - 1), fields.integer("batch", 0, batches - 1),
                         fields.integer("step", 0), fields.integer("sampler_seed", any), fields.real("epoch_loss_sum")};
    if (position.step != position.epoch * batches + position.batch) {
      throw Error(ErrorKind::bad_file, "the step is not the one that epoch and batch tell")
          .expected(fmt::format("{}", position.epoch * batches + position.batch))
          .found(fmt::format("{}", position.step))
          .at("", "step");
    }
    at = position;
  }

  TabularModel model;
  Encoded data;
  Task task;
  int64_t epochs;
  double lr;
  int64_t batch_size, batches;
  std::unique_ptr<optim::Optimizer> optimizer;
  Batch whole, last;           // of an epoch: all batches but the last, which may be smaller
  std::vector<int64_t> order;  // of the rows in the epoch that is under way
  Position at;
};

Trainer::Trainer(TabularModel model, Encoded data, Task task, const TrainOptions& options) {
  check_input(data, options);
  state_ = std::make_unique<TrainerState>(std::move(model), std::move(data), task, options);
}
Trainer::~Trainer() = default;

bool Trainer::done() const noexcept { return epochs_done() >= state_->epochs; }
int64_t Trainer::steps() const noexcept { return state_->at.step; }
int64_t Trainer::steps_total() const noexcept { return state_->epochs * state_->batches; }
int64_t Trainer::samples() const noexcept { return state_->samples(); }
int64_t Trainer::epochs_done() const noexcept { return state_->at.epoch; }
bool Trainer::at_epoch_end() const noexcept { return state_->at.batch == 0 && state_->at.step > 0; }

double Trainer::epoch_loss() const noexcept {
  return state_->at.loss_sum / static_cast<double>(state_->rows_in_loss());
}

double Trainer::step() {
  TrainerState& state = *state_;
  if (done()) throw Error(ErrorKind::bad_argument, "all epochs of this training are complete");
  if (state.at.batch == 0) state.begin_epoch();
  const std::span<const int64_t> rows = state.next_rows();
  Batch& batch = state.at.batch + 1 < state.batches ? state.whole : state.last;
  batch.gather(state.data, rows);
  const double loss = state.train_on(batch);
  state.advance(loss, rows.size());
  return loss;
}

Dict Trainer::state() const {
  const TrainerState& state = *state_;
  return Dict{{"epoch", state.at.epoch},
              {"model_state_dict", state.model.state_dict()},
              {"optimizer_state_dict", state.optimizer->state_dict()},
              {"loss", epoch_loss()},
              {"step", state.at.step},
              {"batch", state.at.batch},
              {"epoch_loss_sum", state.at.loss_sum},
              {"sampler_seed", state.at.sampler_seed},
              {"rng_state", generator_state()}};
}

void Trainer::restore(const Value& saved) {
  TrainerState& state = *state_;
  const Fields fields(saved, "");
  state.take_position(saved);
  state.model.load_state_dict(fields.value("model_state_dict"));
  in_context("", "optimizer_state_dict",
             [&] { state.optimizer->load_state_dict(fields.value("optimizer_state_dict")); });
  state.optimizer->set_lr(state.lr);
  set_generator_state(fields.value("rng_state"));
  if (state.at.batch > 0) state.order = shuffled_rows(state.data.rows(), state.at.sampler_seed);
}

}  // namespace okibi::tabular
