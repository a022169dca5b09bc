// okibi/model.h: whole models, in and out: nn::Module ⇄ Value ⇄ file.
//
// A whole-model file holds the tree of modules: class names, attributes, tensors. It is written so that
// torch.load(path, weights_only=False) gives a live nn.Module, where Python can import the class; here it is read as
// data, and nothing in it is ever run. okibi's layers come back by themselves; for other classes the caller says which
// C++ class stands for which Python class:
//
//   okibi::save(model, "model.pt");
//   nn::AnyModule again = okibi::load_module("model.pt", {.classes = {{"my_models.Net", nn::factory<Net>}}});
//   Net net = again.as<Net>();
//
// Threads: as nn::Module. No other thread may change the module meanwhile.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <okibi/checkpoint.h>
#include <okibi/nn.h>

namespace okibi {

// Python class names and what makes a module of the C++ class, usually nn::factory<Net>. Looked up before okibi's own
// layers. A class that was defined in a Python script is "__main__.Net" in its file: it is found by its last part
// alone.
using ModuleClasses = std::vector<std::pair<std::string, std::function<nn::AnyModule()>>>;

struct ModuleLoadOptions {
  ModuleClasses classes = {};
  LoadOptions file = {};  // any_class_as_data is on whatever it says
};

// A user's model should have a python_class that Python can import ("my_models.Net"); one that was not given is written
// as
// "__main__.Net", which is what Python writes for a class of the running script.
void save(const nn::Module& module, const std::string& uri, const SaveOptions& options = {});
void save(const nn::Module& module, io::Sink& sink, const SaveOptions& options = {});

// Gives the model in the mode and with the requires_grad of each parameter that it was saved in. Draws no random
// numbers, whatever constructors do. Errors: as load; Error(mismatch) for a file that holds no whole model, or whose
// tensors do not fit the C++ class, in load_state_dict's words; Error(unsupported) naming all classes that have no C++
// class here.
nn::AnyModule load_module(const std::string& uri, const ModuleLoadOptions& options = {});
nn::AnyModule load_module(std::shared_ptr<const io::Source> source, const ModuleLoadOptions& options = {});
nn::AnyModule load_module(const Buffer& buffer, const ModuleLoadOptions& options = {});

namespace model {

// Further attributes of a module, by name: what Python finds on it beside its tensors and children.
using Attributes = std::vector<std::pair<std::string, Value>>;

// The tree of Objects that PyTorch's pickle of the module says. Tensors share the module's storages; a module or a
// parameter that stands in several places is one Object. `more` is given to the root.
Value to_value(const nn::Module& module, const Attributes& more = {});

// The way back. The modules' tensors are those of the value, shared.
nn::AnyModule from_value(const Value& value, const ModuleClasses& classes = {});

// Whether the value is a whole model: an Object with parameters, buffers and modules.
bool is_module(const Value& value) noexcept;

// The attributes of its class, and others that it was given.
Attributes attributes_of(const Value& module);

// The state_dict that the module would give, taken from its Objects alone: no class is needed for that.
StateDict state_dict_of(const Value& module);

}  // namespace model
}  // namespace okibi
