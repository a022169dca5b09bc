# How everything is compiled, and the two functions that the module list is written in.
include(GNUInstallDirs)

find_program(CCACHE ccache)
if(CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()

# -ffp-contract=off: where a multiply and an add are one instruction, the source says so (std::fma), because the bits of
# PyTorch's random numbers and of its optimizers depend on it.
add_compile_options(-Wall -Wextra $<$<CXX_COMPILER_ID:GNU>:-Wshadow=local> -Wno-missing-field-initializers -ffp-contract=off)
# False alarms of GCC 12 about std::string's + and arrays of Values, at -O3 only.
add_compile_options("$<$<AND:$<CXX_COMPILER_ID:GNU>,$<CONFIG:Release>>:-Wno-restrict;-Wno-array-bounds>")
# Small libraries: what nobody calls goes, and what is written in a header is nobody's export.
if(CMAKE_BUILD_TYPE STREQUAL "Release")
  add_compile_options(-ffunction-sections -fdata-sections -fvisibility-inlines-hidden)
  add_link_options(-Wl,--gc-sections)
endif()
if(OKIBI_SANITIZE)
  add_compile_options(-fsanitize=${OKIBI_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${OKIBI_SANITIZE})
else()
  add_link_options(-Wl,--as-needed)
endif()

set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
set(CMAKE_BUILD_RPATH_USE_ORIGIN ON)
set(CMAKE_INSTALL_RPATH "$ORIGIN/../${CMAKE_INSTALL_LIBDIR};$ORIGIN")

# okibi_module(name [SMALL patterns …] [LIBRARIES …]): src/<name>/**.cpp as an object library. Headers are found from src/
# and include/. Sources that match a SMALL pattern do nothing often, and are compiled for size.
function(okibi_module name)
  cmake_parse_arguments(ARG "" "" "SMALL;LIBRARIES" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${name}/*.cpp)
  add_library(module_${name} OBJECT ${sources})
  foreach(pattern ${ARG_SMALL})
    file(GLOB_RECURSE small CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${name}/${pattern})
    set_property(SOURCE ${small} APPEND PROPERTY COMPILE_OPTIONS $<$<CONFIG:Release>:-Os>)
  endforeach()
  target_include_directories(module_${name} PUBLIC
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/src>)
  target_link_libraries(module_${name} PUBLIC ${ARG_LIBRARIES})
endfunction()

# okibi_library(name MODULES … [LIBRARIES …]): one shared library of several modules. Every symbol must be resolved at
# its link, which proves that no module leans on a library above its own.
function(okibi_library name)
  cmake_parse_arguments(ARG "" "" "MODULES;LIBRARIES;PRIVATE_LIBRARIES" ${ARGN})
  add_library(${name} SHARED)
  add_library(okibi::${name} ALIAS ${name})
  foreach(module ${ARG_MODULES})
    target_sources(${name} PRIVATE $<TARGET_OBJECTS:module_${module}>)
    get_target_property(used module_${module} LINK_LIBRARIES)
    if(used)
      target_link_libraries(${name} PRIVATE ${used})
    endif()
  endforeach()
  target_include_directories(${name} PUBLIC
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_compile_features(${name} PUBLIC cxx_std_20)
  target_link_libraries(${name} PUBLIC ${ARG_LIBRARIES})
  set_target_properties(${name} PROPERTIES VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR})
  if(NOT OKIBI_SANITIZE)
    target_link_options(${name} PRIVATE -Wl,--no-undefined)
  endif()
endfunction()
