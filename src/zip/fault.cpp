#include "zip/fault.h"

namespace okibi::zip {

Error fault_at(const io::Source& source, uint64_t offset, std::string sentence) {
  return Error(ErrorKind::bad_file, std::move(sentence)).at("offset", offset).at("", source.name());
}

Error fault_in(const io::Source& source, std::string_view record, uint64_t offset, std::string sentence,
               ErrorKind kind) {
  return Error(kind, std::move(sentence)).at("offset", offset).at("record", record).at("", source.name());
}

}  // namespace okibi::zip
