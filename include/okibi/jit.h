// okibi/jit.h: TorchScript programs, without libtorch.
//
// load() gives a module that runs: its methods, with Values in and out. The first call of a method for inputs of some
// sizes runs the program itself, statement by statement, and notes what it calls; from the second on, or from the first
// after prepare(), a plan of that is followed, in which convolutions and linear layers take in what comes behind them
// (LoadOptions::exact). Where a program goes by the numbers of its inputs, or changes its attributes, each call is run
// statement by statement, but for the methods of submodules, which may have plans of their own. Nothing is recorded for
// gradients, and all tensors lie in memory whatever device they were saved from. A plan has copies of the weights that
// went into it; it sees when a weight is changed in place, but not when somebody writes to it through a pointer. An
// operator that okibi does not have is Error(unsupported) once it is reached, and not before; what the program itself
// raises is Error(bad_argument) with its words, the record and the line.
//
// describe() says what a program holds. Its source is parsed, as a whole, and which operators it calls is found out by
// the types, as PyTorch does; nothing of it is run.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <okibi/checkpoint.h>
#include <okibi/io.h>
#include <okibi/nn.h>
#include <okibi/value.h>

namespace okibi::jit {

struct Parameter {
  std::string name;
  std::string type;  // as TorchScript writes it: "Optional[Tensor]"
  std::optional<std::string> default_value = {};
};

struct Function {
  std::string name;  // of a method; of a function with its qualifier: "__torch__.torch.nn.functional.relu"
  std::vector<Parameter> parameters = {};  // of a method without self
  std::string returns = {};
  std::string where = {};  // "code/__torch__.py:24"
};

enum class AttributeRole : uint8_t { attribute, parameter, buffer, constant, member };
std::string_view name_of(AttributeRole role) noexcept;

struct Attribute {
  std::string name;
  std::string type = {};  // empty for a member of an enum
  AttributeRole role = AttributeRole::attribute;
  std::optional<std::string> value = {};  // of a constant or a member
};

enum class ClassKind : uint8_t { plain, module, named_tuple, enumeration, interface, module_interface };
std::string_view name_of(ClassKind kind) noexcept;  // as TorchScript writes it: "Module"; "" for a plain one

struct Class {
  std::string name;  // qualified
  ClassKind kind = ClassKind::plain;
  std::vector<Attribute> attributes = {};
  std::vector<Function> methods = {};
};

struct Operator {
  std::string name;        // with its overload: "aten::add.Tensor"
  uint64_t uses = 0;       // calls in the source
  std::string first = {};  // "code/__torch__.py:24"
  bool supported = false;  // okibi can run it
};

// A function that okibi does not understand as a whole. Its operators are listed without their overloads.
struct Problem {
  std::string function;  // qualified
  std::string problem;   // with record, line and column
};

struct ExtraFile {
  std::string name;  // as torch.jit.save(_extra_files) got it
  uint64_t nbytes = 0;
};

struct Description {
  int64_t version = 0;                   // of the format: 1 to 10
  std::string root = {};                 // the class of the program itself
  std::vector<Class> classes = {};       // by the names of their files, and in the order of those
  std::vector<Function> functions = {};  // free ones
  std::vector<Operator> operators = {};  // by name
  std::vector<Problem> problems = {};
  std::vector<ExtraFile> extra_files = {};
};

// Error(unsupported) for files that are no TorchScript programs, saying what they are; Error(bad_file) with record,
// line and column for source that is none; Error(limit) for programs larger or deeper than any.
Description describe(const std::string& uri, const Limits& limits = {});
Description describe(std::shared_ptr<const io::Source> source, const Limits& limits = {});

// The same as the JSON document of `okibi script --json` (docs/cli.md), which ends without a line break.
std::string to_json(const Description& program);

// ---------------------------------------------------------------------------------------------------------- running

struct LoadOptions {
  Limits limits = {};
  // Statements and turns of loops that one call may run: 0 for any number. For programs that one does not trust to end.
  uint64_t max_steps = 0;
  // Map the weights of a file instead of reading them: they are checked against their CRCs, and never copied; processes
  // that load the same file share them. Never write into a file while a program of it lives, as `cp new.pt live.pt`
  // does: a call is then Error(io), if it does not end the process (SIGBUS) or compute with what is being written. Put
  // another in its place by renaming (`mv`, okibi::save and `okibi cp` do), or read it whole. What cannot be mapped is
  // read.
  bool mmap = true;
  // All operators one by one, to the digits that each gives alone (some 1e-5 of PyTorch's). Otherwise convolutions take
  // in what comes behind them, and the low digits change (1e-4).
  bool exact = false;
  // For how many sizes of inputs each method keeps its plan: those that were called last. A size beyond them is run
  // statement by statement, noted and planned anew. Plans share their packed weights where oneDNN packs them alike.
  size_t most_plans = 8;
  // Takes what a program prints, line by line, on the thread that called it. Where it is empty, that goes to the
  // standard output, as in PyTorch.
  std::function<void(const std::string& line)> print = {};
};

using NamedValues = std::vector<std::pair<std::string, Value>>;

// A handle over shared state. Any number of threads may call methods that change no attributes; what else a method does
// to the module's attributes, all handles see, and calls that do need an order of the caller's own.
class Module {
 public:
  const std::string& class_name() const noexcept;  // "__torch__.Net"
  std::vector<std::string> method_names() const;
  std::vector<Parameter> parameters(const std::string& method) const;  // without self. Error(not_found)

