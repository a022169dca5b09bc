// s3/settings.h: what the environment and a profile say together.
#pragma once

#include <string>
#include <string_view>

#include "s3/credentials.h"
#include "s3/profiles.h"

namespace okibi::s3 {

std::string variable(const Surroundings& surroundings, const std::string& name);  // "" where it is not set
bool is_true(std::string_view setting);                                           // "true", in any case

// "~/x" → the user's folder's x; "" where nobody knows that folder.
std::string in_home(const Surroundings& surroundings, std::string_view path);

struct ChosenProfile {
  std::string name;
  bool was_named;  // by someone, and not the default: then it must be there
};
ChosenProfile chosen_profile(const S3Options& options, const Surroundings& surroundings);

// The settings of the chosen profile; none where the default profile is not there. Error(bad_argument) where a profile
// that was named is not.
Settings chosen_settings(const Profiles& profiles, const ChosenProfile& chosen);

std::string region_of(const S3Options& options, const Surroundings& surroundings, const Settings& profile);

// What the user set for "s3", "sts" or "sso"; "" for Amazon's own.
std::string endpoint_of(std::string_view service, const Surroundings& surroundings, const Profiles& profiles,
                        const Settings& profile);

// "https://sts.eu-central-1.amazonaws.com". Error(bad_argument) for a region that can be no part of a host's name.
std::string amazon_url(std::string_view host, const std::string& region);

}  // namespace okibi::s3
