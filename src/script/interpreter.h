// script/interpreter.h: runs code. Each call has a frame of its own; the code is not changed.
#pragma once

#include <optional>

#include <okibi/jit.h>

#include "script/plan/recording.h"
#include "script/program.h"

namespace okibi::script {

// Who may know a shorter way for a method of a module, with self: nothing where nobody does.
class Shortcuts {
 public:
  Shortcuts() = default;
  Shortcuts(const Shortcuts&) = delete;
  Shortcuts& operator=(const Shortcuts&) = delete;
  virtual ~Shortcuts() = default;
  virtual std::optional<Value> call(const std::string& method, const std::vector<Value>& arguments, uint32_t depth) = 0;
};

// What an interpreted call is a part of.
struct Surroundings {
  Recording* recording = nullptr;  // notes what is called
  Recording* whole = nullptr;      // of the call that this one is a part of: knows what outlives that
  Shortcuts* shortcuts = nullptr;
  uint32_t depth = 0;  // how deep it is already
};

class Interpreter {
 public:
  // With the limits and the wishes of whoever loaded the program.
  Interpreter(Program& program, const jit::LoadOptions& options, const Surroundings& around = {})
      : program_(program),
        options_(options),
        around_(around),
        recording_(around.recording),
        steps_left_(options.max_steps),
        is_limited_(options.max_steps > 0),
        depth_(around.depth) {}

  // A function by its qualified name, of a method with self; all arguments in order.
  Value call(const std::string& function, std::vector<Value> arguments);
  Value value_of(const Node& constant);  // of a default

 private:
  struct Frame {
    const Code* code;
    std::vector<Value> slots;
    Place place = {};
  };
  class Deeper;

  std::optional<Value> run(const std::vector<Step>& steps, Frame& frame);
  std::optional<Value> run(const Step& step, Frame& frame);
  std::optional<Value> run_loop(const Step& step, Frame& frame);
  std::optional<Value> run_count(const Step& step, Frame& frame);
  std::optional<Value> run_with(const Step& step, Frame& frame);
  void unpack(const Step& step, Frame& frame);
  Value evaluate(const Node& node, Frame& frame);
  std::vector<Value> inputs_of(const Node& node, Frame& frame);
  void print(const std::string& line) const;
  Value make_list(const Node& node, Frame& frame);
  Value make_dict(const Node& node, Frame& frame);
  Value slice_of_tuple(const Node& node, Frame& frame);
  void count_step(const Place& place, Frame& frame);
  Value call_operator(const Node& node, Frame& frame);
  bool note_change(const Value& container_or_object);  // whether that may outlive the call
  void note_put(const Value& value);
  Value call_method(const Node& node, Frame& frame);

  Program& program_;
  const jit::LoadOptions& options_;
  const Surroundings around_;
  Recording* const recording_;
  uint64_t steps_left_;
  const bool is_limited_;
  uint32_t depth_;
};

// Whether a value is what isinstance asks for.
bool is_of(const Value& value, const Type& type);

}  // namespace okibi::script
