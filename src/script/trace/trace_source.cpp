#include "script/trace/trace_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include <okibi/ops.h>

#include "script/schema.h"
#include "script/write/layer_source.h"

namespace okibi::script {
namespace {

using Kind = TracedValue::Kind;

Error fixed(std::string sentence) {
  return Error(ErrorKind::unsupported, "trace: " + std::move(sentence))
      .hint(
          "Trace with batch_dim = {} for inputs of just these sizes, or with another batch size, which no other "
          "dimension "
          "has.");
}

// The same thing in each of the runs.
using Each = std::vector<const TracedValue*>;

Each items_at(const Each& each, size_t i) {
  Each items;
  for (const TracedValue* one : each) items.push_back(&one->items[i]);
  return items;
}

const Schema& schema_named(std::string_view name, Schemas& schemas) {
  for (const Schema& schema : schemas.of(std::string(name.substr(0, name.find('.'))))) {
    if (schema.name() == name) return schema;
  }
  throw Error(ErrorKind::internal, fmt::format("trace: there is no operator {}", name));
}

// "torch.add", "ops.torchvision.nms"
std::string word_for(std::string_view name) {
  name = name.substr(0, name.find('.'));
  const size_t colons = name.find("::");
  const std::string_view space = name.substr(0, colons), op = name.substr(colons + 2);
  return space == "aten" ? fmt::format("torch.{}", op) : fmt::format("ops.{}.{}", space, op);
}

bool is_default(const Value& value, const SchemaArgument& argument) {
  if (!argument.default_value) return false;
  switch (const Expr& expr = *argument.default_value; expr.kind) {
    case ExprKind::none:
      return value.is_none();
    case ExprKind::boolean:
      return value.is_bool() && value.to_bool() == (expr.integer != 0);
    case ExprKind::integer:
      return (value.is_int() || value.is_double()) && value.to_double() == static_cast<double>(expr.integer);
    case ExprKind::real:
      return (value.is_int() || value.is_double()) && value.to_double() == expr.real;
    default:
      return false;
  }
}

// A whole number for operators on integers, which take no float.
Value as_whole(const Value& value) {
  constexpr double exact = 9007199254740992.0;  // 2⁵³: larger ones are not all there
  if (!value.is_double()) return value;
  const double number = value.to_double();
  const bool is_whole = std::abs(number) < exact && number == std::trunc(number);
  return is_whole ? Value(static_cast<int64_t>(number)) : value;
}

// One int stands for several of them, which PyTorch's operators take of ints alone, and not of lists.
std::vector<TracedValue> repeated_for(const SchemaArgument& argument, const std::vector<const TracedValue*>& each) {
  std::vector<TracedValue> repeated;
  if (!argument.repeat || each[0]->kind != Kind::list || each[0]->items.size() != 1) return repeated;
  for (const TracedValue* one : each) {
    repeated.push_back(*one);
    repeated.back().items.resize(static_cast<size_t>(*argument.repeat), one->items[0]);
  }
  return repeated;
}

class Writer {
 public:
  Writer(std::span<const TracedRun> runs, std::span<const nn::NamedTensor> weights, size_t inputs, int64_t batch_dim,
         std::vector<std::string> taken)
      : runs_(runs), weights_(weights), inputs_(inputs), batch_dim_(batch_dim), taken_(std::move(taken)) {}
  TracedSource write();

 private:
  void check_same_calls() const;
  void write_call(size_t index);
  std::string arguments_of(size_t index, const Schema& schema);
  std::string text_of(const Each& each);
  std::string text_of_tensor(const Each& each);
  std::string text_of_plain(const Each& each);
  std::string text_of_int(std::span<const int64_t> numbers);
  std::string constant(uint32_t index);
  std::string weight(uint32_t index);
  std::string filled_constant(std::span<const Tensor> each);
  std::string type_of_result(const TracedValue& value) const;
  std::string type_of_all(std::span<const TracedValue> values) const;
  std::string name_of_input(size_t index) const { return inputs_ == 1 ? "x" : fmt::format("x{}", index); }
  std::string line(std::string_view name, std::string_view expression) {
    body_ += fmt::format("  {} = {}\n", name, expression);
    return std::string(name);
  }
  Each in_each(const auto& pick) const {
    Each each;
    for (const TracedRun& run : runs_) each.push_back(pick(run));
    return each;
  }

