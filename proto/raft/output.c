/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/raft/internal.h"

static_assert(RAFT_READS_MAX + VG_NODES_MAX * (RAFT_BURST_MAX + 4) < RAFT_OUTPUTS_MAX,
              "a step that ends every read and fills every pipeline must fit");

struct raft_output *raft_put(struct raft_outputs *out, enum raft_output_type type)
{
    assert(out->count < RAFT_OUTPUTS_MAX);
    struct raft_output *output = &out->items[out->count++];
    *output = (struct raft_output){.type = type};
    return output;
}

struct raft_msg raft_msg_to(const struct raft *core, enum raft_msg_type type, vg_node_id to)
{
    assert(!vg_node_equal(to, core->config.self));
    return (struct raft_msg){
        .type = type, .from = core->config.self, .to = to, .term = core->term.value};
}

void raft_report(const struct raft *core, struct raft_msg *answer)
{
    answer->wall_ms = core->wall_ms;
    answer->unfit = core->full || !raft_is_fit(core);
}

struct raft_msg raft_answer_to(const struct raft *core, enum raft_msg_type type,
                               const struct raft_msg *msg)
{
    struct raft_msg answer = raft_msg_to(core, type, msg->from);
    answer.round = msg->round;
    raft_report(core, &answer);
    return answer;
}

void raft_send(struct raft *core, const struct raft_msg *msg, struct raft_outputs *out)
{
    assert(msg->term <= core->term.value || msg->type == RAFT_MSG_PREVOTE ||
           msg->type == RAFT_MSG_PREVOTE_RESP);
    raft_writes_flush(core, out);
    struct raft_output *output = raft_put(out, RAFT_OUT_SEND);
    output->msg = *msg;
    if (!MUTANT(9) || msg->type != RAFT_MSG_VOTE)
        output->after_write = core->writes.hard_id;
}

void raft_alarm(enum raft_reason reason, struct raft_outputs *out)
{
    raft_put(out, RAFT_OUT_ALARM)->reason = reason;
}
