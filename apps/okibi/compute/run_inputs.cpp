#include "run_inputs.h"

#include <algorithm>
#include <map>
#include <ranges>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <okibi/checkpoint.h>
#include <okibi/npy.h>
#include <okibi/ops.h>
#include <okibi/store.h>

namespace okibi::app {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t deepest_json = 200;

// ----------------------------------------------------------------------------------------------------------- literals

void require_shallow(size_t depth) {
  if (depth > deepest_json) throw Error(ErrorKind::limit, "the literal is deeper than any");
}

int64_t integer_of(const Json& json) {
  if (!json.is_number_unsigned() || json.get<uint64_t>() <= INT64_MAX) return json.get<int64_t>();
  throw Error(ErrorKind::bad_argument, "the number is larger than an int is")
      .expected(fmt::format("at most {}", INT64_MAX))
      .found(json.dump());
}

Value value_of(const Json& json, size_t depth = 0) {
  require_shallow(depth);
  if (json.is_null()) return {};
  if (json.is_boolean()) return json.get<bool>();
  if (json.is_number_integer()) return integer_of(json);
  if (json.is_number()) return json.get<double>();
  if (json.is_string()) return json.get<std::string>();
  if (json.is_array()) {
    List list;
    for (const Json& item : json) list.push_back(value_of(item, depth + 1));
    return list;
  }
  Dict dict;
  for (const auto& [key, item] : json.items()) dict.set(key, value_of(item, depth + 1));
  return dict;
}

// As torch.tensor has it: ints are int64, and any real number among them makes all float32.
Tensor tensor_of(const Json& json, size_t depth = 0) {
  require_shallow(depth);
  if (json.is_boolean()) return tensor(json.get<bool>());
  if (json.is_number_integer()) return tensor(integer_of(json));
  if (json.is_number()) return tensor(json.get<double>());
  if (!json.is_array()) throw Error(ErrorKind::bad_argument, "a tensor is made of numbers, and of lists of them");
  std::vector<Tensor> items;
  for (const Json& item : json) items.push_back(tensor_of(item, depth + 1));
  return items.empty() ? empty({0}) : stack(items);
}

// -------------------------------------------------------------------------------------------------------- one argument

bool takes(const std::string& type, std::string_view one) {
  return type == one || type == fmt::format("Optional[{}]", one);
}

// NumPy has numbers, too, as arrays: of no dimensions. Those of uint64 may be larger than any int.
Value argument_of(const Tensor& array, const std::string& type) {
  const DType dtype = array.dtype();
  if (array.dim() > 0) return array;
  if (takes(type, "bool") && dtype == boolean) return array.item<bool>();
  if (takes(type, "int") && is_integral(dtype) && dtype != uint64) return array.item<int64_t>();
  if (takes(type, "float") && (is_integral(dtype) || is_floating_point(dtype))) return array.item<double>();
  return array;
}

Value input_of(const std::string& text, const std::string& type) {
  const std::string ending = ending_of(text);
  if (ending == ".npy") return argument_of(read_npy(*store::default_store().open(text)), type);
  if (ending == ".pt" || ending == ".pth") return load(text);
  const Json json = Json::parse(text, nullptr, false);
  if (json.is_discarded()) {
    throw Error(ErrorKind::bad_argument, "an input is neither a file of a known kind nor a literal")
        .expected("a .npy, a .npz, a .pt, or such as 16000, 0.5, \"text\", [[1, 2]]")
        .found(printable(text, 100));
  }
  const bool is_numeric = json.is_number() || json.is_boolean() || json.is_array();
  return takes(type, "Tensor") && is_numeric ? Value(tensor_of(json)) : value_of(json);
}

// ------------------------------------------------------------------------------------------------------ arrays by name

// Those that numpy.savez got without names, in the order that their names tell; none where any has another name.
std::vector<Tensor> in_order(const NamedArrays& arrays) {
  const std::map<std::string_view, Tensor> by_name(arrays.begin(), arrays.end());
  std::vector<Tensor> ordered;
  for (size_t i = 0; i < arrays.size(); ++i) {
    const auto found = by_name.find(fmt::format("arr_{}", i));
    if (found == by_name.end()) return {};
    ordered.push_back(found->second);
  }
  return ordered;
}

template <class Names>
std::string joined(const Names& names, std::string_view separator) {
  return printable(fmt::format("{}", fmt::join(names, separator)), 200);
}

class Collected {
 public:
  explicit Collected(std::vector<jit::Parameter> parameters) : parameters_(std::move(parameters)) {}

