/* SPDX-License-Identifier: Apache-2.0
 * R5: severity and priority from the three inputs of an assessment. docs/severity.md is made from
 * this table; a change of it is a new rules version. */
#include <assert.h>

#include "proto/response/call.h"

/* Severity and priority as people write them: 0 is the worst. */
struct cell {
    uint8_t severity, priority;
};

enum { INFORMATION_NONE, INFORMATION_ONE, INFORMATION_SEVERAL, INFORMATION_COLUMNS };

/* [functional][information][recoverability] */
static const struct cell table[4][INFORMATION_COLUMNS][4] = {
    /* none */
    {{{4, 4}, {4, 4}, {4, 3}, {4, 3}},
     {{2, 2}, {2, 2}, {2, 1}, {1, 0}},
     {{1, 1}, {1, 1}, {1, 0}, {0, 0}}},
    /* low */
    {{{3, 3}, {3, 3}, {3, 2}, {2, 1}},
     {{2, 2}, {2, 2}, {2, 1}, {1, 0}},
     {{1, 1}, {1, 1}, {1, 0}, {0, 0}}},
    /* medium */
    {{{2, 2}, {2, 2}, {2, 1}, {1, 0}},
     {{1, 1}, {1, 1}, {1, 0}, {0, 0}},
     {{1, 1}, {1, 1}, {1, 0}, {0, 0}}},
    /* high */
    {{{1, 1}, {1, 1}, {1, 0}, {0, 0}},
     {{1, 1}, {1, 1}, {1, 0}, {0, 0}},
     {{0, 0}, {0, 0}, {0, 0}, {0, 0}}},
};

static int information_column(uint8_t information)
{
    bool one = information != 0 && (information & (information - 1)) == 0;
    return information == 0 ? INFORMATION_NONE : one ? INFORMATION_ONE : INFORMATION_SEVERAL;
}

struct response_rating response_rate(uint8_t functional, uint8_t information,
                                     uint8_t recoverability)
{
    assert(functional != 0 && recoverability != 0);
    const struct cell *cell =
        &table[functional - 1][information_column(information)][recoverability - 1];
    return (struct response_rating){(uint8_t)(cell->severity + 1), (uint8_t)(cell->priority + 1)};
}

bool response_is_risky(uint8_t risk)
{
    return risk == RESPONSE_RISK_IMMINENT || risk == RESPONSE_RISK_CONFIRMED;
}

struct response_rating response_raise(struct response_rating rating)
{
    static const uint8_t floor = RESPONSE_SEV1;
    if (rating.severity == 0 || rating.severity > floor)
        rating.severity = floor;
    if (rating.priority == 0 || rating.priority > floor)
        rating.priority = floor;
    return rating;
}

struct response_rating response_rating_of(const struct response_call *call)
{
    if (call->command.op == RESPONSE_OP_SEVERITY) {
        uint8_t severity = call->command.severity.severity;
        uint8_t priority = call->command.severity.priority;
        return (struct response_rating){severity, priority != 0 ? priority : severity};
    }
    if (call->command.assess.functional == 0) /* the question of what an assessment still needs */
        return (struct response_rating){0, 0};
    struct response_rating rating =
        response_rate(call->command.assess.functional, call->command.assess.information,
                      call->command.assess.recoverability);
    bool floored = response_is_risky(call->incident.risk) || call->incident.declared_at != 0;
    return floored ? response_raise(rating) : rating;
}
