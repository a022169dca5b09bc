// okibi/nn.h: all of torch.nn that okibi has. Each header below is read by itself.
#pragma once

#include <okibi/nn/containers.h>  // Sequential, ModuleDict
#include <okibi/nn/embedding.h>   // Embedding
#include <okibi/nn/layers.h>      // Linear, activations, Dropout
#include <okibi/nn/losses.h>
#include <okibi/nn/module.h>  // Module, AnyModule
#include <okibi/nn/utils.h>   // clip_grad_norm_, clip_grad_value_
