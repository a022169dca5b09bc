#pragma once

#include <gmock/gmock.h>
#include <okibi/base.h>

#include <string_view>

namespace okibi {

// `work` throws an Error of this kind whose text contains `words`.
template <class Work>
void expect_error(ErrorKind kind, std::string_view words, Work&& work) {
  try {
    work();
    ADD_FAILURE() << "nothing was thrown; expected: " << words;
  } catch (const Error& error) {
    EXPECT_EQ(name_of(error.kind()), name_of(kind)) << error.what();
    EXPECT_THAT(error.what(), testing::HasSubstr(words));
  }
}

}  // namespace okibi
