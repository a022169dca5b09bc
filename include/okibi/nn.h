// okibi/nn.h: all of torch.nn that okibi has. Each header below is read by itself.
#pragma once

#include <okibi/nn/activations.h>
#include <okibi/nn/attention.h>     // MultiheadAttention
#include <okibi/nn/containers.h>    // Sequential, ModuleList, ModuleDict
#include <okibi/nn/convolutions.h>  // Conv1d, Conv2d
#include <okibi/nn/dropout.h>
#include <okibi/nn/embedding.h>  // Embedding
#include <okibi/nn/layers.h>     // Linear, Bilinear, Identity, Flatten, Unflatten
#include <okibi/nn/losses.h>
#include <okibi/nn/module.h>       // Module, AnyModule
#include <okibi/nn/norms.h>        // BatchNorm, LayerNorm, RMSNorm, GroupNorm
#include <okibi/nn/pooling.h>      // MaxPool, AvgPool, AdaptiveAvgPool
#include <okibi/nn/recurrent.h>    // LSTM, GRU
#include <okibi/nn/transformer.h>  // TransformerEncoder
#include <okibi/nn/utils.h>        // clip_grad_norm_, clip_grad_value_
