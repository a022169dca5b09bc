// model/layers.h: PyTorch's layers that okibi has, by their Python classes.
#pragma once

#include "model/saved_module.h"

namespace okibi::model {

// Makes a layer from its saved attributes and tensors, without its children. The tensors are shared, not copied.
using MakeLayer = nn::AnyModule (*)(const SavedModule& saved);

// nullptr for a class that okibi does not have.
MakeLayer layer_maker(std::string_view python_class) noexcept;

}  // namespace okibi::model
