// okibi run MODEL --input x.npy --output y.npy
#include <algorithm>
#include <chrono>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <okibi/checkpoint.h>
#include <okibi/inspect.h>
#include <okibi/jit.h>
#include <okibi/npy.h>
#include <okibi/store.h>

#include "compute_verbs.h"
#include "options.h"
#include "terminal.h"

namespace okibi::app {
namespace {

using Json = nlohmann::json;
using Clock = std::chrono::steady_clock;

constexpr double seconds_of_timing = 2;
constexpr size_t fewest_calls = 5;
constexpr size_t deepest_literal = 64;

std::string ending_of(const std::string& uri) {
  const std::string name = uri.substr(uri.rfind('/') + 1);
  const size_t dot = name.rfind('.');
  return dot == name.npos ? "" : name.substr(dot);
}

// ------------------------------------------------------------------------------------------------------------- inputs

Value value_of(const Json& json) {
  if (json.is_null()) return {};
  if (json.is_boolean()) return json.get<bool>();
  if (json.is_number_integer()) return json.get<int64_t>();
  if (json.is_number()) return json.get<double>();
  if (json.is_string()) return json.get<std::string>();
  if (json.is_array()) {
    List list;
    for (const Json& item : json) list.push_back(value_of(item));
    return list;
  }
  Dict dict;
  for (const auto& [key, item] : json.items()) dict.set(key, value_of(item));
  return dict;
}

// All numbers in nested lists, and how long the lists are, which at each depth must be the same.
struct Numbers {
  Dims sizes;
  std::vector<double> numbers;
  std::vector<int64_t> integers;  // the same, as long as all are
  bool are_integers = true, are_booleans = true;

  void add(const Json& json, size_t depth, bool is_first) {
    if (!json.is_array()) return add_number(json, depth);
    const auto length = static_cast<int64_t>(json.size());
    if (depth > deepest_literal) throw uneven();
    if (is_first && depth == sizes.size()) sizes.push_back(length);
    if (depth >= sizes.size() || sizes[depth] != length) throw uneven();
    for (size_t i = 0; i < json.size(); ++i) add(json[i], depth + 1, is_first && i == 0);
  }

