# How every target of ours is compiled. No global flag is edited.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

# The kernels ask for -O3 themselves; elsewhere it only makes code larger.
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Build type" FORCE)
endif()

find_program(PICOLM_CCACHE ccache)
mark_as_advanced(PICOLM_CCACHE)
if(PICOLM_CCACHE)
  # Without this sloppiness ccache does not serve what precompiled headers stand before; without
  # depend mode it runs the preprocessor before the compiler does.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_DEPEND=1
    CCACHE_SLOPPINESS=pch_defines,time_macros ${PICOLM_CCACHE})
endif()

add_library(picolm_options INTERFACE)
target_include_directories(picolm_options INTERFACE ${CMAKE_SOURCE_DIR})
# Products and sums must not be fused: results are the same bits on every CPU.
target_compile_options(picolm_options INTERFACE
  -Wall -Wextra -Wconversion -Werror -ffp-contract=off)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # GCC 12 reports const char* + std::string&& in its own library (GCC bug 105329).
  target_compile_options(picolm_options INTERFACE -Wno-restrict)
endif()
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  target_compile_options(picolm_options INTERFACE -Wthread-safety)
endif()
target_compile_definitions(picolm_options INTERFACE
  PICOLM_VERSION="${PROJECT_VERSION}" $<$<CONFIG:Release>:_FORTIFY_SOURCE=2>)
target_compile_options(picolm_options INTERFACE -fstack-protector-strong)
target_link_options(picolm_options INTERFACE -Wl,-z,relro,-z,now)
if(PICOLM_SANITIZE)
  target_compile_options(picolm_options INTERFACE
    -fsanitize=${PICOLM_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(picolm_options INTERFACE -fsanitize=${PICOLM_SANITIZE})
endif()

# picolm_precompile(TARGET [headers...]): in a Debug build (sanitizers, quick tests) these and the
# common ones are read once for all sources of the target, which spares clang a third of its time.
# Other builds do not, so that every source includes what it uses. GCC gains nothing by it and
# takes what comes from there for ours in its warnings.
function(picolm_precompile name)
  if(CMAKE_BUILD_TYPE STREQUAL "Debug" AND CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    target_precompile_headers(${name} PRIVATE
      <algorithm> <array> <chrono> <cmath> <cstdint> <functional> <limits> <map> <memory> <optional>
      <span> <string> <string_view> <utility> <vector> ${ARGN})
  endif()
endfunction()

# picolm_library(NAME SOURCES a.cc ... [LINK public...] [LINK_PRIVATE private...]
#   [PRECOMPILE <headers>...])
function(picolm_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK;LINK_PRIVATE;PRECOMPILE" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  add_library(picolm::${name} ALIAS ${name})
  target_link_libraries(${name} PUBLIC ${ARG_LINK} PRIVATE picolm_options ${ARG_LINK_PRIVATE})
  target_include_directories(${name} PUBLIC ${CMAKE_SOURCE_DIR})
  picolm_precompile(${name} ${ARG_PRECOMPILE})
endfunction()

# picolm_executable(NAME SOURCES a.cc ... [LINK targets...])
function(picolm_executable name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE picolm_options ${ARG_LINK})
endfunction()
