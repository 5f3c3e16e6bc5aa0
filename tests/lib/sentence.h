/* SPDX-License-Identifier: Apache-2.0
 * Sentences of tables, for tests. */
#ifndef VIGIL_TESTS_LIB_SENTENCE_H
#define VIGIL_TESTS_LIB_SENTENCE_H

#include <stdbool.h>

/* Whether a text is a sentence of a table with a word in the place of each "{n}". */
bool sentence_fills(const char *text, const char *sentence);

#endif
