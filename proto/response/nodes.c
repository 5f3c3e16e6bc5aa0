/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/response/nodes.h"

#include <inttypes.h>
#include <stdio.h>

#include "common/bytes.h"
#include "proto/response/call.h"

enum { NUMBER_TEXT = 24, EVICTION_SIZE = 16 };

static struct response_key eviction_key(vg_node_id node)
{
    struct response_key key = response_key_of(NULL, RESPONSE_KIND_EVICTED);
    response_key_u64(&key, node.value);
    return key;
}

bool response_node_evicted(const struct response_machine *machine, vg_node_id node,
                           struct response_eviction *out)
{
    struct response_key key = eviction_key(node);
    vg_span value;
    *out = (struct response_eviction){.index = 0};
    if (!response_get(&machine->kv, &key, &value))
        return false;
    struct vg_reader reader = vg_reader_of(value);
    out->index = vg_read_u64(&reader);
    out->at = vg_read_u64(&reader);
    assert(vg_reader_done(&reader));
    return true;
}

enum vg_code response_require_node(struct response_call *call, vg_node_id node)
{
    struct response_eviction eviction;
    char id[NUMBER_TEXT], index[NUMBER_TEXT];
    if (!response_node_evicted(call->machine, node, &eviction))
        return VG_OK;
    snprintf(id, sizeof id, "%" PRIu64, node.value);
    snprintf(index, sizeof index, "%" PRIu64, eviction.index);
    return RESPONSE_REFUSE(call, NODE_GONE, id, index);
}

/* ---- evict -------------------------------------------------------------------------------------
 */

/* Those who would be left. */
static uint32_t count_without(const struct response_machine *machine, vg_node_id node)
{
    const struct ledger_genesis *genesis = machine->genesis;
    struct response_eviction eviction;
    uint32_t count = 0;
    for (uint32_t i = 0; i < genesis->member_count; i++) {
        vg_node_id member = genesis->members[i].id;
        count += !vg_node_equal(member, node) && !response_node_evicted(machine, member, &eviction);
    }
    return count;
}

/* Seats stay counted, so who is left must still be a majority of all. */
enum vg_code response_judge_evict(struct response_call *call)
{
    const vg_node_id node = {call->command.evict.node};
    const struct ledger_genesis *genesis = call->machine->genesis;
    uint32_t quorum = genesis->member_count / 2 + 1;
    uint32_t left = count_without(call->machine, node);
    struct response_eviction eviction;
    char id[NUMBER_TEXT], left_text[NUMBER_TEXT], quorum_text[NUMBER_TEXT];
    snprintf(id, sizeof id, "%" PRIu64, node.value);
    call->outcome->id = response_node_author(node);
    if (ledger_genesis_member(genesis, node) == NULL)
        return RESPONSE_REFUSE(call, NO_NODE, id);
    call->outcome->repeated = response_node_evicted(call->machine, node, &eviction);
    if (call->outcome->repeated || left >= quorum)
        return VG_OK;
    snprintf(left_text, sizeof left_text, "%u", left);
    snprintf(quorum_text, sizeof quorum_text, "%u", quorum);
    return RESPONSE_REFUSE(call, QUORUM_LOST, id, left_text, quorum_text);
}

void response_effect_evict(struct response_call *call)
{
    uint8_t bytes[EVICTION_SIZE];
    struct response_key key = eviction_key((vg_node_id){call->command.evict.node});
    struct vg_writer writer = vg_writer_of(bytes, sizeof bytes);
    vg_write_u64(&writer, call->index);
    vg_write_u64(&writer, call->time_ms);
    assert(!writer.failed);
    call->outcome->keyed = response_node_author((vg_node_id){call->command.evict.node});
    response_pairs_put(&call->writing->pairs, &key, vg_span_of(bytes, sizeof bytes));
}
