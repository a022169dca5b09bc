// The public functions: find out what a file is, and hand it to its format.
#include <okibi/checkpoint.h>

#include "checkpoint/in_file.h"
#include "checkpoint/opened_file.h"
#include "checkpoint/save.h"
#include "checkpoint/storages.h"

namespace okibi {
namespace {

// A Buffer of the caller's as a Source that nobody owns.
std::shared_ptr<const io::Source> borrowed(const Buffer& buffer) { return {std::shared_ptr<void>(), &buffer}; }

Value load_file(const checkpoint::OpenedFile& file, const LoadOptions& options) {
  return checkpoint::in_file(file.name(), [&] {
    checkpoint::WholeStorages tensors(file, options);
    Value value = file.object(tensors);  // names looked up in one table; tensors own their storage
    tensors.read_now();                  // all at once, straight to where they belong
    return value;
  });
}

StateDict state_dict_in(const checkpoint::OpenedFile& file, const LoadOptions& options) {
  const Value value = load_file(file, options);
  return checkpoint::in_file(file.name(), [&] { return file.state_dict_of(value); });
}

// What a caller's sink was lent is the caller's again, however this ends.
class Lending {
 public:
  explicit Lending(io::Sink& sink) : sink_(sink) {}
  ~Lending() {
    try {
      if (!is_settled_) sink_.settle();
    } catch (const std::exception&) {  // the error that led here is on its way
    }
  }
  Lending(const Lending&) = delete;
  Lending& operator=(const Lending&) = delete;

  void settle() {
    is_settled_ = true;
    sink_.settle();
  }

 private:
  io::Sink& sink_;
  bool is_settled_ = false;
};

}  // namespace

Value load(std::shared_ptr<const io::Source> source, const LoadOptions& options) {
  return load_file(*checkpoint::open_file(std::move(source), options), options);
}

Value load(const std::string& uri, const LoadOptions& options) {
  return load_file(*checkpoint::open_file(uri, options), options);
}

Value load(const Buffer& buffer, const LoadOptions& options) { return load(borrowed(buffer), options); }

StateDict load_state_dict(std::shared_ptr<const io::Source> source, const LoadOptions& options) {
  return state_dict_in(*checkpoint::open_file(std::move(source), options), options);
}

StateDict load_state_dict(const std::string& uri, const LoadOptions& options) {
  return state_dict_in(*checkpoint::open_file(uri, options), options);
}

StateDict load_state_dict(const Buffer& buffer, const LoadOptions& options) {
  return load_state_dict(borrowed(buffer), options);
}

void save(const Value& value, io::Sink& sink, const SaveOptions& options) {
  Lending lending(sink);
  checkpoint::save_to(sink, checkpoint::format_for(sink.name(), options), value, options, checkpoint::StorageBytes());
  lending.settle();
}

void save(const Value& value, const std::string& uri, const SaveOptions& options) {
  checkpoint::save_at(uri, value, options, checkpoint::StorageBytes());
}

}  // namespace okibi
