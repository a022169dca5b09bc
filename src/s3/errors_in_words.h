// s3/errors_in_words.h: what a store answered → an Error for the person who must act.
#pragma once

#include <string>

#include "s3/session.h"

namespace okibi::s3 {

// What the store says about a failure: in its body (<Error>), and in its headers.
Fault fault_in(const Response& response);

// What messages say about the way to the failure.
struct Course {
  std::string access_key_id = {};  // empty: unsigned
  std::string endpoint = {};       // where it is not Amazon's own
  int attempts = 1;
  std::vector<std::string> secrets = {};  // that were sent, and that a store may echo
};

// "s3://bucket/key", or a URL without its query: that of a presigned one is as good as a key.
std::string place_of(const Operation& operation);

Error error_in_words(const Operation& operation, const Response& response, const Fault& fault, const Course& course);
Error error_in_words(const Operation& operation, const TransportError& error, const Course& course);

}  // namespace okibi::s3
