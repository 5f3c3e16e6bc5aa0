/* SPDX-License-Identifier: Apache-2.0
 * Criterion leaves a test's process without the leak check at exit, so tests ask for it. */
#ifndef VIGIL_TESTS_LIB_LEAKS_H
#define VIGIL_TESTS_LIB_LEAKS_H

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/lsan_interface.h>
#define LEAKS_FOUND() (__lsan_do_recoverable_leak_check() != 0)
#else
#define LEAKS_FOUND() false
#endif

#endif
