/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/wire/peer.h"

#include "proto/wire/mp.h"

enum {
    HELLO_FIELDS = 8,
    MET_FIELDS = 1,
    RAFT_FIELDS = 18,
    FORWARD_FIELDS = 2,
    FORWARD_RESP_FIELDS = 5,
    FETCH_FIELDS = 2,
    FETCHED_FIELDS = 3,
};

static vg_node_id read_node(struct mp_reader *reader)
{
    return (vg_node_id){mp_read_uint(reader)};
}

static enum vg_code read_code(struct mp_reader *reader)
{
    uint64_t number = mp_read_uint(reader);
    return vg_code_from_number(number > VG_INTEGRITY ? VG_INTEGRITY : (unsigned)number);
}

void wire_hello_encode(const struct wire_hello *hello, struct vg_buffer *out)
{
    mp_write_array(out, HELLO_FIELDS);
    mp_write_uint(out, hello->version);
    mp_write_bytes(out, vg_span_of(hello->cluster.bytes, sizeof hello->cluster.bytes));
    mp_write_uint(out, hello->node.value);
    mp_write_bytes(out, vg_span_of(hello->incarnation.bytes, sizeof hello->incarnation.bytes));
    mp_write_bytes(out, vg_span_of(hello->run.bytes, sizeof hello->run.bytes));
    mp_write_uint(out, hello->met);
    mp_write_uint(out, hello->term);
    mp_write_uint(out, hello->last);
}

enum vg_code wire_hello_decode(vg_span bytes, struct wire_hello *out, struct vg_error *error)
{
    struct mp_reader reader = mp_reader_of(bytes);
    mp_read_tuple(&reader, HELLO_FIELDS);
    uint64_t version = mp_read_uint(&reader);
    if (version > UINT16_MAX)
        mp_fail(&reader, "a version that cannot be");
    out->version = (uint16_t)version;
    mp_read_fixed(&reader, out->cluster.bytes, sizeof out->cluster.bytes);
    out->node = read_node(&reader);
    mp_read_fixed(&reader, out->incarnation.bytes, sizeof out->incarnation.bytes);
    mp_read_fixed(&reader, out->run.bytes, sizeof out->run.bytes);
    out->met = mp_read_uint(&reader);
    out->term = mp_read_uint(&reader);
    out->last = mp_read_uint(&reader);
    mp_end_array(&reader);
    return mp_finish(&reader, "hello", error);
}

void wire_met_encode(const struct wire_met *met, struct vg_buffer *out)
{
    mp_write_array(out, MET_FIELDS);
    mp_write_uint(out, met->met);
}

enum vg_code wire_met_decode(vg_span bytes, struct wire_met *out, struct vg_error *error)
{
    struct mp_reader reader = mp_reader_of(bytes);
    mp_read_tuple(&reader, MET_FIELDS);
    out->met = mp_read_uint(&reader);
    mp_end_array(&reader);
    return mp_finish(&reader, "count of meetings", error);
}

void wire_raft_encode(const struct wire_raft *message, struct vg_buffer *out)
{
    const struct raft_msg *m = &message->msg;
    mp_write_array(out, RAFT_FIELDS);
    const uint64_t numbers[] = {m->type,      m->from.value,  m->to.value, m->term,  m->prev_index,
                                m->prev_term, m->commit,      m->round,    m->index, m->hint_term,
                                m->read_id,   m->log_time_ms, m->wall_ms};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        mp_write_uint(out, numbers[i]);
    mp_write_bool(out, m->granted);
    mp_write_bool(out, m->transfer);
    mp_write_bool(out, m->unfit);
    mp_write_uint(out, m->entry_count);
    mp_write_array(out, m->entry_count);
    for (uint32_t i = 0; i < m->entry_count; i++)
        mp_write_bytes(out, message->entries[i]);
}

