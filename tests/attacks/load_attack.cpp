// All that a program does with a file, done with a hostile one: load_attack FILE. What each step ends in is printed;
// exit status 2 and one line on stderr when load() refuses the file, as the program `okibi` does.
#include <okibi/okibi.h>

#include <cstdio>
#include <exception>
#include <string>

#include <fmt/format.h>

using namespace okibi;

namespace {

template <class Work>
void step(const char* name, Work&& work) {
  try {
    work();
    fmt::print("{}: done\n", name);
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::internal) throw;
    fmt::print("{}: {}\n", name, printable(error.what()));
  }
}

void save_and_load_again(const Value& value) {
  Buffer buffer;
  save(value, buffer);
  load(buffer, {.any_class_as_data = true});
}

void load_each(const std::string& path) {
  const Archive archive = open(path, {.any_class_as_data = true});
  for (const TensorEntry& entry : archive.tensors()) archive.tensor(entry).load();
}

void compare(const Value& value) {
  const Value copy = deep_copy(value);
  if (!(value == value)) fmt::print("a value that differs from itself\n");
  if (copy == value) fmt::print("the copy is equal\n");
}

void give_to_module(const Value& value) {
  nn::Linear layer(3, 1);
  layer.load_state_dict(value);
}

void run(const std::string& path) {
  step("open", [&] { load_each(path); });
  step("as data", [&] { save_and_load_again(load(path, {.any_class_as_data = true})); });
  const Value value = load(path);
  step("repr", [&] { fmt::print("{} characters\n", repr(value).size()); });
  step("print", [&] {
    if (value.is_dict() && value.contains("weight")) fmt::print("{}\n", to_string(value["weight"].to_tensor()));
  });
  step("numpy", [&] {
    if (value.is_dict() && value.contains("weight") && is_numpy(value["weight"])) from_numpy(value["weight"]);
  });
  step("compare", [&] { compare(value); });
  step("save", [&] { save_and_load_again(value); });
  step("module", [&] { give_to_module(value); });
  fmt::print("load: done\n");
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) return 1;
  try {
    run(arguments[1]);
    return 0;
  } catch (const Error& error) {
    fmt::print(stderr, "okibi: {}\n", printable(error.what()));
    return exit_status_of(error.kind());
  } catch (const std::exception& error) {
    fmt::print(stderr, "no Error of okibi: {}\n", error.what());
    return 70;
  }
}
