// script/plan/runner.h: runs the methods of a module, by plans where there are some.
#pragma once

#include <mutex>

#include "kernels/prepared.h"
#include "script/interpreter.h"
#include "script/plan/plan.h"

namespace okibi::script {

// The first call for inputs of some sizes is interpreted and recorded; the second makes a plan of it, and later ones
// follow that. Kept are the plans of the last few sizes. Where a program goes by the numbers of its inputs, or changes
// its attributes, calls are interpreted, and methods of its submodules have plans of their own. Any number of threads
// may call.
class Runner {
 public:
  Runner(Program& program, const Value& root, const jit::LoadOptions& options)
      : program_(program), root_(root), options_(options) {}

  // arguments[0] is the root.
  Value call(const std::string& function, std::span<const Value> arguments);

  // Calls it until no plan comes of it any more.
  void prepare(const std::string& function, std::span<const Value> arguments);

  // No plans from now on: somebody may change what they were made of, and nobody would know.
  void use_no_plans();

  // Of the last call of the function: why it has no plan; nullptr where it has one.
  const char* refusal(const std::string& function);
  size_t plans_of(const std::string& function);  // how many are kept, of all its objects
  uint64_t steps();                              // towards plans, so far: calls recorded or refused, plans made

 private:
  struct Kept {
    std::string function, key;
    Value self;  // whose method it is: no other has its identity meanwhile
    Draft draft;
    std::shared_ptr<const Plan> plan;         // null until there is a second call
    std::unordered_set<const void*> holders;  // what of self may be changed
    uint64_t changes;                         // of the program's, after which none of them was
    uint64_t last_use;
  };
  class Parts;

  std::shared_ptr<const Plan> find(std::string_view key);
  std::shared_ptr<const Plan> plan_of(Draft draft);
  void keep(Kept kept);
  bool is_worth_recording(const std::string& function);
  void note_attempt(const std::string& function, const char* why, bool counts);
  std::optional<Value> follow(std::string_view key, std::span<const Value> inputs, bool& has_plan);
  std::optional<Value> call_by_plan(const std::string& function, std::span<const Value> arguments,
                                    const Surroundings& around);
  void give_up_if_shared(const Value& result);
  Value record(const std::string& function, std::string key, std::span<const Value> arguments,
               const Surroundings& around);

  Program& program_;
  const Value root_;
  const jit::LoadOptions& options_;

  std::mutex mutex_;
  uint64_t uses_ = 0;
  std::vector<Kept> plans_;
  uint64_t steps_ = 0;
  kernels::PackedWeights packed_;
  struct Attempts {
    int refused = 0;
    const char* why = nullptr;
  };
  KeyedMap<std::string, Attempts> attempts_;  // by function
};

}  // namespace okibi::script
