# Run at every build (cmake -P): writes OUTPUT, the header reports/environment.cc includes, and touches it only when something
# changed. Variables given with -D: SOURCE_DIR OUTPUT VERSION COMPILER BUILD_TYPE FLAGS LIBRARIES ("name=version,name=version").

cmake_minimum_required(VERSION 3.25)

set(commit unknown)
set(dirty false)
find_program(GIT git)
if(GIT)
  # A release archive unpacked inside somebody else's checkout must not claim that checkout's commit.
  execute_process(COMMAND ${GIT} -C ${SOURCE_DIR} rev-parse --show-toplevel HEAD OUTPUT_VARIABLE answer RESULT_VARIABLE failed
                  ERROR_QUIET OUTPUT_STRIP_TRAILING_WHITESPACE)
  if(NOT failed)
    string(REPLACE "\n" ";" answer "${answer}")
    list(GET answer 0 top)
    file(REAL_PATH "${top}" top)
    file(REAL_PATH "${SOURCE_DIR}" source)
    if(top STREQUAL source)
      list(GET answer 1 commit)
      execute_process(COMMAND ${GIT} -C ${SOURCE_DIR} status --porcelain --untracked-files=no OUTPUT_VARIABLE changes ERROR_QUIET)
      if(NOT changes STREQUAL "")
        set(dirty true)
      endif()
    endif()
  endif()
endif()

string(REPLACE "," ";" LIBRARIES "${LIBRARIES}")
set(rows "")
foreach(library ${LIBRARIES})
  string(REGEX REPLACE "^([^=]*)=(.*)$" "    {\"\\1\", \"\\2\"},\n" row "${library}")
  string(APPEND rows "${row}")
endforeach()
string(STRIP "${FLAGS}" FLAGS)
string(REGEX REPLACE " +" " " FLAGS "${FLAGS}")
string(REPLACE "\\" "\\\\" FLAGS "${FLAGS}")
string(REPLACE "\"" "\\\"" FLAGS "${FLAGS}")

file(CONFIGURE OUTPUT ${OUTPUT} CONTENT
"// Made by cmake/BuildInfo.cmake; do not edit.
#pragma once
#include <utility>
namespace tidemark::build_info {
inline constexpr const char* kVersion = \"@VERSION@\";
inline constexpr const char* kGitCommit = \"@commit@\";
inline constexpr bool kGitDirty = @dirty@;
inline constexpr const char* kCompiler = \"@COMPILER@\";
inline constexpr const char* kBuildType = \"@BUILD_TYPE@\";
inline constexpr const char* kFlags = \"@FLAGS@\";
inline constexpr std::pair<const char*, const char*> kLibraries[] = {
@rows@};
}  // namespace tidemark::build_info
" @ONLY)
