// How good a model is, and what it predicts.
#include <okibi/tabular.h>

#include <algorithm>
#include <cmath>

namespace okibi::tabular {
namespace {

constexpr int64_t rows_at_once = 4096;

// Puts a model into eval mode, and back as it was.
class EvalMode {
 public:
  explicit EvalMode(nn::Module model) : model_(std::move(model)), was_training_(model_.is_training()) { model_.eval(); }
  ~EvalMode() { model_.train(was_training_); }
  EvalMode(const EvalMode&) = delete;
  EvalMode& operator=(const EvalMode&) = delete;

 private:
  nn::Module model_;
  bool was_training_;
};

// The model's outputs for all rows: logits, or predicted numbers.
std::vector<float> outputs_of(const TabularModel& model, const Encoded& data) {
  const NoGrad no_grad;
  const EvalMode eval_mode(model);
  std::vector<float> outputs;
  outputs.reserve(static_cast<size_t>(data.rows()));
  for (int64_t begin = 0; begin < data.rows(); begin += rows_at_once) {
    const int64_t end = std::min(begin + rows_at_once, data.rows());
    const Tensor part = model.forward(data.categorical.rows(begin, end), data.continuous.rows(begin, end)).contiguous();
    outputs.insert(outputs.end(), part.data<float>(), part.data<float>() + (end - begin));
  }
  return outputs;
}

// -log of the probability that sigmoid(z) gives to the target y of 0 or 1, without overflow.
double log_loss(double z, double y) { return std::max(z, 0.0) - z * y + std::log1p(std::exp(-std::abs(z))); }

double sigmoid_of(double z) { return 1 / (1 + std::exp(-z)); }

}  // namespace

Evaluation evaluate(const TabularModel& model, const Encoded& data, Task task) {
  const std::vector<float> outputs = outputs_of(model, data);
  const float* targets = data.target.data<float>();
  double loss = 0;
  int64_t right = 0;
  for (size_t i = 0; i < outputs.size(); ++i) {
    const double z = outputs[i], y = targets[i];
    loss += task == Task::regression ? (z - y) * (z - y) : log_loss(z, y);
    right += (z >= 0) == (y == 1);
  }
  const double rows = static_cast<double>(outputs.size());
  if (task == Task::regression) return {loss / rows};
  return {loss / rows, static_cast<double>(right) / rows};
}

std::vector<double> predict(const TrainedModel& trained, const Table& table) {
  const std::vector<float> outputs = outputs_of(trained.model, trained.encoder.encode(table, false));
  std::vector<double> values(outputs.begin(), outputs.end());
  if (trained.encoder.target().task == Task::binary)
    for (double& value : values) value = sigmoid_of(value);
  return values;
}

}  // namespace okibi::tabular
