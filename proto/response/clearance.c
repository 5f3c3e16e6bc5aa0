/* SPDX-License-Identifier: Apache-2.0
 * A compartment's next epoch, for the same holders, for more or for fewer; and what a node attests
 * that was revoked. One way of judging, and a table of what each operation may change. */
#include "proto/response/clearance.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include "common/bytes.h"
#include "common/text.h"
#include "common/unwrap.h"
#include "proto/response/call.h"
#include "proto/response/nodes.h"
#include "proto/response/shred.h"

enum {
    NUMBER_TEXT = 24,
    COUNT_TEXT = 64,
    REVOKED_SIZE = 24,
    REGIONS = 2, /* that holders are in, where there are as many */
};

static struct response_key revoked_key(const vg_id *compartment, vg_node_id node)
{
    struct response_key key = response_key_control(RESPONSE_KIND_REVOKED, compartment);
    response_key_u64(&key, node.value);
    return key;
}

static struct response_key override_key(const struct response_machine *machine, const vg_id *id)
{
    struct response_key key = response_key_of(&machine->genesis->directory, RESPONSE_KIND_OVERRIDE);
    response_key_id(&key, id);
    return key;
}

/* ---- views -------------------------------------------------------------------------------------
 */

void response_clearance_get(const struct response_machine *machine, const vg_id *compartment,
                            struct response_clearance *out)
{
    struct response_key key = response_key_control(RESPONSE_KIND_CLEARANCE, compartment);
    vg_span value;
    *out = (struct response_clearance){.min_cleared = RESPONSE_MIN_CLEARED};
    if (!response_get(&machine->kv, &key, &value))
        return;
    struct vg_reader reader = vg_reader_of(value);
    out->min_cleared = vg_read_u64(&reader);
    vg_read_copy(&reader, out->override_.bytes, sizeof out->override_.bytes);
    out->region_count = vg_read_u8(&reader);
    for (uint32_t i = 0; i < out->region_count; i++)
        response_copy_text(vg_read_span(&reader, vg_read_u8(&reader)), out->boundary[i],
                           sizeof out->boundary[i]);
    assert(vg_reader_done(&reader));
}

static void put_clearance(struct response_call *call, const vg_id *compartment,
                          const struct response_clearance *clearance)
{
    uint8_t bytes[8 + sizeof(vg_id) + 1 + VG_NODES_MAX * (1 + VG_NAME_MAX)];
    struct response_key key = response_key_control(RESPONSE_KIND_CLEARANCE, compartment);
    struct vg_writer writer = vg_writer_of(bytes, sizeof bytes);
    vg_write_u64(&writer, clearance->min_cleared);
    vg_write_bytes(&writer, clearance->override_.bytes, sizeof clearance->override_.bytes);
    vg_write_u8(&writer, (uint8_t)clearance->region_count);
    for (uint32_t i = 0; i < clearance->region_count; i++) {
        size_t size = strlen(clearance->boundary[i]);
        vg_write_u8(&writer, (uint8_t)size);
        vg_write_bytes(&writer, clearance->boundary[i], size);
    }
    assert(!writer.failed);
    response_pairs_put(&call->writing->pairs, &key, vg_span_of(bytes, vg_writer_size(&writer)));
}

static void decode_revoked(vg_span value, struct response_revoked *out)
{
    struct vg_reader reader = vg_reader_of(value);
    out->epoch = vg_read_u64(&reader);
    out->index = vg_read_u64(&reader);
    out->attested = vg_read_u64(&reader);
    assert(vg_reader_done(&reader));
}

bool response_revoked_get(const struct response_machine *machine, const vg_id *compartment,
                          vg_node_id node, struct response_revoked *out)
{
    struct response_key key = revoked_key(compartment, node);
    vg_span value;
    *out = (struct response_revoked){.node = node};
    if (!response_get(&machine->kv, &key, &value))
        return false;
    decode_revoked(value, out);
    return true;
}

