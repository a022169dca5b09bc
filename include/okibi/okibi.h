// okibi/okibi.h: everything.
#pragma once

#include <okibi/base.h>
#include <okibi/checkpoint.h>
#include <okibi/convert.h>
#include <okibi/copy.h>
#include <okibi/dlpack.h>
#include <okibi/dtype.h>
#include <okibi/inspect.h>
#include <okibi/io.h>
#include <okibi/jit.h>
#include <okibi/model.h>
#include <okibi/nn.h>
#include <okibi/op_table.h>
#include <okibi/ops.h>
#include <okibi/optim.h>
#include <okibi/pickle.h>
#include <okibi/random.h>
#include <okibi/s3.h>
#include <okibi/store.h>
#include <okibi/tabular.h>
#include <okibi/tensor.h>
#include <okibi/value.h>
#include <okibi/zip.h>
