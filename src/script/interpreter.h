// script/interpreter.h: runs code. Each call has a frame of its own; the code is not changed.
#pragma once

#include <optional>

#include <okibi/jit.h>

#include "script/plan/recording.h"
#include "script/program.h"

namespace okibi::script {

class Interpreter {
 public:
  // With the limits and the wishes of whoever loaded the program. What is called is noted in the recording, where there is
  // one.
  Interpreter(Program& program, const jit::LoadOptions& options, Recording* recording = nullptr)
      : program_(program),
        options_(options),
        recording_(recording),
        steps_left_(options.max_steps),
        is_limited_(options.max_steps > 0) {}

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
  void note_change(const Value& container_or_object);

  Program& program_;
  const jit::LoadOptions& options_;
  Recording* const recording_;
  uint64_t steps_left_;
  const bool is_limited_;
  uint32_t depth_ = 0;
};

// Whether a value is what isinstance asks for.
bool is_of(const Value& value, const Type& type);

}  // namespace okibi::script
