/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/wire/memory.h"

#include <inttypes.h>

enum wire_verdict wire_memory_judge(const struct wire_memory *memory,
                                    const struct wire_hello *hello)
{
    if (!vg_id_is_zero(&memory->incarnation) &&
        !vg_id_equal(&memory->incarnation, &hello->incarnation))
        return WIRE_OTHER_FOLDER;
    if (vg_id_equal(&memory->run, &hello->run))
        return WIRE_PLAUSIBLE;
    if (hello->met < memory->met)
        return WIRE_OLD_MEETINGS;
    if (hello->term < memory->term)
        return WIRE_OLD_TERM;
    /* In a later term a leader may have had it truncated. */
    if (hello->term == memory->ack_term && hello->last < memory->acked)
        return WIRE_OLD_LOG;
    return WIRE_PLAUSIBLE;
}

static bool raise(uint64_t *known, uint64_t told)
{
    if (told <= *known)
        return false;
    *known = told;
    return true;
}

bool wire_memory_greet(struct wire_memory *memory, const struct wire_hello *hello)
{
    bool first = vg_id_is_zero(&memory->incarnation);
    bool met = raise(&memory->met, hello->met);
    bool term = raise(&memory->term, hello->term);
    memory->incarnation = hello->incarnation;
    memory->run = hello->run;
    return first || met || term;
}

bool wire_memory_meet(struct wire_memory *memory, uint64_t met)
{
    return raise(&memory->met, met);
}

/* Pre-votes speak of a term that nobody has on disk; every other message waits for its own. */
bool wire_memory_hear(struct wire_memory *memory, const struct raft_msg *msg)
{
    if (msg->type == RAFT_MSG_PREVOTE || msg->type == RAFT_MSG_PREVOTE_RESP)
        return false;
    if (msg->type == RAFT_MSG_APP_RESP && msg->granted) {
        if (raise(&memory->ack_term, msg->term))
            memory->acked = 0;
        if (msg->term == memory->ack_term)
            raise(&memory->acked, msg->index);
    }
    return raise(&memory->term, msg->term);
}

void wire_memory_explain(const struct wire_memory *memory, const struct wire_hello *hello,
                         enum wire_verdict verdict, struct vg_error *out)
{
    struct {
        const char *what;
        uint64_t known;
        uint64_t told;
    } const reasons[] = {
        [WIRE_PLAUSIBLE] = {"nothing", 0, 0},
        [WIRE_OTHER_FOLDER] = {"meetings with another folder of it", memory->met, hello->met},
        [WIRE_OLD_MEETINGS] = {"meetings with this node", memory->met, hello->met},
        [WIRE_OLD_TERM] = {"the term it was in", memory->term, hello->term},
        [WIRE_OLD_LOG] = {"the last entry it had in its term", memory->acked, hello->last},
    };
    vg_fail(out, VG_INTEGRITY,
            "node %" PRIu64 " comes with a folder older than what is remembered of it: %s, %" PRIu64
            " then and %" PRIu64 " now",
            hello->node.value, reasons[verdict].what, reasons[verdict].known,
            reasons[verdict].told);
}