  // Arguments by position, without self, and then by name; those that are left out have their defaults.
  // Error(bad_argument) that shows the signature where they do not fit it.
  // Hooks of forward are not run, as in PyTorch's C++.
  Value forward(std::vector<Value> arguments, NamedValues named = {}) const {
    return call("forward", std::move(arguments), std::move(named));
  }
  Value call(const std::string& method, std::vector<Value> arguments, NamedValues named = {}) const;

  // Makes the plans for such arguments now, so that the first call is as fast as all others: before a server takes
  // requests, say. The method is called a few times for it, as call() would, and what it gives is dropped; what it does
  // to attributes it does.
  void prepare(const std::string& method, std::vector<Value> arguments, NamedValues named = {}) const;

  // By its path: "training", "encoder.0.weight". Error(not_found).
  Value attribute(const std::string& path) const;
  // Error(bad_argument) for a value of another type than the class declares.
  void set_attribute(const std::string& path, Value value) const;

  // Its parameters and buffers, by the names and in the order that PyTorch gives them. The tensors are the module's
  // own: what is written into them, it computes with.
  StateDict state_dict() const;

  // What torch.jit.save(_extra_files) put into the file, or save(). Error(not_found) with the names there are.
  std::string extra_file(const std::string& name) const;

 private:
  friend struct ModuleAccess;  // src/script/module_body.h
  explicit Module(std::shared_ptr<struct ModuleBody> body) : body_(std::move(body)) {}
  std::shared_ptr<ModuleBody> body_;
};

Module load(const std::string& uri, const LoadOptions& options = {});
Module load(std::shared_ptr<const io::Source> source, const LoadOptions& options = {});

// ---------------------------------------------------------------------------------------------------------- writing

// A module that does what this one does, made of okibi's layers, in the mode in which it is: its parameters and buffers
// are the same tensors, and the classes have PyTorch's names, so that a program saved from it can be trained on in
// PyTorch. A model of one's own says what its forward is in TorchScript (nn::Module::set_script_forward); without that
// it is Error(unsupported).
Module script(const nn::Module& module);

struct TraceOptions {
  // The dimension of the inputs that may be of another size for each call: those that have as many there as the first
  // input have the batch in it. None for a program for inputs of just these sizes.
  std::optional<int64_t> batch_dim = 0;
};

// A module that does what the forward of this one did for the inputs, whatever C++ it is made of: the operators that it
// called, one after the other. Parameters, buffers and submodules are there under their names, and the tensors are the
// same. For a free batch size the forward runs three times, with rows of the inputs repeated, and the program is
// compared with it twice. Ways that the forward took by the numbers in its inputs cannot be followed: reading one
// (item()) is Error(unsupported), but what it reads through data<T>() nobody sees, and the trace is then wrong for
// other numbers. Changes in place are Error(unsupported), too, and what depends on the batch size in other ways than by
// sums and multiples of it. In eval mode alone: Error(bad_argument).
Module trace(const nn::AnyModule& module, const std::vector<Tensor>& inputs, const TraceOptions& options = {});

using ExtraFiles = std::vector<std::pair<std::string, std::string>>;  // name → bytes

// The program with its attributes as they are now; torch.jit.load of any PyTorch that reads its format runs it. Its
// source is written as it is. Further files replace those of the same name; others stay.
// Error(unsupported) for attributes that no such file can hold. A Sink is not committed.
// Nobody may change attributes meanwhile.
void save(const Module& module, const std::string& uri, const SaveOptions& options = {}, const ExtraFiles& files = {});
void save(const Module& module, io::Sink& sink, const SaveOptions& options = {}, const ExtraFiles& files = {});

}  // namespace okibi::jit
