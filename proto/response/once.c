/* SPDX-License-Identifier: Apache-2.0
 * The request table: a command is applied once however often it is sent (DESIGN "Once"). A request
 * id starts with its issue time, so the table is in the order in which requests expire. */
#include <inttypes.h>
#include <stdio.h>

#include "common/text.h"
#include "proto/response/call.h"
#include "proto/response/readers.h"

/* Each applied command forgets up to this many: more than it adds, so the table shrinks to its
 * window, and few enough that no command pays for all. */
enum { FORGET_MAX = 4 };

static struct response_key request_key(const vg_id *compartment, enum response_kind kind,
                                       const vg_id *request, const vg_id *author)
{
    struct response_key key = response_key_of(compartment, kind);
    response_key_id(&key, request);
    response_key_id(&key, author);
    return key;
}

static bool too_old(uint64_t issued_ms, uint64_t time_ms)
{
    return time_ms > VG_REQUEST_PAST_MS && issued_ms < time_ms - VG_REQUEST_PAST_MS;
}

/* How far two times are apart, in a unit of which there are two at least. */
static void apart(uint64_t earlier_ms, uint64_t later_ms, char out[32])
{
    uint64_t minutes = (later_ms - earlier_ms) / 60000;
    uint64_t hours = minutes / 60;
    if (hours >= 48)
        snprintf(out, 32, "%" PRIu64 " days", hours / 24);
    else if (hours >= 2)
        snprintf(out, 32, "%" PRIu64 " hours", hours);
    else
        snprintf(out, 32, "%" PRIu64 " minutes", minutes);
}

static enum vg_code check_window(struct response_call *call)
{
    uint64_t issued_ms = vg_uuid7_time_ms(&call->request->request);
    char issued[VG_TIME_TEXT];
    char now[VG_TIME_TEXT];
    char by[32];
    vg_time_format(issued_ms, issued);
    vg_time_format(call->time_ms, now);
    if (issued_ms > call->time_ms + VG_REQUEST_AHEAD_MS) {
        apart(call->time_ms, issued_ms, by);
        return RESPONSE_REFUSE(call, TOO_EARLY, issued, now, by);
    }
    if (too_old(issued_ms, call->time_ms)) {
        apart(issued_ms, call->time_ms, by);
        return RESPONSE_REFUSE(call, TOO_OLD, issued, now, by);
    }
    return VG_OK;
}

/* False if the table does not have the request. */
static bool find(const struct response_machine *machine, const vg_id *compartment,
                 const vg_id *request, const vg_id *author, vg_hash *hash,
                 struct response_outcome *outcome)
{
    vg_span value;
    struct response_key key = request_key(compartment, RESPONSE_KIND_REQUEST, request, author);
    struct response_key sentence =
        request_key(compartment, RESPONSE_KIND_SENTENCE, request, author);
    if (!response_get(&machine->kv, &key, &value))
        return false;
    response_outcome_decode(value, hash, outcome);
    if (response_get(&machine->kv, &sentence, &value))
        response_copy_text(value, outcome->error.text, sizeof outcome->error.text);
    outcome->repeated = true;
    return true;
}

bool response_recall(const struct response_machine *machine, const vg_id *compartment,
                     const vg_id *request, const vg_id *author, struct response_outcome *outcome)
{
    vg_hash hash;
    *outcome = (struct response_outcome){.index = 0};
    return find(machine, compartment, request, author, &hash, outcome);
}

/* True if the table has the request: its outcome again, or `invalid` for another command. */
static bool recall(struct response_call *call)
{
    const struct ledger_command *request = call->request;
    struct response_outcome kept = *call->outcome;
    vg_hash kept_hash;
    if (RESPONSE_MUTANT == RESPONSE_MUTANT_ONCE ||
        !find(call->machine, &request->compartment, &request->request, &request->author, &kept_hash,
              &kept))
        return false;
    vg_hash hash = ledger_request_hash(request);
    if (vg_hash_equal(&hash, &kept_hash)) {
        *call->outcome = kept;
        return true;
    }
    char index[24];
    snprintf(index, sizeof index, "%" PRIu64, kept.index);
    RESPONSE_REFUSE(call, REUSED, index);
    return true;
}

/* Whom it is no matter of. Who has gone is told so, in whatever compartment. */
static bool is_outsider(const struct response_call *call)
{
    const struct ledger_command *request = call->request;
    struct response_person author;
    bool gone = response_person_get(call->machine, &request->author, &author) == VG_OK &&
                author.expelled_at != 0;
    vg_node_id node;
    return !response_is_node_author(&request->author, &node) && !gone &&
           !response_knows_compartment(call->machine, &request->author, &request->compartment);
}

static enum vg_code refuse_compartment(struct response_call *call)
{
    char text[VG_ID_TEXT];
    vg_id_format(&call->request->compartment, text);
    return RESPONSE_REFUSE(call, NO_COMPARTMENT, text);
}

enum vg_code response_require_concern(struct response_call *call)
{
    return is_outsider(call) ? refuse_compartment(call) : VG_OK;
}

bool response_admit(struct response_call *call)
{
    const struct ledger_command *request = call->request;
    if (!vg_uuid7_valid(&request->request)) {
        response_refuse(call, RESPONSE_REFUSED_NOT_UUID7);
        return false;
    }
    if (!response_compartment_known(call->machine, &request->compartment)) {
        refuse_compartment(call);
        return false;
    }
    if (check_window(call) == VG_OK)
        return !recall(call);
    response_require_concern(call); /* comes before that, to whom it says nothing */
    return false;
}

static void forget_old(struct response_call *call)
{
    const struct vg_kv *kv = call->writing->pairs.kv;
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
        response_pairs_del(&call->writing->pairs, &key);
        key.bytes[sizeof(vg_id)] = RESPONSE_KIND_SENTENCE;
        response_pairs_del(&call->writing->pairs, &key);
    }
}

bool response_is_in_time(const struct response_call *call, const vg_id *request)
{
    uint64_t issued_ms = vg_uuid7_time_ms(request);
    return vg_uuid7_valid(request) && issued_ms <= call->time_ms + VG_REQUEST_AHEAD_MS &&
           !too_old(issued_ms, call->time_ms);
}

bool response_is_remembered(const struct response_call *call, const vg_id *request,
                            const vg_id *author)
{
    struct response_key key =
        request_key(&call->request->compartment, RESPONSE_KIND_REQUEST, request, author);
    vg_span value;
    return response_get(&call->machine->kv, &key, &value);
}

void response_remember_answer(struct response_call *call, const vg_id *request, const vg_id *author,
                              const vg_hash *request_hash, const struct response_outcome *outcome)
{
    struct vg_buffer buffer = {0};
    struct response_key key =
        request_key(&call->request->compartment, RESPONSE_KIND_REQUEST, request, author);
    response_outcome_encode(request_hash, outcome, &buffer);
    response_pairs_put(&call->writing->pairs, &key, vg_buffer_span(&buffer));
    vg_buffer_free(&buffer);
    forget_old(call);
}

void response_remember(struct response_call *call)
{
    const struct ledger_command *request = call->request;
    vg_hash hash = ledger_request_hash(request);
    response_remember_answer(call, &request->request, &request->author, &hash, call->outcome);
    if (call->outcome->error.code != VG_OK) {
        struct response_key sentence = request_key(&request->compartment, RESPONSE_KIND_SENTENCE,
                                                   &request->request, &request->author);
        response_pairs_put(&call->writing->pairs, &sentence,
                           vg_span_text(call->outcome->error.text));
    }
}