bool response_revoked_next(const struct response_machine *machine, const vg_id *compartment,
                           struct response_revoked *out)
{
    struct response_key prefix = response_key_of(NULL, RESPONSE_KIND_REVOKED);
    struct response_key from = revoked_key(compartment, out->node);
    vg_span key;
    vg_span value;
    response_key_id(&prefix, compartment);
    if (!response_next(&machine->kv, &prefix, &from, &key, &value))
        return false;
    out->node.value = response_key_last_u64(key);
    decode_revoked(value, out);
    return true;
}

static void put_revoked(struct response_call *call, const vg_id *compartment,
                        const struct response_revoked *revoked)
{
    uint8_t bytes[REVOKED_SIZE];
    struct response_key key = revoked_key(compartment, revoked->node);
    struct vg_writer writer = vg_writer_of(bytes, sizeof bytes);
    vg_write_u64(&writer, revoked->epoch);
    vg_write_u64(&writer, revoked->index);
    vg_write_u64(&writer, revoked->attested);
    assert(!writer.failed);
    response_pairs_put(&call->writing->pairs, &key, vg_span_of(bytes, sizeof bytes));
}

void response_owes_attestation(struct response_call *call, const vg_id *compartment,
                               vg_node_id node, uint64_t epoch)
{
    const struct response_revoked revoked = {.node = node, .epoch = epoch, .index = call->index};
    put_revoked(call, compartment, &revoked);
}

bool response_override_get(const struct response_machine *machine, const vg_id *id,
                           struct response_override *out)
{
    struct response_key key = override_key(machine, id);
    vg_span value;
    *out = (struct response_override){.at = 0};
    if (!response_get(&machine->kv, &key, &value))
        return false;
    struct vg_reader reader = vg_reader_of(value);
    vg_read_copy(&reader, out->compartment.bytes, sizeof out->compartment.bytes);
    vg_read_copy(&reader, out->author.bytes, sizeof out->author.bytes);
    out->at = vg_read_u64(&reader);
    out->index = vg_read_u64(&reader);
    out->reason = vg_read_span(&reader, vg_read_u32(&reader));
    assert(vg_reader_done(&reader));
    return true;
}

/* ---- a new epoch -------------------------------------------------------------------------------
 */

/* A clearing command on its way: the record in force, and the one that is to follow. */
struct clearing {
    const struct clearing_kind *kind;
    vg_id compartment;
    char text[VG_ID_TEXT];
    struct response_epoch now; /* epoch 0: the compartment begins */
    struct compartment_epoch next;
    struct response_clearance clearance;
    uint32_t added, dropped; /* holders; those evicted do not count as dropped */
    uint32_t cleared;        /* nodes that hold it next */
};

/* What each may change in the holders. Whoever is evicted is left out by all of them. */
static const struct clearing_kind {
    enum response_op op;
    bool begins; /* a compartment */
    bool adds, drops;
    bool renews; /* whoever holds it next has signed an unwrap key for it, a new one perhaps */
    const char *command; /* of `vigil compartment` */
    const char *wanted;  /* in the sentence of a refusal */
} kinds[] = {
    {RESPONSE_OP_ROTATE, false, false, false, false, "rotate",
     "the holders and unwrap keys of the one in force, without nodes that are evicted"},
    {RESPONSE_OP_CREATE, true, true, false, false, "create", "the recovery key and some nodes"},
    {RESPONSE_OP_CLEAR, false, true, false, false, "grant",
     "those of the one in force without nodes that are evicted, and at least one more"},
    {RESPONSE_OP_REVOKE, false, false, true, false, "revoke",
     "those of the one in force without nodes that are evicted, and at least one fewer"},
    {RESPONSE_OP_RECOVER, false, true, true, true, "recover",
     "the recovery key that it has and nodes that are not evicted"},
};

/* NULL: it makes no epoch. */
static const struct clearing_kind *kind_of(enum response_op op)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (kinds[i].op == op)
            return &kinds[i];
    }
    return NULL;
}

bool response_makes_epoch(enum response_op op)
{
    return kind_of(op) != NULL;
}

