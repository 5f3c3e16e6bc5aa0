/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/response/refusals.h"

#include <assert.h>
#include <stdio.h>

static const struct {
    enum vg_code code;
    const char *rule;
    const char *sentence;
} refusals[] = {[RESPONSE_REFUSED_NOT] = {VG_OK, "", ""},
#define X(symbol, code, rule, sentence) [RESPONSE_REFUSED_##symbol] = {VG_##code, rule, sentence},
                RESPONSE_REFUSALS(X)
#undef X
};

enum vg_code response_refusal_code(enum response_refusal refusal)
{
    return refusals[refusal].code;
}

const char *response_refusal_rule(enum response_refusal refusal)
{
    return refusals[refusal].rule;
}

const char *response_refusal_sentence(enum response_refusal refusal)
{
    return refusals[refusal].sentence;
}

/* The word a "{n}" stands for; asserts that it was given. */
static const char *word_of(char digit, const char *const *words)
{
    for (int i = 0; i < digit - '0'; i++)
        assert(words[i] != NULL);
    assert(words[digit - '0'] != NULL);
    return words[digit - '0'];
}

enum vg_code response_refusal_say(enum response_refusal refusal, const char *const *words,
                                  struct vg_error *error)
{
    char text[VG_ERROR_TEXT];
    size_t used = 0;
    assert(refusal > RESPONSE_REFUSED_NOT && refusal < RESPONSE_REFUSALS_END);
    for (const char *at = refusals[refusal].sentence; *at != '\0' && used < sizeof text - 1;) {
        if (*at != '{') {
            text[used++] = *at++;
            continue;
        }
        used += (size_t)snprintf(text + used, sizeof text - used, "%s", word_of(at[1], words));
        at += 3;
    }
    text[used < sizeof text ? used : sizeof text - 1] = '\0';
    vg_fail(error, refusals[refusal].code, "%s", text);
    snprintf(error->rule, sizeof error->rule, "%s", refusals[refusal].rule);
    return refusals[refusal].code;
}
