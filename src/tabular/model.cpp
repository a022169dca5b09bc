// The network: embeddings beside numbers, into an MLP.
#include <okibi/tabular.h>

#include <fmt/format.h>

#include <cmath>

#include "tabular/fields.h"
#include "tensor/pool.h"

namespace okibi::tabular {
namespace {

std::vector<nn::Embedding> make_embeddings(const ModelShape& shape) {
  std::vector<nn::Embedding> embeddings;
  for (const ModelShape::EmbeddingShape& embedding : shape.embeddings)
    embeddings.emplace_back(embedding.rows, embedding.dim);
  return embeddings;
}

int64_t input_width(const ModelShape& shape) {
  int64_t width = shape.continuous;
  for (const ModelShape::EmbeddingShape& embedding : shape.embeddings) width += embedding.dim;
  return width;
}

nn::Sequential make_mlp(const ModelShape& shape) {
  std::vector<nn::AnyModule> layers;
  int64_t width = input_width(shape);
  for (const int64_t hidden : shape.hidden) {
    layers.emplace_back(nn::Linear(width, hidden));
    layers.emplace_back(nn::ReLU());
    if (shape.dropout > 0) layers.emplace_back(nn::Dropout(shape.dropout));
    width = hidden;
  }
  layers.emplace_back(nn::Linear(width, 1));
  return nn::Sequential(std::move(layers));
}

nn::ModuleDict by_name(const ModelShape& shape, const std::vector<nn::Embedding>& embeddings) {
  std::vector<std::pair<std::string, nn::AnyModule>> children;
  for (size_t i = 0; i < embeddings.size(); ++i) children.emplace_back(shape.embeddings[i].name, embeddings[i]);
  return nn::ModuleDict(children);
}

ModelShape::EmbeddingShape embedding_from(const Value& value) {
  const std::string place = "model.embeddings";
  const std::vector<Value> parts = list_of(value, place);
  if (parts.size() != 3)
    throw Error(ErrorKind::bad_file, "an embedding must have a name, a number of rows and a width").at("", place);
  constexpr int64_t most = std::numeric_limits<int32_t>::max();
  return {text_of(parts[0], place), integer_of(parts[1], place, 1, most), integer_of(parts[2], place, 1, most)};
}

}  // namespace

ModelShape ModelShape::of(const Encoder& encoder, std::vector<int64_t> hidden, double dropout) {
  ModelShape shape = {{}, static_cast<int64_t>(encoder.continuous().size()), std::move(hidden), dropout};
  for (const CategoricalColumn& column : encoder.categorical())
    shape.embeddings.push_back({column.module, static_cast<int64_t>(column.categories.size()), column.dim});
  return shape;
}

Value ModelShape::to_value() const {
  List list;
  for (const ModelShape::EmbeddingShape& embedding : embeddings)
    list.push_back(List{embedding.name, embedding.rows, embedding.dim});
  return Dict{{"embeddings", list},
              {"continuous", continuous},
              {"hidden", List(std::vector<Value>(hidden.begin(), hidden.end()))},
              {"dropout", real_tensor(dropout)}};
}

ModelShape ModelShape::from_value(const Value& value) {
  const Fields fields(value, "model");
  ModelShape shape = {{}, fields.integer("continuous", 0), fields.integers("hidden", 1), fields.real("dropout")};
  for (const Value& embedding : fields.list("embeddings")) shape.embeddings.push_back(embedding_from(embedding));
  if (!(shape.dropout >= 0 && shape.dropout < 1))
    throw Error(ErrorKind::bad_file, "a dropout must be at least 0 and below 1").at("", "model.dropout");
  return shape;
}

namespace {

// forward() below, as torch.fx traces it. Names of columns stand in it as Python writes them: they come out of a table.
std::string forward_in_python(const ModelShape& shape) {
  std::string source = "def forward(self, categorical, continuous):\n", parts;
  for (size_t i = 0; i < shape.embeddings.size(); ++i) {
    source += fmt::format("    embedded_{0} = getattr(self.embeddings, {1})(categorical[:, {0}])\n", i,
                          repr(shape.embeddings[i].name));
    parts += fmt::format("embedded_{}, ", i);
  }
  if (shape.continuous > 0) parts += "continuous";
  return source + fmt::format("    return self.mlp(torch.cat([{}], 1)).squeeze(1)\n", parts);
}

// And in TorchScript.
std::string forward_in_script(const ModelShape& shape) {
  std::string source = "def forward(self, categorical: Tensor, continuous: Tensor) -> Tensor:\n", parts;
  for (size_t i = 0; i < shape.embeddings.size(); ++i) {
    source +=
        fmt::format("  embedded_{0} = (getattr(self.embeddings, {1})).forward(torch.select(categorical, 1, {0}), )\n",
                    i, repr(shape.embeddings[i].name));
    parts += fmt::format("embedded_{}, ", i);
  }
  if (shape.continuous > 0) parts += "continuous";
  return source + fmt::format("  return torch.squeeze((self.mlp).forward(torch.cat([{}], 1), ), 1)\n", parts);
}

}  // namespace

TabularModel::TabularModel(const ModelShape& shape)
    : shape_(std::make_shared<const ModelShape>(shape)), embeddings_(make_embeddings(shape)), mlp_(make_mlp(shape)) {
  register_modules({{"embeddings", by_name(shape, embeddings_)}, {"mlp", mlp_}});
  set_python_forward(forward_in_python(shape));
  set_script_forward(forward_in_script(shape));
}

Tensor TabularModel::forward(const Tensor& categorical, const Tensor& continuous) const {
  pool::Vector<Tensor> parts;
  parts.reserve(embeddings_.size() + 1);
  for (size_t i = 0; i < embeddings_.size(); ++i)
    parts.push_back(embeddings_[i](categorical.select(1, static_cast<int64_t>(i))));  // (rows, dim)
  if (shape_->continuous > 0) parts.push_back(continuous);
  return mlp_(cat(parts, 1)).squeeze(1);
}

}  // namespace okibi::tabular
