// okibi run MODEL --input x.npy --output y.npy
#include <algorithm>
#include <chrono>
#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <okibi/checkpoint.h>
#include <okibi/jit.h>
#include <okibi/npy.h>
#include <okibi/store.h>

#include "compute_verbs.h"
#include "options.h"
#include "run_inputs.h"

namespace okibi::app {
namespace {

using Json = nlohmann::ordered_json;
using Clock = std::chrono::steady_clock;

constexpr double seconds_of_timing = 2;
constexpr size_t fewest_calls = 5;
constexpr size_t deepest_json = 200;

// ------------------------------------------------------------------------------------------------------------- outputs

Error not_for_npz(std::string_view found) {
  return Error(ErrorKind::unsupported,
               "an .npz holds tensors alone: one, those of a tuple or list, or a dict's by name")
      .found(found)
      .hint("Write it as .pt.");
}

const Tensor& array_of(const Value& item, const std::string& name) {
  if (item.is_tensor()) return item.to_tensor();
  throw not_for_npz(fmt::format("{} is of type {}", printable(name, 100), name_of(item.kind())));
}

NamedArrays arrays_in_order(const std::vector<Value>& items) {
  NamedArrays arrays;
  for (const Value& item : items) {
    const std::string name = fmt::format("arr_{}", arrays.size());
    arrays.emplace_back(name, array_of(item, name));
  }
  return arrays;
}

NamedArrays arrays_by_key(const Dict& dict) {
  NamedArrays arrays;
  for (const auto& [key, item] : dict) {
    if (!key.is_string()) throw not_for_npz(fmt::format("a key of type {}", name_of(key.kind())));
    arrays.emplace_back(key.to_string(), array_of(item, key.to_string()));
  }
  return arrays;
}

NamedArrays arrays_of(const Value& result) {
  if (result.is_tensor()) return arrays_in_order({result});
  if (result.is_list()) return arrays_in_order(result.to_list().items());
  if (result.is_tuple()) return arrays_in_order(result.to_tuple().items());
  if (result.is_dict()) return arrays_by_key(result.to_dict());
  throw not_for_npz(name_of(result.kind()));
}

const Tensor& only_array_of(const Value& result) {
  if (result.is_tensor()) return result.to_tensor();
  throw Error(ErrorKind::unsupported, "a .npy holds one array, and the program gave something else")
      .found(name_of(result.kind()))
      .hint("Write it as .npz, if it is made of tensors, or as .pt.");
}

template <class Write>
void write_whole(const std::string& uri, const Write& write) {
  const auto sink = store::default_store().create(uri);
  write(*sink);
  sink->commit();
}

void write_output(const Value& result, const std::string& uri) {
  const std::string ending = ending_of(uri);
  if (ending == ".pt" || ending == ".pth") return save(result, uri);
  if (ending == ".npy") {
    const Tensor& array = only_array_of(result);
    return write_whole(uri, [&](io::Sink& sink) { write_npy(array, sink); });
  }
  if (ending == ".npz") {
    const NamedArrays arrays = arrays_of(result);
    return write_whole(uri, [&](io::Sink& sink) { write_npz(arrays, sink); });
  }
  throw Error(ErrorKind::unsupported, "the output is written as .npy, .npz or .pt").found(printable(uri, 200));
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

// In milliseconds; ninth: nine of ten calls take no longer.
struct Timing {
  double load = 0;
  std::optional<double> prepare = {};
  double first = 0, least = 0, median = 0, ninth = 0;
  size_t calls = 0;
};

template <class Work>
double milliseconds_of(const Work& work) {
  const auto begun = Clock::now();
  work();
  return std::chrono::duration<double, std::milli>(Clock::now() - begun).count();
}

template <class Call>
void time_calls(Timing& timing, const Call& call) {
  timing.first = milliseconds_of(call);
  std::vector<double> times;
  const auto end = Clock::now() + std::chrono::duration<double>(seconds_of_timing);
  while (times.size() < fewest_calls || Clock::now() < end) times.push_back(milliseconds_of(call));
  std::ranges::sort(times);
  timing.least = times.front();
  timing.median = times[times.size() / 2];
  timing.ninth = times[times.size() * 9 / 10];
  timing.calls = times.size();
}

void print(const Timing& timing, bool as_json) {
  if (as_json) {
    Json document = {{"okibi_version", version()}, {"load_ms", timing.load}};
    if (timing.prepare) document["prepare_ms"] = *timing.prepare;
    document.update({{"calls", timing.calls}, {"first_ms", timing.first}, {"least_ms", timing.least}});
    document.update({{"median_ms", timing.median}, {"p90_ms", timing.ninth}});
    return fmt::print("{}\n", document.dump(2));
  }
  fmt::print(
      "loaded in {:.3f} ms{}; first call {:.3f} ms; then, of {} calls, median {:.3f} ms, least {:.3f}, nine of ten "
      "within {:.3f}\n",
      timing.load, timing.prepare ? fmt::format(", prepared in {:.3f}", *timing.prepare) : "", timing.first,
      timing.calls, timing.median, timing.least, timing.ninth);
}

}  // namespace
}  // namespace okibi::app

int okibi_verb_run(int count, char** arguments) {
  using namespace okibi;
  std::string uri, method = "forward";
  std::vector<std::string> inputs;
  std::optional<std::string> output;
  bool json = false, bench = false, prepare = false;
  app::Options options(
      "run",
      "Run a method of a TorchScript program, with each --input as one argument: a .npy, a .pt, or a "
      "literal. A list of numbers is a tensor where the method takes one. The arrays of an .npz are an "
      "argument each: those with the names of the method's parameters by name, and arr_0, arr_1, ... "
      "(numpy.savez without names) by position.",
      "okibi run model_scripted.pt --input x.npy --input '[[1, 2]]' --output y.npy");
  options.positional("MODEL", uri, "a program of torch.jit.save");
  options.each("--input", inputs, "an argument, in their order");
  options.option("--output", output,
                 "where the result goes: a .npy of one tensor, an .npz of several (the keys of a dict are their names; "
                 "else arr_0, arr_1, ...), or a .pt of anything; without it, the result is printed");
  options.option("--method", method, "which one; forward where it is not given");
  options.flag("--bench", bench, "tell how long a call takes, the first and later ones");
  options.flag("--prepare", prepare,
               "with --bench: be ready for these inputs before the first call, as a server would");
  options.flag("--json", json, "the result, or the times, as one JSON document");
  if (!options.parse(count, arguments)) return 0;

  if (prepare && !bench)
    throw Error(ErrorKind::bad_argument, "--prepare is for --bench: one call is prepared by nothing");
  // What the program prints is no result.
  const auto print = [](const std::string& line) { fmt::print(stderr, "{}\n", printable(line)); };
  std::optional<jit::Module> loaded;
  app::Timing timing{.load = app::milliseconds_of([&] { loaded = jit::load(uri, {.print = print}); })};
  const jit::Module& model = *loaded;
  const app::Arguments given = app::arguments_of(inputs, model, method);
  const auto call = [&] { return model.call(method, given.positional, given.named); };
  if (prepare) timing.prepare = app::milliseconds_of([&] { model.prepare(method, given.positional, given.named); });
  if (bench) {
    app::time_calls(timing, [&] { static_cast<void>(call()); });
    app::print(timing, json);
    return 0;
  }
  const Value result = call();
  if (output) app::write_output(result, *output);
  if (json) {
    const app::Json document = {{"okibi_version", version()}, {"result", app::json_of(result)}};
    fmt::print("{}\n", document.dump(2, ' ', false, app::Json::error_handler_t::replace));
  } else if (!output) {
    fmt::print("{}\n", repr(result));
  }
  return 0;
}