bool response_epoch_given(const struct ledger_view *entry, struct compartment_epoch *out)
{
    struct ledger_command request;
    struct response_command command;
    vg_span bytes;
    return entry->envelope.type == LEDGER_CONTROL &&
           ledger_body_open(entry->body, &entry->envelope.commitment, &bytes, NULL) == VG_OK &&
           ledger_command_decode(bytes, &request, NULL) == VG_OK &&
           response_command_decode(request.body, &command, NULL) == VG_OK &&
           response_makes_epoch(command.op) &&
           compartment_epoch_decode(command.clearing.epoch, out, NULL) == VG_OK;
}

static bool is_directory(const struct response_call *call, const vg_id *compartment)
{
    return vg_id_equal(compartment, &call->machine->genesis->directory);
}

static enum vg_code refuse_holders(struct response_call *call, const struct clearing *clearing)
{
    return RESPONSE_REFUSE(call, OTHER_HOLDERS, clearing->text, clearing->kind->wanted,
                           clearing->kind->command);
}

/* ---- which epoch -------------------------------------------------------------------------------
 */

/* A compartment is its request's, and nothing was written in it in clear. */
static enum vg_code begins(struct response_call *call, struct clearing *clearing)
{
    const vg_id *id = &clearing->compartment;
    if (!vg_id_equal(id, &call->request->request))
        return RESPONSE_REFUSE(call, NOT_ITS_REQUEST, clearing->text);
    bool taken = response_epoch_in_force(call->machine, id) > 0 ||
                 response_compartment_known(call->machine, id);
    return taken ? response_refuse(call, RESPONSE_REFUSED_ID_TAKEN)
                 : response_require_room_for_one(call);
}

static enum vg_code goes_on(struct response_call *call, struct clearing *clearing)
{
    const vg_id *id = &clearing->compartment;
    uint64_t in_force = response_epoch_in_force(call->machine, id);
    if (in_force == 0 || !response_epoch_get(call->machine, id, in_force, &clearing->now))
        return RESPONSE_REFUSE(call, IN_CLEAR, clearing->text);
    uint64_t shredded = response_shredded_at(call->machine, id);
    char entry[NUMBER_TEXT];
    snprintf(entry, sizeof entry, "%" PRIu64, shredded);
    if (shredded > 0)
        return RESPONSE_REFUSE(call, SHREDDED, clearing->text, entry);
    if (clearing->kind->renews && is_directory(call, id))
        return response_refuse(call, RESPONSE_REFUSED_RECOVERS_DIRECTORY);
    bool narrows = clearing->kind->drops && is_directory(call, id);
    return narrows ? response_refuse(call, RESPONSE_REFUSED_DIRECTORY_IS_FOR_ALL) : VG_OK;
}

static enum vg_code follows(struct response_call *call, struct clearing *clearing)
{
    const struct compartment_epoch *now = clearing->kind->begins ? NULL : &clearing->now.record;
    struct vg_error why = {0};
    switch (compartment_epoch_follows(now, &clearing->next, &why)) {
    case VG_OK:
        return VG_OK;
    case VG_INVALID:
        return RESPONSE_REFUSE(call, EPOCH_UNREADABLE, why.text);
    default:
        return RESPONSE_REFUSE(call, EPOCH_BEHIND, clearing->text, why.text);
    }
}

/* A key that the log says is destroyed opens nothing that comes after. */
static enum vg_code judge_recovery(struct response_call *call, const struct clearing *clearing)
{
    const vg_node_id recovery = {COMPARTMENT_RECOVERY};
    const struct compartment_wrap *wrap = compartment_wrap_of(&clearing->next, recovery);
    char entry[NUMBER_TEXT];
    assert(wrap != NULL); /* or the epoch would follow nothing */
    uint64_t gone = clearing->kind->begins
                        ? response_recovery_gone_at(call->machine, &wrap->unwrap)
                        : 0; /* of one that is not shredded the key cannot be said to be gone */
    snprintf(entry, sizeof entry, "%" PRIu64, gone);
    return gone > 0 ? RESPONSE_REFUSE(call, RECOVERY_DESTROYED, clearing->text, entry) : VG_OK;
}