 private:
  static Error uneven() {
    return Error(ErrorKind::bad_argument, "the lists of a tensor are numbers, or lists of the same length");
  }
  void add_number(const Json& json, size_t depth) {
    if (depth != sizes.size() || !(json.is_number() || json.is_boolean())) throw uneven();
    are_integers &= json.is_number_integer() || json.is_boolean();
    are_booleans &= json.is_boolean();
    numbers.push_back(json.is_boolean() ? json.get<bool>() : json.get<double>());
    integers.push_back(json.is_boolean() ? json.get<bool>() : json.is_number_integer() ? json.get<int64_t>() : 0);
  }
};

Tensor tensor_of(const Json& json) {
  Numbers all;
  all.add(json, 0, true);
  const bool whole = all.are_integers && !all.numbers.empty();
  const Tensor made = empty(all.sizes, {whole ? int64 : float64});
  if (whole) {
    std::ranges::copy(all.integers, made.data<int64_t>());
  } else if (!all.numbers.empty()) {
    std::ranges::copy(all.numbers, made.data<double>());
  }
  return made.to(whole ? (all.are_booleans ? boolean : int64) : float32);
}

bool takes_a_tensor(const std::string& type) { return type == "Tensor" || type == "Optional[Tensor]"; }

Value input_of(const std::string& text, const std::string& type) {
  const std::string ending = ending_of(text);
  if (ending == ".npy") return read_npy(*store::default_store().open(text));
  if (ending == ".pt" || ending == ".pth") return load(text);
  if (ending == ".npz")
    throw Error(ErrorKind::unsupported, "archives of NumPy arrays (.npz) are not read yet")
        .hint("Give each array as .npy.")
        .at("", text);
  const Json json = Json::parse(text, nullptr, false);
  if (json.is_discarded()) {
    throw Error(ErrorKind::bad_argument, "an input is neither a file of a known kind nor a literal")
        .expected("a .npy, a .pt, or such as 16000, 0.5, \"text\", [[1, 2]]")
        .found(printable(text, 100));
  }
  const bool is_numeric = json.is_number() || json.is_boolean() || json.is_array();
  return takes_a_tensor(type) && is_numeric ? Value(tensor_of(json)) : value_of(json);
}

std::vector<Value> inputs_of(const std::vector<std::string>& texts, const jit::Module& model,
                             const std::string& method) {
  const auto parameters = model.parameters(method);
  std::vector<Value> inputs;
  for (size_t i = 0; i < texts.size(); ++i) {
    const std::string type = i < parameters.size() ? parameters[i].type : "";
    inputs.push_back(in_context("input", std::to_string(i + 1), [&] { return input_of(texts[i], type); }));
  }
  return inputs;
}

// ------------------------------------------------------------------------------------------------------------- outputs

void write_output(const Value& result, const std::string& uri) {
  const std::string ending = ending_of(uri);
  if (ending == ".pt" || ending == ".pth") return save(result, uri);
  if (ending != ".npy") {
    throw Error(ErrorKind::unsupported, "the output is written as .npy or .pt").found(printable(uri, 200));
  }
  if (!result.is_tensor()) {
    throw Error(ErrorKind::unsupported, "a .npy holds one array, and the program gave something else")
        .found(name_of(result.kind()))
        .hint("Write it as .pt.");
  }
  const auto sink = store::default_store().create(uri);
  write_npy(result.to_tensor(), *sink);
  sink->commit();
}

// As JSON, whole tensors included; what JSON has no word for as its repr.
nlohmann::ordered_json json_of(const Value& value) {
  if (value.is_none()) return nullptr;
  if (value.is_bool()) return value.to_bool();
  if (value.is_int()) return value.to_int();
  if (value.is_double()) return value.to_double();
  if (value.is_string()) return value.to_string();
  if (value.is_list() || value.is_tuple()) {
    auto array = nlohmann::ordered_json::array();
    for (size_t i = 0; i < value.size(); ++i) array.push_back(json_of(value[i]));
    return array;
  }
  if (!value.is_tensor()) return repr(value);
  const Tensor& tensor = value.to_tensor();
  const auto numbers = is_floating_point(tensor.dtype())
                           ? nlohmann::ordered_json(tensor.to(float64).to_vector<double>())
                           : nlohmann::ordered_json(tensor.to(int64).to_vector<int64_t>());
  return {{"dtype", name_of(tensor.dtype())},
          {"shape", std::vector<int64_t>(tensor.sizes().begin(), tensor.sizes().end())},
          {"values", numbers}};
}

// -------------------------------------------------------------------------------------------------------------- timing

struct Timing {
  double first, least, median, ninth;  // milliseconds; ninth: nine of ten calls take no longer
  size_t calls;
};

template <class Call>
Timing timed(const Call& call) {
  const auto once = [&] {
    const auto begun = Clock::now();
    call();
    return std::chrono::duration<double, std::milli>(Clock::now() - begun).count();
  };
  const double first = once();
  std::vector<double> times;
  const auto end = Clock::now() + std::chrono::duration<double>(seconds_of_timing);
  while (times.size() < fewest_calls || Clock::now() < end) times.push_back(once());
  std::ranges::sort(times);
  return {first, times.front(), times[times.size() / 2], times[times.size() * 9 / 10], times.size()};
}

void print(const Timing& timing, bool as_json) {
  if (as_json) {
    const nlohmann::ordered_json document = {{"okibi_version", version()}, {"calls", timing.calls},
                                             {"first_ms", timing.first},   {"least_ms", timing.least},
                                             {"median_ms", timing.median}, {"p90_ms", timing.ninth}};
    return fmt::print("{}\n", document.dump(2));
  }
  fmt::print("first call {:.3f} ms; then, of {} calls, median {:.3f} ms, least {:.3f}, nine of ten within {:.3f}\n",
             timing.first, timing.calls, timing.median, timing.least, timing.ninth);
}

}  // namespace
}  // namespace okibi::app

int okibi_verb_run(int count, char** arguments) {
  using namespace okibi;
  std::string uri, method = "forward";
  std::vector<std::string> inputs;
  std::optional<std::string> output;
  bool json = false, bench = false;
  app::Options options("run",
                       "Run a method of a TorchScript program, with each --input as one argument: a .npy, a .pt, or a "
                       "literal. A list of numbers is a tensor where the method takes one.",
                       "okibi run model_scripted.pt --input x.npy --input '[[1, 2]]' --output y.npy");
  options.positional("MODEL", uri, "a program of torch.jit.save");
  options.each("--input", inputs, "an argument, in their order");
  options.option("--output", output,
                 "where the result goes: a .npy of one tensor, or a .pt of anything; else it is printed");
  options.option("--method", method, "which one; forward where it is not given");
  options.flag("--bench", bench, "tell how long a call takes, the first and later ones");
  options.flag("--json", json, "the result, or the times, as one JSON document");
  if (!options.parse(count, arguments)) return 0;

  const jit::Module model = jit::load(uri);
  const std::vector<Value> values = app::inputs_of(inputs, model, method);
  if (bench) {
    app::print(app::timed([&] { static_cast<void>(model.call(method, values)); }), json);
    return 0;
  }
  const Value result = model.call(method, values);
  if (output) app::write_output(result, *output);
  if (json) {
    const nlohmann::ordered_json document = {{"okibi_version", version()}, {"result", app::json_of(result)}};
    fmt::print("{}\n", document.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
  } else if (!output) {
    fmt::print("{}\n", repr(result));
  }
  return 0;
}