  void add(const std::string& input) {
    if (ending_of(input) == ".npz") return add_file(input);
    add_next([&](const std::string& type) { return input_of(input, type); });
  }

  Arguments take() { return std::move(arguments_); }

 private:
  void add_file(const std::string& uri) {
    const NamedArrays arrays = read_npz(store::default_store().open(uri));
    in_context("", store::shown(uri), [&] { add_arrays(arrays); });
  }

  void add_arrays(const NamedArrays& arrays) {
    if (std::ranges::all_of(arrays, [&](const auto& array) { return place_of(array.first) < parameters_.size(); })) {
      for (const auto& [name, array] : arrays) add_named(name, array);
      return;
    }
    const std::vector<Tensor> ordered = in_order(arrays);
    if (ordered.empty()) throw no_such_names(arrays);
    for (const Tensor& array : ordered) add_next([&](const std::string& type) { return argument_of(array, type); });
  }

  template <class Make>
  void add_next(const Make& make) {
    if (!arguments_.named.empty()) {
      throw Error(ErrorKind::bad_argument, "an argument without a name comes after those that have names")
          .hint("Give this --input before the .npz with names.");
    }
    const size_t place = arguments_.positional.size();
    arguments_.positional.push_back(make(place < parameters_.size() ? parameters_[place].type : ""));
  }

  void add_named(const std::string& name, const Tensor& array) {
    const size_t place = place_of(name);
    const auto& named = arguments_.named;
    if (place < arguments_.positional.size() ||
        std::ranges::find(named, name, &jit::NamedValues::value_type::first) != named.end()) {
      throw Error(ErrorKind::bad_argument, fmt::format("the argument {} is given a second time", name))
          .hint("Leave its array out of the .npz, or the --input before it that gave it.");
    }
    arguments_.named.emplace_back(name, argument_of(array, parameters_[place].type));
  }

  size_t place_of(const std::string& name) const {
    const auto found = std::ranges::find(parameters_, name, &jit::Parameter::name);
    return static_cast<size_t>(found - parameters_.begin());
  }

  Error no_such_names(const NamedArrays& arrays) const {
    const auto names = std::views::transform(parameters_, &jit::Parameter::name);
    Error error(ErrorKind::bad_argument, "the arrays are named neither as the parameters are nor arr_0, arr_1, …");
    error.found(joined(std::views::keys(arrays), ", "));
    if (names.empty()) return std::move(error).expected("no arrays: the method has no parameters");
    return std::move(error)
        .expected(joined(names, ", "))
        .hint(
            fmt::format("Save them by numpy.savez(file, {}=…), or all of them without names.", joined(names, "=…, ")));
  }

  std::vector<jit::Parameter> parameters_;
  Arguments arguments_;
};

}  // namespace

std::string ending_of(const std::string& uri) {
  const std::string name = uri.substr(uri.rfind('/') + 1);
  const size_t dot = name.rfind('.');
  return dot == name.npos ? "" : name.substr(dot);
}

Arguments arguments_of(const std::vector<std::string>& inputs, const jit::Module& model, const std::string& method) {
  Collected collected(model.parameters(method));
  for (size_t i = 0; i < inputs.size(); ++i) {
    in_context("input", std::to_string(i + 1), [&] { collected.add(inputs[i]); });
  }
  return collected.take();
}

}  // namespace okibi::app