enum vg_code wire_raft_decode(vg_span bytes, struct wire_raft *out, struct vg_error *error)
{
    struct mp_reader reader = mp_reader_of(bytes);
    struct raft_msg *m = &out->msg;
    *m = (struct raft_msg){0};
    mp_read_tuple(&reader, RAFT_FIELDS);
    uint64_t type = mp_read_uint(&reader);
    if (type < RAFT_MSG_APP || type > RAFT_MSG_READ_RESP)
        mp_fail(&reader, "a message type this build does not know");
    m->type = (enum raft_msg_type)type;
    m->from = read_node(&reader);
    m->to = read_node(&reader);
    uint64_t *const numbers[] = {&m->term,        &m->prev_index, &m->prev_term, &m->commit,
                                 &m->round,       &m->index,      &m->hint_term, &m->read_id,
                                 &m->log_time_ms, &m->wall_ms};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        *numbers[i] = mp_read_uint(&reader);
    m->granted = mp_read_bool(&reader);
    m->transfer = mp_read_bool(&reader);
    m->unfit = mp_read_bool(&reader);
    uint64_t stated = mp_read_uint(&reader);
    uint32_t count = mp_read_array(&reader, RAFT_BATCH_MAX);
    if (stated != count || (count > 0 && type != RAFT_MSG_APP))
        mp_fail(&reader, "entries that do not belong there");
    for (uint32_t i = 0; i < count; i++)
        out->entries[i] = mp_read_bytes(&reader, VG_ENTRY_MAX);
    m->entry_count = count;
    mp_end_array(&reader);
    mp_end_array(&reader);
    if (m->from.value == 0 || m->to.value == 0)
        mp_fail(&reader, "a node id of zero");
    return mp_finish(&reader, "raft message", error);
}

void wire_forward_encode(const struct wire_forward *forward, struct vg_buffer *out)
{
    mp_write_array(out, FORWARD_FIELDS);
    mp_write_uint(out, forward->token);
    mp_write_bytes(out, forward->envelope_and_body);
}

enum vg_code wire_forward_decode(vg_span bytes, struct wire_forward *out, struct vg_error *error)
{
    struct mp_reader reader = mp_reader_of(bytes);
    mp_read_tuple(&reader, FORWARD_FIELDS);
    out->token = mp_read_uint(&reader);
    out->envelope_and_body = mp_read_bytes(&reader, VG_ENTRY_MAX);
    mp_end_array(&reader);
    return mp_finish(&reader, "forward", error);
}

void wire_forward_resp_encode(const struct wire_forward_resp *answer, struct vg_buffer *out)
{
    mp_write_array(out, FORWARD_RESP_FIELDS);
    mp_write_uint(out, answer->token);
    mp_write_uint(out, answer->code);
    mp_write_uint(out, answer->index);
    mp_write_uint(out, answer->term);
    mp_write_uint(out, answer->leader.value);
}

enum vg_code wire_forward_resp_decode(vg_span bytes, struct wire_forward_resp *out,
                                      struct vg_error *error)
{
    struct mp_reader reader = mp_reader_of(bytes);
    mp_read_tuple(&reader, FORWARD_RESP_FIELDS);
    out->token = mp_read_uint(&reader);
    out->code = read_code(&reader);
    out->index = mp_read_uint(&reader);
    out->term = mp_read_uint(&reader);
    out->leader = read_node(&reader);
    mp_end_array(&reader);
    return mp_finish(&reader, "answer to a forward", error);
}

void wire_fetch_encode(const struct wire_fetch *fetch, struct vg_buffer *out)
{
    mp_write_array(out, FETCH_FIELDS);
    mp_write_uint(out, fetch->index);
    mp_write_bytes(out, vg_span_of(fetch->hash.bytes, sizeof fetch->hash.bytes));
}

enum vg_code wire_fetch_decode(vg_span bytes, struct wire_fetch *out, struct vg_error *error)
{
    struct mp_reader reader = mp_reader_of(bytes);
    mp_read_tuple(&reader, FETCH_FIELDS);
    out->index = mp_read_uint(&reader);
    mp_read_fixed(&reader, out->hash.bytes, sizeof out->hash.bytes);
    mp_end_array(&reader);
    return mp_finish(&reader, "fetch", error);
}

void wire_fetched_encode(const struct wire_fetched *answer, struct vg_buffer *out)
{
    mp_write_array(out, FETCHED_FIELDS);
    mp_write_uint(out, answer->index);
    mp_write_uint(out, answer->code);
    mp_write_bytes(out, answer->entry);
}

enum vg_code wire_fetched_decode(vg_span bytes, struct wire_fetched *out, struct vg_error *error)
{
    struct mp_reader reader = mp_reader_of(bytes);
    mp_read_tuple(&reader, FETCHED_FIELDS);
    out->index = mp_read_uint(&reader);
    out->code = read_code(&reader);
    out->entry = mp_read_bytes(&reader, VG_ENTRY_MAX);
    mp_end_array(&reader);
    if ((out->code == VG_OK) != (out->entry.size > 0))
        mp_fail(&reader, "an entry where there is none, or none where there is one");
    return mp_finish(&reader, "answer to a fetch", error);
}