  std::span<const TracedRun> runs_;
  std::span<const nn::NamedTensor> weights_;
  size_t inputs_;
  int64_t batch_dim_;
  std::vector<std::string> taken_;
  Schemas schemas_;
  std::string body_;
  bool uses_batch_ = false;
  std::vector<std::string> weight_names_, constant_names_;
  TracedSource source_;
};

// ------------------------------------------------------------------------------------------------------------- values

// As a sum and a multiple of the batch size, which all runs must bear out.
std::string Writer::text_of_int(std::span<const int64_t> numbers) {
  const int64_t first = numbers[0];
  if (std::ranges::all_of(numbers, [&](int64_t one) { return one == first; })) return std::to_string(first);
  const int64_t step = runs_[1].batch - runs_[0].batch, difference = numbers[1] - first;
  const int64_t factor = difference / step, rest = first - factor * runs_[0].batch;
  for (size_t i = 0; i < numbers.size(); ++i) {
    if (factor * runs_[i].batch + rest == numbers[i]) continue;
    throw fixed(
        "a number that the forward passes on grows with the batch in a way that is neither a sum nor a multiple of it")
        .found(fmt::format("{}", fmt::join(numbers, ", ")));
  }
  uses_batch_ = true;
  const std::string multiple = factor == 1 ? "n" : fmt::format("torch.mul(n, {})", factor);
  return rest == 0 ? multiple : fmt::format("torch.add({}, {})", multiple, rest);
}

std::string Writer::text_of_plain(const Each& each) {
  const Value& first = each[0]->plain;
  if (first.is_int()) {
    std::vector<int64_t> numbers;
    for (const TracedValue* one : each) numbers.push_back(one->plain.to_int());
    return text_of_int(numbers);
  }
  const bool are_same =
      std::ranges::all_of(each, [&](const TracedValue* one) { return repr(one->plain) == repr(first); });
  if (!are_same) throw fixed("a value that the forward passes on depends on the batch size").found(repr(first));
  if (first.kind() == ValueKind::dtype) return std::to_string(static_cast<int64_t>(first.to_dtype()));
  return literal(first);
}

std::string Writer::weight(uint32_t index) {
  weight_names_.resize(weights_.size());
  std::string& name = weight_names_[index];
  if (!name.empty()) return name;
  std::string path = "self", rest = weights_[index].first;
  for (size_t begin = 0; begin <= rest.size();) {
    const size_t end = std::min(rest.find('.', begin), rest.size());
    path = fmt::format("getattr({}, {})", path, repr(rest.substr(begin, end - begin)));
    begin = end + 1;
  }
  name = fmt::format("w{}", index);
  return line(name, path);
}

// The same number everywhere, in sizes that follow the batch; or 0, 1, 2 … as far as the batch goes.
std::string Writer::filled_constant(std::span<const Tensor> each) {
  const Tensor& first = each[0];
  const auto is_filled = [&](const Tensor& one) {
    return one.numel() > 0 && one.dtype() == first.dtype() && one.dim() == first.dim() &&
           equal(one, full(one.sizes(), first.flatten()[0].item<double>(), {one.dtype()}));
  };
  const auto counts = [](const Tensor& one) {
    return one.dtype() == int64 && one.dim() == 1 && equal(one, arange(one.numel()));
  };
  std::vector<std::string> sizes;
  const bool is_known =
      first.numel() > 0 && (std::ranges::all_of(each, is_filled) || std::ranges::all_of(each, counts));
  if (!is_known)
    throw fixed("a tensor that the forward makes depends on the batch size").found(to_string(first.sizes()));
  for (int64_t d = 0; d < first.dim(); ++d) {
    std::vector<int64_t> numbers;
    for (const Tensor& one : each) numbers.push_back(one.size(d));
    sizes.push_back(text_of_int(numbers));
  }
  const auto dtype = static_cast<int64_t>(first.dtype());
  if (!std::ranges::all_of(each, is_filled)) return fmt::format("torch.arange({}, dtype={})", sizes[0], dtype);
  return fmt::format("torch.full([{}], {}, dtype={})", fmt::join(sizes, ", "),
                     literal(first.flatten()[0].item<double>()), dtype);
}

std::string Writer::constant(uint32_t index) {
  if (constant_names_.size() <= index) constant_names_.resize(index + 1);
  std::string& name = constant_names_[index];
  if (!name.empty()) return name;
  std::vector<Tensor> each;
  for (const TracedRun& run : runs_) each.push_back(run.log->constants()[index]);
  name = fmt::format("c{}", index);
  const bool are_same = std::ranges::all_of(each, [&](const Tensor& one) {
    return one.sizes() == each[0].sizes() && one.dtype() == each[0].dtype() && equal(one, each[0]);
  });
  if (!are_same) return line(name, filled_constant(each));
  std::string attribute = fmt::format("_constant_{}", index);
  while (std::ranges::find(taken_, attribute) != taken_.end()) attribute += '_';
  source_.constants.emplace_back(attribute, each[0]);
  return line(name, "self." + source_.constants.back().first);
}

std::string Writer::text_of_tensor(const Each& each) {
  const TracedTensor& from = each[0]->tensor;
  if (std::ranges::any_of(each, [&](const TracedValue* one) { return one->tensor != from; }))
    throw fixed("the forward takes other tensors for other batch sizes");
  switch (from.kind) {
    case TracedKind::input:
      return name_of_input(from.index);
    case TracedKind::weight:
      return weight(from.index);
    case TracedKind::constant:
      return constant(from.index);
    case TracedKind::output:
      break;
  }
  return fmt::format("t{}_{}", from.index, from.part);
}

std::string Writer::text_of(const Each& each) {
  const TracedValue& first = *each[0];
  const auto differs = [&](const TracedValue* one) {
    return one->kind != first.kind || one->items.size() != first.items.size() ||
           one->plain.kind() != first.plain.kind();
  };
  if (std::ranges::any_of(each, differs)) throw fixed("the forward passes on other things for other batch sizes");
  if (first.kind == Kind::tensor) return text_of_tensor(each);
  if (first.kind == Kind::plain) return text_of_plain(each);
  std::string text;
  for (size_t i = 0; i < first.items.size(); ++i) {
    const bool is_value = first.kind == Kind::dict && i % 2 == 1;
    text += (i == 0 ? "" : is_value ? ": " : ", ") + text_of(items_at(each, i));
  }
  if (first.kind == Kind::list) return fmt::format("[{}]", text);
  return first.kind == Kind::dict ? fmt::format("{{{}}}", text)
                                  : fmt::format("({}{})", text, first.items.empty() ? "" : ",");
}

// -------------------------------------------------------------------------------------------------------------- calls

void Writer::check_same_calls() const {
  const auto& first = runs_[0].log->calls();
  for (const TracedRun& run : runs_) {
    const auto& calls = run.log->calls();
    for (size_t i = 0; i < std::min(calls.size(), first.size()); ++i) {
      if (calls[i].name == first[i].name && calls[i].arguments.size() == first[i].arguments.size()) continue;
      throw fixed("the forward does other things for other batch sizes")
          .found(fmt::format("{} and {} as operator {}", first[i].name, calls[i].name, i));
    }
    if (calls.size() != first.size())
      throw fixed("the forward does other things for other batch sizes")
          .found(fmt::format("{} and {} operators", first.size(), calls.size()));
  }
}

std::string Writer::arguments_of(size_t index, const Schema& schema) {
  const TracedCall& call = runs_[0].log->calls()[index];
  std::string text;
  for (size_t i = 0; i < std::min(call.arguments.size(), schema.arguments.size()); ++i) {
    const SchemaArgument& argument = schema.arguments[i];
    Each each = in_each([&](const TracedRun& run) { return &run.log->calls()[index].arguments[i]; });
    if (argument.keyword_only && each[0]->kind == Kind::plain && is_default(each[0]->plain, argument)) continue;
    const std::vector<TracedValue> repeated = repeated_for(argument, each);
    for (size_t run = 0; run < repeated.size(); ++run) each[run] = &repeated[run];
    std::vector<TracedValue> whole;
    if (call.is_of_integers && argument.type.kind == TypeKind::number && each[0]->kind == Kind::plain) {
      for (const TracedValue* one : each) whole.push_back({.plain = as_whole(one->plain)});
      for (size_t run = 0; run < whole.size(); ++run) each[run] = &whole[run];
    }
    text += text.empty() ? "" : ", ";
    if (argument.keyword_only) text += argument.name + "=";
    text += text_of(each);
  }
  return text;
}

// Views by what they show alone: PyTorch's operators keep strides where ours do not.
void Writer::write_call(size_t index) {
  const std::string& name = runs_[0].log->calls()[index].name;
  const Schema& schema = schema_named(name == "aten::view" ? "aten::reshape" : name, schemas_);
  const std::string call = fmt::format("{}({})", word_for(schema.name()), arguments_of(index, schema));
  std::string outputs = fmt::format("t{}_0", index);
  for (size_t part = 1; part < schema.returns.size(); ++part) outputs += fmt::format(", t{}_{}", index, part);
  line(schema.returns.size() > 1 ? outputs + ", " : outputs, call);
}

// Lists are of one type.
std::string Writer::type_of_all(std::span<const TracedValue> values) const {
  if (values.empty()) return "Tensor";
  const std::string type = type_of_result(values[0]);
  for (const TracedValue& value : values) {
    if (type_of_result(value) == type) continue;
    throw Error(ErrorKind::unsupported, "trace: the forward gives a list of several types, which no program can give")
        .found(fmt::format("{} and {}", type, type_of_result(value)))
        .hint("Give a tuple.");
  }
  return type;
}

std::string Writer::type_of_result(const TracedValue& value) const {
  std::string items;
  switch (value.kind) {
    case Kind::tensor:
      return "Tensor";
    case Kind::tuple:
      for (size_t i = 0; i < value.items.size(); ++i) items += (i > 0 ? ", " : "") + type_of_result(value.items[i]);
      return fmt::format("Tuple[{}]", value.items.empty() ? "()" : items);
    case Kind::list:
      return fmt::format("List[{}]", type_of_all(value.items));
    case Kind::dict:
      if (value.items.empty()) return "Dict[str, Tensor]";
      return fmt::format("Dict[{}, {}]", type_of_result(value.items[0]), type_of_result(value.items[1]));
    case Kind::plain:
      break;
  }
  const Value& plain = value.plain;
  if (plain.is_none()) return "NoneType";
  if (plain.is_bool()) return "bool";
  if (plain.is_int()) return "int";
  if (plain.is_double()) return "float";
  if (plain.is_string()) return "str";
  throw Error(ErrorKind::unsupported, "trace: the forward gives what no program can give").found(name_of(plain.kind()));
}

TracedSource Writer::write() {
  check_same_calls();
  for (size_t i = 0; i < runs_[0].log->calls().size(); ++i) write_call(i);
  const std::string result = text_of(in_each([](const TracedRun& run) { return &run.result; }));
  source_.forward = "def forward(self";
  for (size_t i = 0; i < inputs_; ++i) source_.forward += fmt::format(", {}: Tensor", name_of_input(i));
  source_.forward += fmt::format(") -> {}:\n", type_of_result(runs_[0].result));
  if (uses_batch_) source_.forward += fmt::format("  n = torch.size({}, {})\n", name_of_input(0), batch_dim_);
  source_.forward += body_ + fmt::format("  return {}\n", result);
  return std::move(source_);
}

}  // namespace

TracedSource source_of(std::span<const TracedRun> runs, std::span<const nn::NamedTensor> weights, size_t inputs,
                       int64_t batch_dim, std::vector<std::string> taken) {
  return Writer(runs, weights, inputs, batch_dim, std::move(taken)).write();
}

}  // namespace okibi::script
