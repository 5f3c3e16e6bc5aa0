/* SPDX-License-Identifier: Apache-2.0
 * The request table: a command is applied once however often it is sent (DESIGN "Once"). A request
 * id starts with its issue time, so the table is in the order in which requests expire. */
#include <inttypes.h>
#include <stdio.h>

#include "common/text.h"
#include "proto/response/call.h"

/* Each applied command forgets up to this many: more than it adds, so the table shrinks to its
 * window, and few enough that no command pays for all. */
enum { FORGET_MAX = 4 };

static struct response_key request_key(const struct response_call *call, enum response_kind kind)
{
    struct response_key key = response_key_of(&call->request->compartment, kind);
    response_key_id(&key, &call->request->request);
    response_key_id(&key, &call->request->author);
    return key;
}

static bool too_old(uint64_t issued_ms, uint64_t time_ms)
{
    return time_ms > VG_REQUEST_PAST_MS && issued_ms < time_ms - VG_REQUEST_PAST_MS;
}

static enum vg_code check_window(const struct response_call *call)
{
    uint64_t issued_ms = vg_uuid7_time_ms(&call->request->request);
    bool early = issued_ms > call->time_ms + VG_REQUEST_AHEAD_MS;
    if (!early && !too_old(issued_ms, call->time_ms))
        return VG_OK;
    char issued[VG_TIME_TEXT];
    char now[VG_TIME_TEXT];
    vg_time_format(issued_ms, issued);
    vg_time_format(call->time_ms, now);
    return vg_fail(&call->outcome->error, VG_EXPIRED,
                   "the request was issued at %s, which is more than %s log time %s; %s", issued,
                   early ? "10 minutes ahead of" : "7 days behind", now,
                   early ? "set this machine's clock and send it anew"
                         : "look whether it was done, then send it anew if not");
}

/* True if the table has the request: its outcome again, or `invalid` for another command. */
static bool recall(const struct response_call *call)
{
    struct response_outcome *outcome = call->outcome;
    struct response_key key = request_key(call, RESPONSE_KIND_REQUEST);
    vg_span value;
    if (!response_get(&call->machine->kv, &key, &value))
        return false;
    struct response_outcome kept = *outcome;
    vg_hash kept_hash;
    response_outcome_decode(value, &kept_hash, &kept);
    vg_hash hash = ledger_request_hash(call->request);
    if (!vg_hash_equal(&hash, &kept_hash)) {
        vg_fail(&outcome->error, VG_INVALID,
                "this request id was used for another command, applied at index %" PRIu64
                "; make a new id for each command",
                kept.index);
        return true;
    }
    struct response_key sentence = request_key(call, RESPONSE_KIND_SENTENCE);
    if (response_get(&call->machine->kv, &sentence, &value))
        response_copy_text(value, kept.error.text, sizeof kept.error.text);
    *outcome = kept;
    outcome->repeated = true;
    return true;
}

bool response_admit(struct response_call *call)
{
    const struct ledger_command *request = call->request;
    struct vg_error *error = &call->outcome->error;
    if (!vg_uuid7_valid(&request->request)) {
        vg_fail(error, VG_INVALID, "the request id is not a UUIDv7");
        return false;
    }
    if (!response_compartment_known(call->machine, &request->compartment)) {
        char text[VG_ID_TEXT];
        vg_id_format(&request->compartment, text);
        vg_fail(error, VG_NOT_FOUND, "the cluster has no compartment %s", text);
        return false;
    }
    return check_window(call) == VG_OK && !recall(call);
}

static void forget_old(struct response_call *call)
{
    const struct vg_kv *kv = call->pairs.kv;
    struct response_key prefix =
        response_key_of(&call->request->compartment, RESPONSE_KIND_REQUEST);
    vg_span from = response_key_span(&prefix);
    vg_span found;
    vg_span value;
    for (int i = 0; i < FORGET_MAX && kv->next(kv->context, from, from, false, &found, &value);
         i++) {
        struct response_key key = prefix;
        vg_id request;
        memcpy(request.bytes, found.data + prefix.size, sizeof request.bytes);
        if (!too_old(vg_uuid7_time_ms(&request), call->time_ms))
            return;
        memcpy(key.bytes, found.data, found.size);
        key.size = found.size;
        response_pairs_del(&call->pairs, &key);
        key.bytes[sizeof(vg_id)] = RESPONSE_KIND_SENTENCE;
        response_pairs_del(&call->pairs, &key);
    }
}

void response_remember(struct response_call *call)
{
    struct vg_buffer buffer = {0};
    vg_hash hash = ledger_request_hash(call->request);
    struct response_key key = request_key(call, RESPONSE_KIND_REQUEST);
    response_outcome_encode(&hash, call->outcome, &buffer);
    response_pairs_put(&call->pairs, &key, vg_buffer_span(&buffer));
    vg_buffer_free(&buffer);
    if (call->outcome->error.code != VG_OK) {
        struct response_key sentence = request_key(call, RESPONSE_KIND_SENTENCE);
        response_pairs_put(&call->pairs, &sentence, vg_span_text(call->outcome->error.text));
    }
    forget_old(call);
}
