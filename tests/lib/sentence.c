/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/sentence.h"

#include <string.h>

bool sentence_fills(const char *text, const char *sentence)
{
    while (*sentence != '\0') {
        const char *place = strchr(sentence, '{');
        size_t size = place != NULL ? (size_t)(place - sentence) : strlen(sentence);
        if (strncmp(text, sentence, size) != 0)
            return false;
        text += size;
        sentence += size;
        if (place == NULL)
            return *text == '\0';
        sentence += strlen("{0}");
        const char *next = strchr(sentence, '{');
        size_t after = next != NULL ? (size_t)(next - sentence) : strlen(sentence);
        const char *end = text + 1; /* a word is not empty */
        while (*end != '\0' && (after == 0 || strncmp(end, sentence, after) != 0))
            end++;
        text = end;
    }
    return *text == '\0';
}
