/* SPDX-License-Identifier: Apache-2.0
 * The sentences of refusals: what each says, whatever its case. */
#include <criterion/criterion.h>
#include <ctype.h>

#include "proto/response/refusals.h"

/* What was wrong, then what to do: "...; ask somebody else", "...: vigil incident reopen". */
Test(refusals, sentences_say_what_to_do)
{
    for (int refusal = RESPONSE_REFUSED_NOT + 1; refusal < RESPONSE_REFUSALS_END; refusal++) {
        const char *sentence = response_refusal_sentence((enum response_refusal)refusal);
        size_t size = strlen(sentence);
        cr_assert(strstr(sentence, "; ") != NULL || strstr(sentence, ": ") != NULL, "%s", sentence);
        cr_assert_not(isupper((unsigned char)sentence[0]), "%s", sentence);
        cr_assert_neq(sentence[size - 1], '.', "%s", sentence);
        cr_assert_null(strstr(sentence, ". "), "one sentence: %s", sentence);
        cr_assert_null(strstr(sentence, "  "), "%s", sentence);
    }
}

Test(refusals, those_of_a_rule_name_it_and_no_others_do)
{
    for (int number = RESPONSE_REFUSED_NOT + 1; number < RESPONSE_REFUSALS_END; number++) {
        enum response_refusal refusal = (enum response_refusal)number;
        const char *rule = response_refusal_rule(refusal);
        cr_assert_eq(rule[0] == 'R', response_refusal_code(refusal) == VG_RULE, "%s",
                     response_refusal_sentence(refusal));
        cr_assert_neq(response_refusal_code(refusal), VG_OK);
    }
}
