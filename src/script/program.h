// script/program.h: a program's classes by what their names mean, and its functions lowered when they are asked for.
#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_set>
#include <vector>

#include "base/keyed_hash.h"
#include "script/archive.h"
#include "script/code.h"

namespace okibi::script {

// A class with its types known. Bodies of methods are not looked at.
struct ClassInfo {
  std::string name;  // qualified
  const Class* source = nullptr;
  const SourceFile* file = nullptr;
  KeyedMap<std::string, Type> attributes = {};             // in its objects
  std::vector<std::string> fields = {};                    // of a NamedTuple, in order
  KeyedMap<std::string, const Attribute*> constants = {};  // Final[…]
  KeyedMap<std::string, const Function*> methods = {};
};

struct Signature {
  struct Item {
    std::string name;
    Type type;
    const Expr* default_value = nullptr;
  };
  std::vector<Item> parameters = {};  // with self
  Type returns = {};
};

// What it gives stays where it is. Any number of threads may ask, but for what lowering uses: constant() and spend().
class Program {
 public:
  explicit Program(std::unique_ptr<ScriptArchive> archive);

  ScriptArchive& archive() noexcept { return *archive_; }
  Schemas& schemas() noexcept { return schemas_; }

  const ClassInfo* find_class(std::string_view name);   // nullptr where the archive has no source of it
  const ClassInfo& class_named(std::string_view name);  // or Error(bad_file)
  const ClassInfo& root_class() { return class_named(archive_->root_class()); }

  // "__torch__.helper", or "__torch__.Net.forward" of a method; without its body. nullptr where there is none.
  const Signature* signature_of(const std::string& function);
  // The same with its body. Error(bad_file) or Error(unsupported) with record, line and column.
  const Code& code_of(const std::string& function);
  // The same for all that it calls, so that no call has to wait for it. What has an error has it when it is reached.
  void read_ahead(const std::string& function);

  // "RED": what the member of an enum with this value is called. Error(bad_file) where none has it.
  std::string name_of_member(std::string_view enumeration, const Value& value);

  // Error(limit) where types are deeper than any, or take more memory than the source gives reason for: `x = (x, x)`
  // again and again is short.
  void spend(const Type& type, const Place& place);

  // How often an object got another attribute, or a list or dict that may be one was changed. Any number of threads.
  uint64_t changes() const;
  void note_change(const void* holder);  // by its Value::identity
  // Whether one of them was changed after there were so many changes. True, too, where that is too long ago to be
  // known.
  bool were_changed(const std::unordered_set<const void*>& holders, uint64_t since) const;

  // Somebody else may hold, and change, what attributes hold: from then on nothing is known of them.
  void give_up_plans() noexcept { gave_up_plans_.store(true, std::memory_order_release); }
  bool gave_up_plans() const noexcept { return gave_up_plans_.load(std::memory_order_acquire); }
  // A list, a dict or an object was made an attribute: what is given back may be it.
  void note_container_set() noexcept { sets_containers_.store(true, std::memory_order_release); }
  bool sets_containers() const noexcept { return sets_containers_.load(std::memory_order_acquire); }

  // CONSTANTS.c<index>
  const Value& constant(size_t index);

 private:
  struct Found {
    const Function* function = nullptr;
    const SourceFile* file = nullptr;
    const ClassInfo* of = nullptr;  // of a method
  };
  std::unique_ptr<const Code> make_code(const std::string& function);
  const Kernel& kernel_of(const Schema& schema);
  Found find(const std::string& function);
  std::unique_ptr<ClassInfo> make_class(std::string_view name, const Class& source, const SourceFile& file);

  std::unique_ptr<ScriptArchive> archive_;
  Schemas schemas_;
  uint64_t types_left_;
  KeyedMap<std::string, std::unique_ptr<const ClassInfo>> classes_;
  KeyedMap<std::string, Signature> signatures_;
  mutable std::mutex changes_mutex_;
  uint64_t changes_ = 0;
  std::deque<const void*> last_changes_;  // of all, the last few
  std::atomic<bool> gave_up_plans_ = false, sets_containers_ = false;
  std::recursive_mutex mutex_;
  KeyedMap<std::string, std::unique_ptr<const Code>> codes_;
  KeyedMap<std::string, Kernel> kernels_;
  std::optional<std::vector<Value>> constants_;
};

// What a function's source says of its types. Of a method, self is of the class.
Signature signature_of(const Function& function, const ClassInfo* of);

}  // namespace okibi::script