static enum vg_code read_epochs(struct response_call *call, struct clearing *clearing)
{
    struct vg_error why = {0};
    *clearing = (struct clearing){.kind = kind_of(call->command.op)};
    assert(clearing->kind != NULL);
    if (compartment_epoch_decode(call->command.clearing.epoch, &clearing->next, &why) != VG_OK)
        return RESPONSE_REFUSE(call, EPOCH_UNREADABLE, why.text);
    clearing->compartment = clearing->next.compartment;
    call->outcome->id = clearing->compartment;
    vg_id_format(&clearing->compartment, clearing->text);
    enum vg_code code = clearing->kind->begins ? begins(call, clearing) : goes_on(call, clearing);
    return code == VG_OK ? follows(call, clearing) : code;
}

/* ---- who may hold one --------------------------------------------------------------------------
 * Judged here, and asked by a node before it makes a record: that opens for whom it is wrapped
 * whether it comes into force or not. */

static enum response_refusal refuse_node(enum response_refusal refusal, const char *const *words,
                                         struct vg_error *error)
{
    response_refusal_say(refusal, words, error);
    return refusal;
}

#define REFUSE_NODE(error, symbol, ...)                                                            \
    refuse_node(RESPONSE_REFUSED_##symbol, (const char *const[]){__VA_ARGS__, NULL}, error)

/* A member that is not evicted, and has nothing of the compartment left to destroy. */
static enum response_refusal judge_standing(const struct response_machine *machine,
                                            const vg_id *compartment, vg_node_id node,
                                            struct vg_error *error)
{
    struct response_eviction eviction;
    struct response_revoked revoked;
    char id[NUMBER_TEXT], number[NUMBER_TEXT], text[VG_ID_TEXT];
    snprintf(id, sizeof id, "%" PRIu64, node.value);
    vg_id_format(compartment, text);
    if (ledger_genesis_member(machine->genesis, node) == NULL)
        return REFUSE_NODE(error, NO_NODE, id);
    if (response_node_evicted(machine, node, &eviction)) {
        snprintf(number, sizeof number, "%" PRIu64, eviction.index);
        return REFUSE_NODE(error, HOLDER_EVICTED, id, number);
    }
    bool was = response_revoked_get(machine, compartment, node, &revoked);
    if (!was || revoked.attested > 0)
        return RESPONSE_REFUSED_NOT;
    snprintf(number, sizeof number, "%" PRIu64, revoked.epoch);
    return REFUSE_NODE(error, STILL_TO_ATTEST, id, text, number);
}

static const char *region_of(const struct response_machine *machine, vg_node_id node)
{
    const struct ledger_member *member = ledger_genesis_member(machine->genesis, node);
    return member != NULL ? member->region : "";
}

static bool is_inside(const struct response_clearance *clearance, const char *region)
{
    bool inside = clearance->region_count == 0;
    for (uint32_t i = 0; i < clearance->region_count; i++)
        inside = inside || strcmp(clearance->boundary[i], region) == 0;
    return inside;
}

/* Inside of the boundary that a compartment has, or is to have. */
static enum response_refusal judge_place(const struct response_machine *machine,
                                         const vg_id *compartment,
                                         const struct response_clearance *clearance,
                                         vg_node_id node, struct vg_error *error)
{
    const char *region = region_of(machine, node);
    char id[NUMBER_TEXT], text[VG_ID_TEXT], boundary[VG_ERROR_TEXT] = "";
    size_t used = 0;
    if (is_inside(clearance, region))
        return RESPONSE_REFUSED_NOT;
    for (uint32_t i = 0; i < clearance->region_count && used < sizeof boundary; i++)
        used += (size_t)snprintf(boundary + used, sizeof boundary - used, "%s%s", i > 0 ? ", " : "",
                                 clearance->boundary[i]);
    snprintf(id, sizeof id, "%" PRIu64, node.value);
    vg_id_format(compartment, text);
    return REFUSE_NODE(error, OUTSIDE_BOUNDARY, id, region, text, boundary);
}

enum vg_code response_require_inside(const struct response_machine *machine,
                                     const vg_id *compartment, vg_node_id node,
                                     struct vg_error *error)
{
    struct response_clearance clearance;
    response_clearance_get(machine, compartment, &clearance);
    judge_place(machine, compartment, &clearance, node, error);
    return error->code;
}

enum vg_code response_require_fit(const struct response_machine *machine, const vg_id *compartment,
                                  vg_node_id node, struct vg_error *error)
{
    judge_standing(machine, compartment, node, error);
    return error->code == VG_OK ? response_require_inside(machine, compartment, node, error)
                                : error->code;
}

/* ---- which holders -----------------------------------------------------------------------------
 */

/* Those there are stay, with their unwrap keys, but for those evicted and, where that is what the
 * command is for, those it leaves out. */
static enum vg_code judge_kept(struct response_call *call, struct clearing *clearing)
{
    const struct compartment_epoch *now = &clearing->now.record;
    struct response_eviction eviction;
    for (uint32_t i = 0; i < now->wrap_count; i++) {
        vg_node_id holder = now->wraps[i].holder;
        const struct compartment_wrap *next = compartment_wrap_of(&clearing->next, holder);
        bool evicted = response_node_evicted(call->machine, holder, &eviction);
        bool same =
            next != NULL && memcmp(&now->wraps[i].unwrap, &next->unwrap, sizeof next->unwrap) == 0;
        bool is_node = holder.value != COMPARTMENT_RECOVERY;
        bool may_go = evicted || (clearing->kind->drops && is_node);
        bool renewed = clearing->kind->renews && is_node;
        if (evicted ? next != NULL : (next != NULL || !may_go) && !renewed && !same)
            return refuse_holders(call, clearing);
        clearing->dropped += !evicted && next == NULL;
    }
    return VG_OK;
}

/* One that was not a holder before, or is one with an unwrap key of now. */
static enum vg_code judge_new(struct response_call *call, struct clearing *clearing,
                              vg_node_id node)
{
    if (!clearing->kind->adds)
        return refuse_holders(call, clearing);
    call->outcome->refusal =
        judge_standing(call->machine, &clearing->compartment, node, &call->outcome->error);
    return call->outcome->error.code;
}

static bool is_new(const struct clearing *clearing, const struct compartment_wrap *wrap)
{
    return wrap->holder.value != COMPARTMENT_RECOVERY &&
           (clearing->kind->renews ||
            compartment_wrap_of(&clearing->now.record, wrap->holder) == NULL);
}

static enum vg_code judge_holders(struct response_call *call, struct clearing *clearing)
{
    if (judge_kept(call, clearing) != VG_OK)
        return call->outcome->error.code;
    for (uint32_t i = 0; i < clearing->next.wrap_count; i++) {
        const struct compartment_wrap *wrap = &clearing->next.wraps[i];
        clearing->cleared += wrap->holder.value != COMPARTMENT_RECOVERY;
        if (!is_new(clearing, wrap))
            continue;
        if (judge_new(call, clearing, wrap->holder) != VG_OK)
            return call->outcome->error.code;
        clearing->added++;
    }
    if (clearing->kind->op == RESPONSE_OP_ROTATE)
        return VG_OK;
    if (clearing->cleared == 0)
        return RESPONSE_REFUSE(call, NO_HOLDER, clearing->text);
    return clearing->added + clearing->dropped > 0 ? VG_OK : refuse_holders(call, clearing);
}

/* ---- offers ------------------------------------------------------------------------------------
 */

static bool is_offered(const struct response_call *call, const struct clearing *clearing,
                       const struct compartment_wrap *wrap, const uint8_t *signature)
{
    struct vg_unwrap_key offer = {.compartment = clearing->compartment, .key = wrap->unwrap};
    struct response_person node;
    const vg_id author = response_node_author(wrap->holder);
    assert(signature != NULL); /* what adds nobody has no new holder */
    memcpy(offer.binding.bytes, signature, sizeof offer.binding.bytes);
    return response_author_get(call->machine, &author, &node) &&
           vg_unwrap_verify(call->machine->signer, &offer, wrap->holder, &node.keys.key);
}

/* A wrap to anything but what the node itself has signed would be a stranger's. */
static enum vg_code judge_offers(struct response_call *call, struct clearing *clearing)
{
    vg_span offers = clearing->kind->adds ? call->command.clearing.offers : (vg_span){.size = 0};
    const uint8_t *at = offers.data;
    char id[NUMBER_TEXT], given[NUMBER_TEXT];
    if (offers.size != clearing->added * sizeof(vg_signature)) {
        snprintf(id, sizeof id, "%u", clearing->added);
        snprintf(given, sizeof given, "%zu", offers.size / sizeof(vg_signature));
        return RESPONSE_REFUSE(call, OFFERS_DO_NOT_FIT, id, given, clearing->kind->command);
    }
    for (uint32_t i = 0; i < clearing->next.wrap_count; i++) {
        const struct compartment_wrap *wrap = &clearing->next.wraps[i];
        if (!is_new(clearing, wrap))
            continue;
        assert(at != NULL);
        snprintf(id, sizeof id, "%" PRIu64, wrap->holder.value);
        if (!is_offered(call, clearing, wrap, at))
            return RESPONSE_REFUSE(call, OFFER_UNSIGNED, id, clearing->text,
                                   clearing->kind->command);
        at += sizeof(vg_signature);
    }
    return VG_OK;
}

/* ---- where they are ----------------------------------------------------------------------------
 */

/* Regions of the boundary are those of members, so that a mistyped one bounds nothing out. */
static enum vg_code judge_regions(struct response_call *call, const struct clearing *clearing)
{
    const struct ledger_genesis *genesis = call->machine->genesis;
    for (uint32_t i = 0; i < clearing->clearance.region_count; i++) {
        const char *region = clearing->clearance.boundary[i];
        bool known = false;
        for (uint32_t k = 0; k < genesis->member_count; k++)
            known = known || strcmp(genesis->members[k].region, region) == 0;
        if (!known)
            return RESPONSE_REFUSE(call, NO_REGION, region);
    }
    return VG_OK;
}

static enum vg_code judge_boundary(struct response_call *call, const struct clearing *clearing)
{
    if (clearing->kind->begins && judge_regions(call, clearing) != VG_OK)
        return call->outcome->error.code;
    for (uint32_t i = 0; i < clearing->next.wrap_count; i++) {
        vg_node_id node = clearing->next.wraps[i].holder;
        if (!is_new(clearing, &clearing->next.wraps[i]))
            continue;
        call->outcome->refusal = judge_place(call->machine, &clearing->compartment,
                                             &clearing->clearance, node, &call->outcome->error);
        if (call->outcome->error.code != VG_OK)
            return call->outcome->error.code;
    }
    return VG_OK;
}

/* ---- enough of them ----------------------------------------------------------------------------
 */

struct measure {
    uint32_t nodes, regions;
};

/* "2 nodes in 1 region". */
static const char *measure_words(const struct measure *measure, char out[COUNT_TEXT])
{
    snprintf(out, COUNT_TEXT, "%u node%s in %u region%s", measure->nodes,
             measure->nodes == 1 ? "" : "s", measure->regions, measure->regions == 1 ? "" : "s");
    return out;
}

/* How many nodes there are, and in how many regions: of the next epoch's, or of all members that
 * the boundary lets in and that are not evicted. */
static struct measure measure_of(const struct response_machine *machine,
                                 const struct clearing *clearing, bool members)
{
    const struct ledger_genesis *genesis = machine->genesis;
    const char *regions[VG_NODES_MAX];
    struct response_eviction eviction;
    struct measure measure = {.nodes = 0};
    for (uint32_t i = 0; i < genesis->member_count; i++) {
        const struct ledger_member *member = &genesis->members[i];
        uint32_t at = 0;
        if (members ? !is_inside(&clearing->clearance, member->region) ||
                          response_node_evicted(machine, member->id, &eviction)
                    : compartment_wrap_of(&clearing->next, member->id) == NULL)
            continue;
        while (at < measure.regions && strcmp(regions[at], member->region) != 0)
            at++;
        if (at == measure.regions)
            regions[measure.regions++] = member->region;
        measure.nodes++;
    }
    return measure;
}

/* The least: in two regions, where so many nodes can be, and there are as many. */
static struct measure least_of(const struct response_machine *machine,
                               const struct clearing *clearing)
{
    struct measure all = measure_of(machine, clearing, true);
    struct measure least = {(uint32_t)clearing->clearance.min_cleared, REGIONS};
    if (least.regions > least.nodes)
        least.regions = least.nodes;
    if (least.regions > all.regions)
        least.regions = all.regions;
    return least;
}

/* A reason is for one change: any epoch that comes into force after it is what it was for, or has
 * made it one of before. */
static bool has_reason(const struct response_call *call, const struct clearing *clearing)
{
    struct response_override override_;
    return response_override_get(call->machine, &call->command.clearing.override_, &override_) &&
           vg_id_equal(&override_.compartment, &clearing->compartment) &&
           vg_id_equal(&override_.author, &call->request->author) &&
           override_.index > clearing->now.since;
}

static bool is_below(const struct response_machine *machine, const struct clearing *clearing)
{
    struct measure has = measure_of(machine, clearing, false), least = least_of(machine, clearing);
    return has.nodes < least.nodes || has.regions < least.regions;
}

static enum vg_code judge_minimum(struct response_call *call, struct clearing *clearing)
{
    char has[COUNT_TEXT], least[COUNT_TEXT], id[VG_ID_TEXT];
    bool overrides = clearing->kind->drops && !vg_id_is_zero(&call->command.clearing.override_);
    vg_id_format(&call->command.clearing.override_, id);
    if (overrides && !has_reason(call, clearing))
        return RESPONSE_REFUSE(call, NO_OVERRIDE, id, clearing->text);
    if (overrides || !is_below(call->machine, clearing))
        return VG_OK;
    struct measure next = measure_of(call->machine, clearing, false);
    struct measure wanted = least_of(call->machine, clearing);
    measure_words(&next, has);
    measure_words(&wanted, least);
    if (clearing->kind->begins)
        return RESPONSE_REFUSE(call, CREATED_BELOW, has, least);
    return clearing->kind->drops ? RESPONSE_REFUSE(call, LEFT_BELOW, clearing->text, has, least)
                                 : VG_OK;
}

/* ---- clearing ----------------------------------------------------------------------------------
 */

static void take_clearance(const struct response_call *call, struct clearing *clearing)
{
    const struct response_lines *boundary = &call->command.clearing.boundary;
    response_clearance_get(call->machine, &clearing->compartment, &clearing->clearance);
    if (!clearing->kind->begins)
        return;
    assert(boundary->count <= VG_NODES_MAX); /* its field's bound */
    clearing->clearance.min_cleared = call->command.clearing.min_cleared;
    clearing->clearance.region_count = boundary->count;
    for (uint32_t i = 0; i < boundary->count; i++)
        response_copy_text(boundary->lines[i], clearing->clearance.boundary[i],
                           sizeof clearing->clearance.boundary[i]);
}

enum vg_code response_judge_clearing(struct response_call *call)
{
    struct clearing clearing;
    if (read_epochs(call, &clearing) != VG_OK)
        return call->outcome->error.code;
    take_clearance(call, &clearing);
    if (judge_recovery(call, &clearing) != VG_OK || judge_holders(call, &clearing) != VG_OK ||
        judge_boundary(call, &clearing) != VG_OK || judge_offers(call, &clearing) != VG_OK)
        return call->outcome->error.code;
    return judge_minimum(call, &clearing);
}

/* Who held the epoch before and does not hold the next owes an attestation; who holds it, none. */
static void keep_revoked(struct response_call *call, const struct clearing *clearing)
{
    const struct compartment_epoch *now = &clearing->now.record;
    for (uint32_t i = 0; i < now->wrap_count; i++) {
        vg_node_id node = now->wraps[i].holder;
        if (compartment_wrap_of(&clearing->next, node) == NULL)
            response_owes_attestation(call, &clearing->compartment, node, clearing->next.epoch);
    }
    for (uint32_t i = 0; i < clearing->next.wrap_count; i++) {
        struct response_key key =
            revoked_key(&clearing->compartment, clearing->next.wraps[i].holder);
        vg_span value;
        if (response_get(&call->machine->kv, &key, &value))
            response_pairs_del(&call->writing->pairs, &key);
    }
}

void response_effect_clearing(struct response_call *call)
{
    struct clearing clearing;
    enum vg_code code = read_epochs(call, &clearing);
    assert(code == VG_OK);
    take_clearance(call, &clearing);
    code = judge_holders(call, &clearing);
    assert(code == VG_OK);
    if (!is_below(call->machine, &clearing))
        clearing.clearance.override_ = (vg_id){{0}};
    else if (clearing.kind->drops)
        clearing.clearance.override_ = call->command.clearing.override_;
    put_clearance(call, &clearing.compartment, &clearing.clearance);
    keep_revoked(call, &clearing);
    response_keep_epoch(call, &clearing.next);
    if (call->carries != NULL)
        call->outcome->keyed = clearing.compartment;
}

/* ---- what a node has destroyed -----------------------------------------------------------------
 */

enum vg_code response_judge_destroyed(struct response_call *call)
{
    const vg_id *compartment = &call->command.destroyed.compartment;
    struct response_revoked revoked;
    vg_node_id node;
    char id[NUMBER_TEXT], text[VG_ID_TEXT], epoch[NUMBER_TEXT];
    bool is_node = response_is_node_author(&call->request->author, &node);
    assert(is_node);
    call->outcome->id = *compartment;
    vg_id_format(compartment, text);
    snprintf(id, sizeof id, "%" PRIu64, node.value);
    uint64_t in_force = response_epoch_in_force(call->machine, compartment);
    if (response_epoch_holds(call->machine, compartment, node)) {
        snprintf(epoch, sizeof epoch, "%" PRIu64, in_force);
        return RESPONSE_REFUSE(call, HOLDS_STILL, id, text, epoch);
    }
    snprintf(epoch, sizeof epoch, "%" PRIu64, call->command.destroyed.epoch);
    if (!response_revoked_get(call->machine, compartment, node, &revoked) ||
        revoked.epoch != call->command.destroyed.epoch)
        return RESPONSE_REFUSE(call, OWES_NOTHING, id, text, epoch);
    call->outcome->repeated = revoked.attested > 0;
    return VG_OK;
}

void response_effect_destroyed(struct response_call *call)
{
    const vg_id *compartment = &call->command.destroyed.compartment;
    struct response_revoked revoked;
    vg_node_id node;
    bool is_node = response_is_node_author(&call->request->author, &node);
    bool found = response_revoked_get(call->machine, compartment, node, &revoked);
    assert(is_node && found);
    revoked.attested = call->index;
    put_revoked(call, compartment, &revoked);
}

/* ---- why there are fewer -----------------------------------------------------------------------
 */

enum vg_code response_judge_override(struct response_call *call)
{
    const vg_id *compartment = &call->command.override_.compartment;
    char text[VG_ID_TEXT];
    struct response_override before;
    call->outcome->id = call->request->request;
    if (response_override_get(call->machine, &call->request->request, &before))
        return response_refuse(call, RESPONSE_REFUSED_ID_TAKEN);
    if (response_epoch_in_force(call->machine, compartment) > 0)
        return VG_OK;
    vg_id_format(compartment, text);
    return RESPONSE_REFUSE(call, IN_CLEAR, text);
}

void response_effect_override(struct response_call *call)
{
    vg_span reason = call->command.override_.reason;
    const vg_id *compartment = &call->command.override_.compartment;
    struct response_key key = override_key(call->machine, &call->request->request);
    uint8_t number[8];
    struct vg_buffer value = {0};
    vg_buffer_append(&value, compartment->bytes, sizeof compartment->bytes);
    vg_buffer_append(&value, call->request->author.bytes, sizeof call->request->author.bytes);
    vg_buffer_append(&value, response_u64_value(call->time_ms, number).data, 8);
    vg_buffer_append(&value, response_u64_value(call->index, number).data, 8);
    struct vg_writer writer = vg_writer_of(vg_buffer_extend(&value, 4), 4);
    vg_write_u32(&writer, (uint32_t)reason.size);
    vg_buffer_append(&value, reason.data, reason.size);
    response_pairs_put(&call->writing->pairs, &key, vg_buffer_span(&value));
    vg_buffer_free(&value);
}
