# One way to declare each kind of target. A module is a folder: its sources are the .c files in it.

set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
option(VIGIL_TESTS "Build the tests" ON)
set(VIGIL_KIND "debug" CACHE STRING "Which of release, debug, asan, tsan, fuzz this build is")
set(VIGIL_SANITIZE "" CACHE STRING "Sanitizers, as -fsanitize= takes them")

find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(nng CONFIG REQUIRED)
foreach(lib criterion:criterion sodium:libsodium uv:libuv lmdb:lmdb msgpack:msgpack jansson:jansson cyaml:libcyaml gfshare:libgfshare seccomp:libseccomp)
  string(REPLACE ":" ";" pair ${lib})
  list(GET pair 0 name)
  list(GET pair 1 package)
  pkg_check_modules(${name} REQUIRED IMPORTED_TARGET ${package})
endforeach()

add_library(vigil_flags INTERFACE)
target_include_directories(vigil_flags INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_definitions(vigil_flags INTERFACE _XOPEN_SOURCE=700 _DEFAULT_SOURCE
                           VIGIL_VERSION="${PROJECT_VERSION}")
# Sentences for people are cut to their room on purpose, so truncation of formatted text is no warning.
target_compile_options(vigil_flags INTERFACE
  -Wall -Wextra -Werror -Wshadow -Wconversion -Wsign-conversion -Wstrict-prototypes
  -Wmissing-prototypes -Wpointer-arith -Wwrite-strings -Wundef -Wformat=2 -Wvla
  # gcc alone: clang does not read the fall-through comments of uthash.h
  $<$<C_COMPILER_ID:GNU>:-Wimplicit-fallthrough> $<$<C_COMPILER_ID:GNU>:-Wno-format-truncation>
  -fno-common -fstack-protector-strong)
if(VIGIL_SANITIZE)
  target_compile_options(vigil_flags INTERFACE -fsanitize=${VIGIL_SANITIZE}
                         -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(vigil_flags INTERFACE -fsanitize=${VIGIL_SANITIZE})
else()
  target_compile_options(vigil_flags INTERFACE $<$<CONFIG:Release>:-D_FORTIFY_SOURCE=2>)
endif()
target_link_options(vigil_flags INTERFACE -Wl,-z,relro,-z,now)

# vigil_module(NAME DEP...): a static library of this folder's .c files.
function(vigil_module name)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.c)
  if(NOT sources)
    add_library(${name} INTERFACE)
    target_link_libraries(${name} INTERFACE vigil_flags ${ARGN})
    return()
  endif()
  add_library(${name} STATIC ${sources})
  target_link_libraries(${name} PUBLIC vigil_flags ${ARGN})
endfunction()

# vigil_program(NAME DEP...): a program of this folder's .c files.
function(vigil_program name)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.c)
  if(NOT sources)
    return()
  endif()
  add_executable(${name} ${sources})
  target_link_libraries(${name} PRIVATE vigil_flags ${ARGN})
endfunction()

# vigil_test(KINDS NAME TIMEOUT COMMAND...): one ctest test, run by ops/test in the builds named by KINDS
# ("asan;release"); a debug build has them all. The label is the name's part before its slash. A test that ends with 77 could not show
# something here, and says what. It counts for two of the four that ops/test runs at a time, unless it waits most of the time
# (vigil_tests_wait); those that take long begin first (vigil_test_takes).
function(vigil_test kinds name timeout)
  if(NOT VIGIL_KIND STREQUAL debug AND NOT VIGIL_KIND IN_LIST kinds)
    return()
  endif()
  string(REGEX REPLACE "/.*" "" label ${name})
  add_test(NAME ${name} COMMAND ${ARGN})
  set_tests_properties(${name} PROPERTIES TIMEOUT ${timeout} SKIP_RETURN_CODE 77 LABELS ${label} PROCESSORS 2)
endfunction()

# vigil_tests_wait(NAME...): those of these that are in this build leave a processor to others most of the time.
function(vigil_tests_wait)
  foreach(name ${ARGN})
    if(TEST ${name})
      set_tests_properties(${name} PROPERTIES PROCESSORS 1)
    endif()
  endforeach()
endfunction()

# vigil_test_takes(NAME SECONDS): about so long, on two processors; what is not said takes little.
function(vigil_test_takes name seconds)
  if(TEST ${name})
    set_tests_properties(${name} PROPERTIES COST ${seconds})
  endif()
endfunction()

# vigil_units(LABEL DEP...): each test_*.c of this folder is one Criterion program and one ctest test. They are half of what there is to
# compile, so they are built where they run.
function(vigil_units label)
  set(when)
  if(NOT VIGIL_KIND MATCHES "^(debug|asan)$")
    set(when EXCLUDE_FROM_ALL)
  endif()
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/test_*.c)
  foreach(source ${sources})
    get_filename_component(test ${source} NAME_WE)
    add_executable(${label}_${test} ${when} ${source})
    target_link_libraries(${label}_${test} PRIVATE vigil_flags ${ARGN} PkgConfig::criterion)
    vigil_test(asan ${label}/${test} 900 ${label}_${test} -j2)
  endforeach()
endfunction()
