// okibi run MODEL --input x.npy --output y.npy
#include <algorithm>
#include <chrono>
#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <okibi/checkpoint.h>
#include <okibi/jit.h>
#include <okibi/npy.h>
#include <okibi/ops.h>
#include <okibi/store.h>

#include "compute_verbs.h"
#include "options.h"

namespace okibi::app {
namespace {

using Json = nlohmann::ordered_json;
using Clock = std::chrono::steady_clock;

constexpr double seconds_of_timing = 2;
constexpr size_t fewest_calls = 5;
constexpr size_t deepest_json = 200;

std::string ending_of(const std::string& uri) {
  const std::string name = uri.substr(uri.rfind('/') + 1);
  const size_t dot = name.rfind('.');
  return dot == name.npos ? "" : name.substr(dot);
}

// ------------------------------------------------------------------------------------------------------------- inputs

void require_shallow(size_t depth) {
  if (depth > deepest_json) throw Error(ErrorKind::limit, "the literal is deeper than any");
}

Value value_of(const Json& json, size_t depth = 0) {
  require_shallow(depth);
  if (json.is_null()) return {};
  if (json.is_boolean()) return json.get<bool>();
  if (json.is_number_integer()) return json.get<int64_t>();
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
  if (json.is_number_integer()) return tensor(json.get<int64_t>());
  if (json.is_number()) return tensor(json.get<double>());
  if (!json.is_array()) throw Error(ErrorKind::bad_argument, "a tensor is made of numbers, and of lists of them");
  std::vector<Tensor> items;
  for (const Json& item : json) items.push_back(tensor_of(item, depth + 1));
  return items.empty() ? empty({0}) : stack(items);
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

// As `show --json` writes them, but with what stands in tensors.
Json json_of(const Value& value, size_t depth = 0);

Json json_of(double number) {
  if (std::isfinite(number)) return number;
  return {{"$float", std::isnan(number) ? "nan" : number > 0 ? "inf" : "-inf"}};
}

Json json_of(const Tensor& tensor) {
  Json values = Json::array();
  if (is_floating_point(tensor.dtype())) {
    for (const double number : tensor.to(float64).to_vector<double>()) values.push_back(json_of(number));
  } else {
    values = tensor.to(int64).to_vector<int64_t>();
  }
  return {{"dtype", name_of(tensor.dtype())},
          {"shape", std::vector<int64_t>(tensor.sizes().begin(), tensor.sizes().end())},
          {"values", std::move(values)}};
}

template <class Items>
Json json_array(const Items& items, size_t depth) {
  Json array = Json::array();
  for (const Value& item : items) array.push_back(json_of(item, depth + 1));
  return array;
}

Json json_of_dict(const Dict& dict, size_t depth) {
  Json object = Json::object(), pairs = Json::array();
  for (const auto& [key, item] : dict) {
    Json value = json_of(item, depth + 1);
    if (key.is_string()) object[key.to_string()] = value;
    pairs.push_back({json_of(key, depth + 1), std::move(value)});
  }
  return object.size() == pairs.size() ? object : Json{{"$dict", std::move(pairs)}};
}

Json json_of(const Value& value, size_t depth) {
  if (depth > deepest_json) return {{"$cut", "too deep to show"}};
  if (value.is_none()) return nullptr;
  if (value.is_bool()) return value.to_bool();
  if (value.is_int()) return value.to_int();
  if (value.is_double()) return json_of(value.to_double());
  if (value.is_string()) return value.to_string();
  if (value.is_list()) return json_array(value.to_list(), depth);
  if (value.is_tuple()) return {{"$tuple", json_array(value.to_tuple(), depth)}};
  if (value.is_dict()) return json_of_dict(value.to_dict(), depth);
  const bool has_numbers = value.is_tensor() && !is_complex(value.to_tensor().dtype());
  return has_numbers ? Json{{"$tensor", json_of(value.to_tensor())}} : Json{{"$repr", repr(value)}};
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
    const Json document = {{"okibi_version", version()}, {"calls", timing.calls},      {"first_ms", timing.first},
                           {"least_ms", timing.least},   {"median_ms", timing.median}, {"p90_ms", timing.ninth}};
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

  // What the program prints is no result.
  const jit::Module model =
      jit::load(uri, {.print = [](const std::string& line) { fmt::print(stderr, "{}\n", printable(line)); }});
  const std::vector<Value> values = app::inputs_of(inputs, model, method);
  if (bench) {
    app::print(app::timed([&] { static_cast<void>(model.call(method, values)); }), json);
    return 0;
  }
  const Value result = model.call(method, values);
  if (output) app::write_output(result, *output);
  if (json) {
    const app::Json document = {{"okibi_version", version()}, {"result", app::json_of(result)}};
    fmt::print("{}\n", document.dump(2, ' ', false, app::Json::error_handler_t::replace));
  } else if (!output) {
    fmt::print("{}\n", repr(result));
  }
  return 0;
}
