// What every fuzzer asks of the work that it gives bytes to: it is done, or ends in an Error that the bytes explain.
#pragma once

#include <okibi/base.h>

#include <cstdlib>

template <class Work>
void must_end_well(Work&& work) {
  try {
    work();
  } catch (const okibi::Error& error) {
    if (error.kind() == okibi::ErrorKind::internal) std::abort();
  }
}
