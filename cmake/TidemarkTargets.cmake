# How every target of the project is made: one function for libraries, one for embedded data.

add_library(tidemark_flags INTERFACE)
target_include_directories(tidemark_flags INTERFACE ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR}/generated)
# Contraction off: a*b+c must mean the same with and without FMA instructions; kernels ask for FMA explicitly.
target_compile_options(tidemark_flags INTERFACE -ffp-contract=off -Wall -Wextra -Wpedantic -Wno-psabi)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  target_compile_options(tidemark_flags INTERFACE -Wno-restrict)  # false alarms on std::string + literal (GCC bug 105329)
endif()
if(TIDEMARK_WERROR)
  target_compile_options(tidemark_flags INTERFACE -Werror)
endif()
if(TIDEMARK_FUZZ)
  target_compile_options(tidemark_flags INTERFACE -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -g)
  target_link_options(tidemark_flags INTERFACE -fsanitize=address,undefined)
elseif(TIDEMARK_SANITIZE)
  # GCC 12 with sanitizers sees uninitialised members inside <regex> and std::function that are not there.
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(tidemark_flags INTERFACE -Wno-maybe-uninitialized)
  endif()
  target_compile_options(tidemark_flags INTERFACE -fsanitize=${TIDEMARK_SANITIZE} -fno-sanitize-recover=all -g -fno-omit-frame-pointer)
  target_link_options(tidemark_flags INTERFACE -fsanitize=${TIDEMARK_SANITIZE})
endif()

# tidemark_library(NAME DIRS dir... DEPENDS lib...): a static library of all .cc files directly in the folders. Files are
# found by pattern so that adding one needs no edit here; CONFIGURE_DEPENDS makes the build notice.
function(tidemark_library name)
  cmake_parse_arguments(ARG "" "" "DIRS;DEPENDS" ${ARGN})
  set(sources)
  foreach(dir ${ARG_DIRS})
    file(GLOB found CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${dir}/*.cc)
    list(APPEND sources ${found})
  endforeach()
  list(LENGTH sources count)
  if(count EQUAL 0)
    file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/${name}_empty.cc "")
    set(sources ${CMAKE_CURRENT_BINARY_DIR}/${name}_empty.cc)
  endif()
  add_library(${name} STATIC ${sources})
  target_link_libraries(${name} PUBLIC tidemark_flags ${ARG_DEPENDS})
endfunction()

# tidemark_embed(TARGET SYMBOL FILE): the file's bytes become kSYMBOL, declared in "embedded/SYMBOL.h" as
# std::string_view tidemark::embedded::SYMBOL(). The assembler reads the file (.incbin), so megabytes cost no compile time.
function(tidemark_embed target symbol file)
  set(dir ${PROJECT_BINARY_DIR}/generated/embedded)
  get_filename_component(path ${file} ABSOLUTE)
  file(CONFIGURE OUTPUT ${dir}/${symbol}.h CONTENT
"#pragma once
#include <string_view>
extern \"C\" {
extern const char tidemark_embedded_@symbol@[];
extern const char tidemark_embedded_@symbol@_end[];
}
namespace tidemark::embedded {
inline std::string_view @symbol@() {
  return {tidemark_embedded_@symbol@, static_cast<size_t>(tidemark_embedded_@symbol@_end - tidemark_embedded_@symbol@)};
}
}  // namespace tidemark::embedded
" @ONLY)
  file(CONFIGURE OUTPUT ${dir}/${symbol}.S CONTENT
".section .rodata
.balign 64
.global tidemark_embedded_@symbol@
.global tidemark_embedded_@symbol@_end
tidemark_embedded_@symbol@:
.incbin \"@path@\"
tidemark_embedded_@symbol@_end:
.byte 0
.section .note.GNU-stack,\"\",%progbits
" @ONLY)
  set_source_files_properties(${dir}/${symbol}.S PROPERTIES OBJECT_DEPENDS ${path})
  target_sources(${target} PRIVATE ${dir}/${symbol}.S)
endfunction()
