// What okibi_checkpoint calls when it opens this library at the first URI that needs it.
#include <okibi/s3.h>

extern "C" {
void okibi_s3_add_schemes(okibi::store::Store* store, const std::stop_token* stop,
                          const okibi::store::Retried* retried) {
  okibi::s3::add_schemes(*store, {.stop = *stop, .on_retry = *retried});
}
}
