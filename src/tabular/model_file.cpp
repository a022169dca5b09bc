#include "tabular/model_file.h"

#include <fmt/format.h>
#include <okibi/checkpoint.h>
#include <okibi/model.h>
#include <okibi/store.h>

#include "tabular/fields.h"

namespace okibi::tabular {
namespace {

// Making a layer draws its first weights; who only reads a file should not disturb the numbers that others draw.
class KeepGenerator {
 public:
  KeepGenerator() : state_(default_generator().state()) {}
  ~KeepGenerator() { default_generator().set_state(state_); }
  KeepGenerator(const KeepGenerator&) = delete;
  KeepGenerator& operator=(const KeepGenerator&) = delete;

 private:
  std::array<std::byte, Generator::state_bytes> state_;
};

// The file must hold as many numbers as the layers will be made for. An expanded tensor holds fewer than it says.
void check_weight(const Value& state, const std::string& name, const Dims& sizes) {
  if (!state.contains(name) || !state[name].is_tensor())
    throw Error(ErrorKind::mismatch, fmt::format("the weights lack the tensor '{}'", name)).at("", "model_state_dict");
  const Tensor& tensor = state[name].to_tensor();
  const bool whole = tensor.layout() == Layout::strided && !tensor.is_meta() && tensor.is_contiguous();
  if (whole && tensor.sizes() == sizes) return;
  throw Error(ErrorKind::mismatch, "the weights do not fit the model that the file describes")
      .expected(to_string(sizes))
      .found(whole ? to_string(tensor.sizes()) : "a tensor that is not stored as a whole")
      .at("", "model_state_dict." + name);
}

// All that will be allocated, before it is.
void check_weights(const Value& state, const ModelShape& shape) {
  int64_t width = shape.continuous;
  for (const ModelShape::EmbeddingShape& embedding : shape.embeddings) {
    check_weight(state, fmt::format("embeddings.{}.weight", embedding.name), {embedding.rows, embedding.dim});
    width += embedding.dim;
  }
  const size_t layers_each = shape.dropout > 0 ? 3 : 2;
  for (size_t i = 0; i <= shape.hidden.size(); ++i) {
    const int64_t out = i < shape.hidden.size() ? shape.hidden[i] : 1;
    check_weight(state, fmt::format("mlp.{}.weight", i * layers_each), {out, width});
    check_weight(state, fmt::format("mlp.{}.bias", i * layers_each), {out});
    width = out;
  }
}

ModelShape shape_from_value(const Value& file, const Encoder& encoder) {
  ModelShape shape = ModelShape::from_value(file["model"]);
  if (shape != ModelShape::of(encoder, shape.hidden, shape.dropout))
    throw Error(ErrorKind::bad_file, "the encoder and the model of the file do not fit each other").at("", "model");
  return shape;
}

}  // namespace

void describe(const Dict& file, const Encoder& encoder, const ModelShape& shape) {
  file.set("encoder", encoder.to_value());
  file.set("model", shape.to_value());
  file.set("okibi_version", okibi::version());
}

void check_keys(const Value& file, std::initializer_list<std::string_view> keys, std::string_view wanted) {
  for (const std::string_view key : keys) {
    if (file.is_dict() && file.contains(key)) continue;
    throw Error(ErrorKind::mismatch, fmt::format("this file is no {}: it has {}", wanted, keys_of(file)))
        .hint(fmt::format("The key '{}' is missing.", key));
  }
}

TrainedModel model_from_value(const Value& file, std::string_view wanted) {
  check_keys(file, {"model_state_dict", "encoder", "model"}, wanted);
  const Value& state = file["model_state_dict"];
  if (!state.is_dict()) throw Error(ErrorKind::bad_file, "the weights are no dict").at("", "model_state_dict");
  Encoder encoder = Encoder::from_value(file["encoder"]);
  const ModelShape shape = shape_from_value(file, encoder);
  check_weights(state, shape);
  const KeepGenerator keep_generator;
  TabularModel model(shape);
  model.load_state_dict(state);
  return {std::move(encoder), std::move(model)};
}

namespace {

// A whole model, as the dict that a model file is.
Dict model_file_of(const Value& module) {
  Dict file{{"model_state_dict", model::state_dict_of(module)}};
  for (const auto& [name, value] : model::attributes_of(module)) file.set(name, value);
  return file;
}

}  // namespace

// A whole model names classes of torch.nn and torch.fx, which are taken as data here; nothing is ever run.
TrainedModel load_model(const std::string& uri) {
  const Value file = load(uri, {.allow = {"torch.nn.*", "torch.fx.*"}});
  return in_context("", store::shown(uri), [&] {
    return model_from_value(model::is_module(file) ? Value(model_file_of(file)) : file, "model trained by okibi");
  });
}

void save_whole_model(const TrainedModel& trained, const std::string& uri) {
  const bool was_training = trained.model.is_training();
  TabularModel model = trained.model;  // a handle to the same
  model.eval();
  const Value whole = model::to_value(model, {{"encoder", trained.encoder.to_value()},
                                              {"model", model.shape().to_value()},
                                              {"okibi_version", okibi::version()}});
  model.train(was_training);
  save(whole, uri);
}

}  // namespace okibi::tabular
