#include "s3/part.h"

#include <gtest/gtest.h>
#include <libdeflate.h>
#include <okibi/base.h>

#include "s3/body_text.h"

namespace okibi::s3 {
namespace {

using testing_help::text_of;

TEST(Body, IsCopiedFromAnyPlaceOn) {
  const std::string a = "one", b = "", c = "three", all = "onethree";
  Body body;
  for (const std::string& piece : {std::cref(a), std::cref(b), std::cref(c)}) body.add(as_bytes(piece));
  EXPECT_EQ(body.size(), all.size());
  for (size_t begin = 0; begin <= all.size(); ++begin) {
    for (size_t size = 0; size <= all.size() + 1; ++size) {
      std::string into(size, '.');
      const size_t copied = body.copy(begin, std::as_writable_bytes(std::span(into)));
      EXPECT_EQ(into.substr(0, copied), all.substr(begin, size));
      EXPECT_EQ(into.substr(copied), std::string(size - copied, '.'));
    }
  }
}

TEST(Part, HasTheCrcOfAllItsPieces) {
  const auto lent = std::make_shared<const std::string>("3456");
  Part part(100);
  part.copy(as_bytes("1"));
  EXPECT_EQ(part.copy_summed(as_bytes("2")), libdeflate_crc32(0, "2", 1));
  EXPECT_EQ(part.borrow(as_bytes(*lent), lent), libdeflate_crc32(0, "3456", 4));
  part.copy(as_bytes("789"));
  EXPECT_EQ(part.crc32(), 0xcbf43926u);  // the check value of CRC-32
  part.keep();
  EXPECT_EQ(part.crc32(), 0xcbf43926u);
  part.clear();
  EXPECT_EQ(part.crc32(), 0u);
}

TEST(Part, TakesNoMemoryForWhatItIsLent) {
  const auto lent = std::make_shared<const std::string>(1000, 'x');
  Part part(2000);
  part.copy(as_bytes("head"));
  part.borrow(as_bytes(*lent), lent);
  part.copy(as_bytes("tail"));
  EXPECT_EQ(part.own(), 8u);
  EXPECT_EQ(part.room(), 992u);
  EXPECT_EQ(text_of(part.body()), "head" + *lent + "tail");
  EXPECT_EQ(lent.use_count(), 2);
  part.clear();
  EXPECT_EQ(lent.use_count(), 1);
  EXPECT_EQ(part.room(), 2000u);
}

TEST(Part, KeepsWhatItWasLentWhereverThatStands) {
  for (int kinds = 0; kinds < 64; ++kinds) {  // each of six pieces lent or its own
    std::vector<std::shared_ptr<std::string>> pieces;
    std::string all;
    Part part(100);
    for (int i = 0; i < 6; ++i) {
      pieces.push_back(std::make_shared<std::string>(static_cast<size_t>(3 + 2 * i), static_cast<char>('a' + i)));
      all += *pieces.back();
      (kinds >> i & 1) != 0 ? static_cast<void>(part.borrow(as_bytes(*pieces.back()), pieces.back()))
                            : part.copy(as_bytes(*pieces.back()));
    }
    EXPECT_EQ(text_of(part.body()), all);
    const Body::Piece whole = part.keep();
    for (const auto& piece : pieces) piece->assign(piece->size(), '!');
    EXPECT_EQ(as_text(whole), all);
    EXPECT_EQ(text_of(part.body()), all);
    part.copy(as_bytes("more"));
    EXPECT_EQ(text_of(part.body()), all + "more");
    EXPECT_EQ(part.own(), all.size() + 4);
  }
}

}  // namespace
}  // namespace okibi::s3
