/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/marks.h"

static const char *const texts[MARK_COUNT] = {
#define X(symbol, text) [MARK_##symbol] = text,
    MARKS(X)
#undef X
};

const char *mark_text(enum mark mark)
{
    return texts[mark];
}
