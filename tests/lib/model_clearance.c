/* SPDX-License-Identifier: Apache-2.0
 * Whom the keys of compartments are for: every new epoch, what revoked nodes attest, and why there
 * may be fewer than there should be. */
#include "common/unwrap.h"
#include "tests/lib/model_internal.h"

enum { MIN_CLEARED = 2 };

static const vg_node_id recovery = {COMPARTMENT_RECOVERY};

/* ---- what is kept ------------------------------------------------------------------------------
 */

static struct model_clearance *clearance_of(const struct model *model, const vg_id *compartment)
{
    for (uint32_t i = 0; i < model->clearances.count; i++) {
        struct model_clearance *clearance = model->clearances.items[i];
        if (vg_id_equal(&clearance->epoch.compartment, compartment))
            return clearance;
    }
    return NULL;
}

struct model_clearance *model_clearance_add(struct model *model,
                                            const struct compartment_epoch *first)
{
    struct model_clearance *clearance = vg_alloc_zero(1, sizeof *clearance);
    clearance->epoch = *first;
    clearance->min_cleared = MIN_CLEARED;
    model_list_add(&model->clearances, clearance);
    return clearance;
}

uint32_t model_sealed_count(const struct model *model)
{
    return model->clearances.count;
}

vg_id model_sealed_at(const struct model *model, uint32_t place)
{
    return ((const struct model_clearance *)model->clearances.items[place])->epoch.compartment;
}

const struct compartment_epoch *model_epoch(const struct model *model, const vg_id *compartment)
{
    const struct model_clearance *clearance = clearance_of(model, compartment);
    return clearance != NULL ? &clearance->epoch : NULL;
}

uint64_t model_revoked(const struct model *model, const vg_id *compartment, uint64_t node)
{
    const struct model_clearance *clearance = clearance_of(model, compartment);
    uint32_t place = model_node_place(model, node);
    return clearance != NULL && place < model->node_count ? clearance->revoked[place].epoch : 0;
}

bool model_shredded(const struct model *model, const vg_id *compartment)
{
    const struct model_clearance *clearance = clearance_of(model, compartment);
    return clearance != NULL && clearance->shredded;
}

bool model_node_key(const struct model *model, uint64_t node, vg_public_key *out)
{
    uint32_t place = model_node_place(model, node);
    if (place < model->node_count)
        *out = model->node_keys[place].key;
    return place < model->node_count;
}

static const struct model_override *override_of(const struct model *model, const vg_id *id)
{
    for (uint32_t i = 0; i < model->overrides.count; i++) {
        const struct model_override *given = model->overrides.items[i];
        if (vg_id_equal(&given->id, id))
            return given;
    }
    return NULL;
}

uint32_t model_override_count(const struct model *model)
{
    return model->overrides.count;
}

vg_id model_override_at(const struct model *model, uint32_t place, vg_id *compartment)
{
    const struct model_override *given = model->overrides.items[place];
    *compartment = given->compartment;
    return given->id;
}

/* ---- holders -----------------------------------------------------------------------------------
 */

static bool same_unwrap(const struct compartment_wrap *a, const struct compartment_wrap *b)
{
    return memcmp(&a->unwrap, &b->unwrap, sizeof a->unwrap) == 0;
}

static uint32_t nodes_in(const struct compartment_epoch *epoch)
{
    return epoch->wrap_count - (compartment_wrap_of(epoch, recovery) != NULL);
}

/* Whether nobody who stays has another unwrap key, nobody is there who has gone, and nobody is
 * missing where none may be. */
static bool keeps(const struct model *model, const struct compartment_epoch *now,
                  const struct compartment_epoch *next, bool may_drop, bool may_renew,
                  uint32_t *dropped)
{
    *dropped = 0;
    for (uint32_t i = 0; i < now->wrap_count; i++) {
        const struct compartment_wrap *wrap = compartment_wrap_of(next, now->wraps[i].holder);
        bool gone = model_node_gone(model, now->wraps[i].holder.value);
        bool renewed = may_renew && now->wraps[i].holder.value != COMPARTMENT_RECOVERY;
        if (wrap != NULL && (gone || (!renewed && !same_unwrap(wrap, &now->wraps[i]))))
            return false;
        if (wrap == NULL && !gone && !may_drop)
            return false;
        *dropped += wrap == NULL && !gone;
    }
    return true;
}

/* One that is to be a holder, as far as it may be. */
static struct model_refusal may_hold(const struct model *model, const vg_id *compartment,
                                     uint64_t node)
{
    const struct model_clearance *clearance = clearance_of(model, compartment);
    uint32_t place = model_node_place(model, node);
    if (place == model->node_count)
        return model_refuses(VG_NOT_FOUND);
    if (model->nodes_gone[place])
        return model_refuses(VG_FORBIDDEN);
    bool owes = clearance != NULL && clearance->revoked[place].epoch > 0 &&
                !clearance->revoked[place].attested;
    return owes ? model_refuses(VG_CONFLICT) : model_accepts();
}

/* The regions of nodes, of holders of `next` or of all that have not gone, that a boundary lets in.
 */
static uint32_t regions(const struct model *model, const struct compartment_epoch *next,
                        const struct response_lines *boundary)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < model->node_count; i++) {
        bool counts = next == NULL ? !model->nodes_gone[i]
                                   : compartment_wrap_of(next, model->nodes[i]) != NULL;
        bool inside = boundary == NULL || boundary->count == 0;
        for (uint8_t k = 0; !inside && k < boundary->count; k++) {
            struct model_name name = model_name_of(boundary->lines[k]);
            inside = model_name_equal(&name, &model->regions[i]);
        }
        bool first = true;
        for (uint32_t k = 0; k < i; k++)
            first = first && !(model_name_equal(&model->regions[k], &model->regions[i]) &&
                               (next == NULL ? !model->nodes_gone[k]
                                             : compartment_wrap_of(next, model->nodes[k]) != NULL));
        count += counts && inside && first;
    }
    return count;
}

/* Whether there are fewer nodes than `least`, or they are in one region where two could be. */
static bool too_few(const struct model *model, const struct compartment_epoch *next, uint64_t least,
                    const struct response_lines *boundary)
{
    bool two = least >= 2 && regions(model, NULL, boundary) >= 2;
    return nodes_in(next) < least || (two && regions(model, next, NULL) < 2);
}

static bool is_region(const struct model *model, vg_span region)
{
    struct model_name name = model_name_of(region);
    for (uint32_t i = 0; i < model->node_count; i++)
        if (model_name_equal(&name, &model->regions[i]))
            return true;
    return false;
}

static struct model_refusal inside(const struct model *model, const struct response_lines *boundary,
                                   const uint64_t *nodes, uint32_t count)
{
    for (uint32_t i = 0; i < count && boundary->count > 0; i++) {
        const struct model_name *region = &model->regions[model_node_place(model, nodes[i])];
        bool found = false;
        for (uint8_t k = 0; k < boundary->count; k++) {
            struct model_name name = model_name_of(boundary->lines[k]);
            found = found || model_name_equal(&name, region);
        }
        if (!found)
            return model_refuses(VG_FORBIDDEN);
    }
    return model_accepts();
}

/* What was said when the compartment was created, as a command says it. */
static struct response_lines boundary_of(const struct model_clearance *clearance)
{
    struct response_lines lines = {.count = (uint8_t)clearance->boundary.count};
    for (uint8_t i = 0; i < lines.count; i++)
        lines.lines[i] =
            vg_span_text(((const struct model_name *)clearance->boundary.items[i])->text);
    return lines;
}

/* Each new holder signs its unwrap key, in their order. */
static struct model_refusal signed_by(const struct model *model,
                                      const struct compartment_epoch *next, const uint64_t *nodes,
                                      uint32_t count, vg_span offers)
{
    if (offers.size != count * sizeof(vg_signature))
        return model_refuses(VG_INVALID);
    for (uint32_t i = 0; i < count; i++) {
        struct vg_unwrap_key offer = {.compartment = next->compartment};
        const vg_node_id node = {nodes[i]};
        offer.key = compartment_wrap_of(next, node)->unwrap;
        memcpy(offer.binding.bytes, offers.data + i * sizeof offer.binding, sizeof offer.binding);
        if (!vg_unwrap_verify(model->signer, &offer, node,
                              &model->node_keys[model_node_place(model, nodes[i])].key))
            return model_refuses(VG_INTEGRITY);
    }
    return model_accepts();
}

/* ---- every new epoch ---------------------------------------------------------------------------
 */

static struct model_refusal read_next(struct model_call *call, struct compartment_epoch *next)
{
    if (compartment_epoch_decode(call->command->clearing.epoch, next, NULL) != VG_OK)
        return model_refuses(VG_INVALID);
    call->answer = next->compartment;
    return model_accepts();
}

static struct model_refusal follows(const struct compartment_epoch *now,
                                    const struct compartment_epoch *next)
{
    if (compartment_wrap_of(next, recovery) == NULL)
        return model_refuses(VG_INVALID);
    return next->epoch == now->epoch + 1 && vg_hash_equal(&next->previous, &now->commitment)
               ? model_accepts()
               : model_refuses(VG_CONFLICT);
}

/* The epoch of the command, after the one in force. */
static struct model_refusal after_now(struct model_call *call, struct compartment_epoch *next)
{
    struct model_refusal refusal = read_next(call, next);
    if (refusal.code != VG_OK)
        return refusal;
    const struct compartment_epoch *now = model_epoch(call->model, &next->compartment);
    if (now == NULL)
        return model_refuses(VG_NOT_FOUND);
    if (model_shredded(call->model, &next->compartment))
        return model_refuses(VG_FORBIDDEN);
    bool narrows =
        call->command->op == RESPONSE_OP_REVOKE || call->command->op == RESPONSE_OP_RECOVER;
    if (narrows && vg_id_equal(&next->compartment, &call->model->directory))
        return model_refuses(VG_FORBIDDEN);
    return follows(now, next);
}

static struct model_refusal rotate_names(struct model_call *call)
{
    struct compartment_epoch next;
    uint32_t dropped;
    struct model_refusal refusal = after_now(call, &next);
    if (refusal.code != VG_OK)
        return refusal;
    const struct compartment_epoch *now = model_epoch(call->model, &next.compartment);
    if (!keeps(call->model, now, &next, false, false, &dropped))
        return model_refuses(VG_INVALID);
    for (uint32_t i = 0; i < next.wrap_count; i++)
        if (compartment_wrap_of(now, next.wraps[i].holder) == NULL)
            return model_refuses(VG_INVALID);
    return model_accepts();
}

/* Those of `next` that are not in `now`, each of whom must be allowed to hold it. */
static struct model_refusal new_holders(const struct model *model,
                                        const struct compartment_epoch *now,
                                        const struct compartment_epoch *next,
                                        uint64_t nodes[COMPARTMENT_WRAPS_MAX], uint32_t *count)
{
    *count = 0;
    for (uint32_t i = 0; i < next->wrap_count; i++) {
        uint64_t node = next->wraps[i].holder.value;
        if (node == COMPARTMENT_RECOVERY || compartment_wrap_of(now, next->wraps[i].holder) != NULL)
            continue;
        struct model_refusal refusal = may_hold(model, &next->compartment, node);
        if (refusal.code != VG_OK)
            return refusal;
        nodes[(*count)++] = node;
    }
    return model_accepts();
}

/* Whether somebody has said that the key is destroyed. */
static bool is_destroyed(const struct model *model, const vg_box_public *key)
{
    for (uint32_t i = 0; i < model->clearances.count; i++) {
        const struct model_clearance *of = model->clearances.items[i];
        const struct compartment_wrap *wrap = compartment_wrap_of(&of->epoch, recovery);
        if (of->recovery_gone && memcmp(&wrap->unwrap, key, sizeof *key) == 0)
            return true;
    }
    return false;
}

static struct model_refusal create_names(struct model_call *call)
{
    static const struct compartment_epoch none;
    const struct model *model = call->model;
    struct compartment_epoch next;
    uint64_t nodes[COMPARTMENT_WRAPS_MAX];
    uint32_t count;
    struct model_refusal refusal = read_next(call, &next);
    if (refusal.code != VG_OK)
        return refusal;
    if (!vg_id_equal(&next.compartment, &call->order->request))
        return model_refuses(VG_INVALID);
    if (model_epoch(model, &next.compartment) != NULL ||
        model_compartment_of(model, &next.compartment) != NULL)
        return model_refuses(VG_EXISTS);
    if (model_compartments(model) >= COMPARTMENTS_MAX)
        return model_refuses(VG_INVALID);
    refusal = follows(&none, &next);
    if (refusal.code == VG_OK && is_destroyed(model, &compartment_wrap_of(&next, recovery)->unwrap))
        refusal = model_refuses(VG_FORBIDDEN);
    if (refusal.code == VG_OK)
        refusal = new_holders(model, &none, &next, nodes, &count);
    if (refusal.code == VG_OK && count == 0)
        refusal = model_refuses(VG_FORBIDDEN);
    const struct response_lines *boundary = &call->command->clearing.boundary;
    for (uint8_t i = 0; refusal.code == VG_OK && i < boundary->count; i++)
        refusal = is_region(model, boundary->lines[i]) ? refusal : model_refuses(VG_NOT_FOUND);
    if (refusal.code == VG_OK)
        refusal = inside(model, boundary, nodes, count);
    if (refusal.code == VG_OK)
        refusal = signed_by(model, &next, nodes, count, call->command->clearing.offers);
    if (refusal.code == VG_OK &&
        too_few(model, &next, call->command->clearing.min_cleared, boundary))
        refusal = model_refuses(VG_FORBIDDEN);
    return refusal;
}

static struct model_refusal clear_names(struct model_call *call)
{
    const struct model *model = call->model;
    struct compartment_epoch next;
    uint64_t nodes[COMPARTMENT_WRAPS_MAX];
    uint32_t count, dropped;
    struct model_refusal refusal = after_now(call, &next);
    if (refusal.code != VG_OK)
        return refusal;
    const struct compartment_epoch *now = model_epoch(model, &next.compartment);
    if (!keeps(model, now, &next, false, false, &dropped))
        return model_refuses(VG_INVALID);
    refusal = new_holders(model, now, &next, nodes, &count);
    if (refusal.code == VG_OK && nodes_in(&next) == 0)
        refusal = model_refuses(VG_FORBIDDEN);
    if (refusal.code == VG_OK && count == 0)
        refusal = model_refuses(VG_INVALID);
    struct response_lines boundary = boundary_of(clearance_of(model, &next.compartment));
    if (refusal.code == VG_OK)
        refusal = inside(model, &boundary, nodes, count);
    return refusal.code == VG_OK
               ? signed_by(model, &next, nodes, count, call->command->clearing.offers)
               : refusal;
}

static struct model_refusal enough(const struct model_call *call,
                                   const struct compartment_epoch *next)
{
    const vg_id *id = &call->command->clearing.override_;
    const struct model_override *given = override_of(call->model, id);
    const vg_id *author =
        call->carries != NULL ? &call->carries->proposal->signers[0].person : &call->order->author;
    if (!vg_id_is_zero(id))
        return given != NULL && vg_id_equal(&given->compartment, &next->compartment) &&
                       vg_id_equal(&given->author, author) &&
                       given->index > clearance_of(call->model, &next->compartment)->since
                   ? model_accepts()
                   : model_refuses(VG_NOT_FOUND);
    const struct model_clearance *clearance = clearance_of(call->model, &next->compartment);
    struct response_lines boundary = boundary_of(clearance);
    return too_few(call->model, next, clearance->min_cleared, &boundary)
               ? model_refuses(VG_FORBIDDEN)
               : model_accepts();
}

static struct model_refusal revoke_names(struct model_call *call)
{
    struct compartment_epoch next;
    uint32_t dropped;
    struct model_refusal refusal = after_now(call, &next);
    if (refusal.code != VG_OK)
        return refusal;
    const struct compartment_epoch *now = model_epoch(call->model, &next.compartment);
    if (!keeps(call->model, now, &next, true, false, &dropped))
        return model_refuses(VG_INVALID);
    for (uint32_t i = 0; i < next.wrap_count; i++)
        if (compartment_wrap_of(now, next.wraps[i].holder) == NULL)
            return model_refuses(VG_INVALID);
    if (nodes_in(&next) == 0)
        return model_refuses(VG_FORBIDDEN);
    return dropped > 0 ? enough(call, &next) : model_refuses(VG_INVALID);
}

/* For nodes that all sign anew. */
static struct model_refusal recover_names(struct model_call *call)
{
    static const struct compartment_epoch none;
    const struct model *model = call->model;
    struct compartment_epoch next;
    uint64_t nodes[COMPARTMENT_WRAPS_MAX];
    uint32_t count, dropped;
    struct model_refusal refusal = after_now(call, &next);
    if (refusal.code != VG_OK)
        return refusal;
    if (!keeps(model, model_epoch(model, &next.compartment), &next, true, true, &dropped))
        return model_refuses(VG_INVALID);
    refusal = new_holders(model, &none, &next, nodes, &count);
    if (refusal.code == VG_OK && count == 0)
        refusal = model_refuses(VG_FORBIDDEN);
    struct response_lines boundary = boundary_of(clearance_of(model, &next.compartment));
    if (refusal.code == VG_OK)
        refusal = inside(model, &boundary, nodes, count);
    if (refusal.code == VG_OK)
        refusal = signed_by(model, &next, nodes, count, call->command->clearing.offers);
    return refusal.code == VG_OK ? enough(call, &next) : refusal;
}

static void come_into_force(struct model_call *call)
{
    struct model *model = call->model;
    struct compartment_epoch next;
    compartment_epoch_decode(call->command->clearing.epoch, &next, NULL);
    struct model_clearance *clearance = clearance_of(model, &next.compartment);
    if (clearance == NULL) {
        clearance = model_clearance_add(model, &next);
        clearance->min_cleared = call->command->clearing.min_cleared;
        const struct response_lines *boundary = &call->command->clearing.boundary;
        for (uint8_t i = 0; i < boundary->count; i++) {
            struct model_name *region = vg_alloc(sizeof *region);
            *region = model_name_of(boundary->lines[i]);
            model_list_add(&clearance->boundary, region);
        }
    }
    for (uint32_t i = 0; i < model->node_count; i++) {
        bool held = compartment_wrap_of(&clearance->epoch, model->nodes[i]) != NULL;
        bool holds = compartment_wrap_of(&next, model->nodes[i]) != NULL;
        if (holds)
            clearance->revoked[i].epoch = 0;
        else if (held)
            clearance->revoked[i].epoch = next.epoch;
        if (holds || held)
            clearance->revoked[i].attested = false;
    }
    clearance->epoch = next;
    clearance->since = call->order->index;
}

/* ---- attesting ---------------------------------------------------------------------------------
 */

static uint32_t author_place(const struct model_call *call)
{
    uint32_t place = 0;
    for (; place < call->model->node_count; place++) {
        vg_id node = response_node_author(call->model->nodes[place]);
        if (vg_id_equal(&node, &call->order->author))
            break;
    }
    return place;
}

static struct model_refusal destroyed_names(struct model_call *call)
{
    uint32_t place = author_place(call);
    const vg_id *compartment = &call->command->destroyed.compartment;
    const struct model_clearance *clearance = clearance_of(call->model, compartment);
    call->answer = *compartment;
    if (clearance == NULL)
        return model_refuses(VG_NOT_FOUND);
    if (!clearance->shredded &&
        compartment_wrap_of(&clearance->epoch, call->model->nodes[place]) != NULL)
        return model_refuses(VG_FORBIDDEN);
    if (clearance->revoked[place].epoch == 0 ||
        clearance->revoked[place].epoch != call->command->destroyed.epoch)
        return model_refuses(VG_NOT_FOUND);
    call->repeated = clearance->revoked[place].attested;
    return model_accepts();
}

static void destroyed(struct model_call *call)
{
    const vg_id *compartment = &call->command->destroyed.compartment;
    clearance_of(call->model, compartment)->revoked[author_place(call)].attested = true;
}

/* ---- shredding ---------------------------------------------------------------------------------
 */

static struct model_refusal shred_names(struct model_call *call)
{
    const vg_id *compartment = &call->command->shred.compartment;
    const struct model_clearance *clearance = clearance_of(call->model, compartment);
    call->answer = *compartment;
    if (vg_id_equal(compartment, &call->model->directory))
        return model_refuses(VG_FORBIDDEN);
    if (clearance == NULL)
        return model_refuses(VG_NOT_FOUND);
    if (clearance->shredded)
        return model_refuses(VG_EXISTS);
    return clearance->epoch.epoch == call->command->shred.epoch ? model_accepts()
                                                                : model_refuses(VG_CONFLICT);
}

static void shred(struct model_call *call)
{
    struct model *model = call->model;
    struct model_clearance *clearance = clearance_of(model, &call->command->shred.compartment);
    clearance->shredded = true;
    for (uint32_t i = 0; i < model->node_count; i++) {
        if (model->nodes_gone[i] && compartment_wrap_of(&clearance->epoch, model->nodes[i]) == NULL)
            continue;
        clearance->revoked[i].epoch = clearance->epoch.epoch + 1;
        clearance->revoked[i].attested = false;
    }
}

/* Whether a key is the recovery key of a compartment that is read, beside this one. */
static bool recovers_another(const struct model *model, const struct model_clearance *but,
                             const vg_box_public *key)
{
    for (uint32_t i = 0; i < model->clearances.count; i++) {
        const struct model_clearance *other = model->clearances.items[i];
        const struct compartment_wrap *wrap = compartment_wrap_of(&other->epoch, recovery);
        if (other != but && !other->shredded && wrap != NULL &&
            memcmp(&wrap->unwrap, key, sizeof *key) == 0)
            return true;
    }
    return false;
}

static struct model_refusal recovery_gone_names(struct model_call *call)
{
    const struct response_command *command = call->command;
    const struct model_clearance *clearance =
        clearance_of(call->model, &command->recovery_gone.compartment);
    const vg_box_public *key = &command->recovery_gone.key;
    call->answer = command->recovery_gone.compartment;
    if (clearance == NULL || !clearance->shredded)
        return model_refuses(VG_FORBIDDEN);
    const struct compartment_wrap *wrap = compartment_wrap_of(&clearance->epoch, recovery);
    if (memcmp(&wrap->unwrap, key, sizeof *key) != 0)
        return model_refuses(VG_INVALID);
    if (clearance->recovery_gone)
        return model_refuses(VG_EXISTS);
    return recovers_another(call->model, clearance, key) ? model_refuses(VG_FORBIDDEN)
                                                         : model_accepts();
}

static void recovery_gone(struct model_call *call)
{
    clearance_of(call->model, &call->command->recovery_gone.compartment)->recovery_gone = true;
}

/* ---- why there are fewer -----------------------------------------------------------------------
 */

static struct model_refusal override_names(struct model_call *call)
{
    call->answer = call->order->request;
    if (override_of(call->model, &call->order->request) != NULL)
        return model_refuses(VG_EXISTS);
    return model_epoch(call->model, &call->command->override_.compartment) != NULL
               ? model_accepts()
               : model_refuses(VG_NOT_FOUND);
}

static void override_(struct model_call *call)
{
    struct model_override *given = vg_alloc(sizeof *given);
    *given = (struct model_override){call->order->request, call->command->override_.compartment,
                                     call->order->author, call->order->index};
    model_list_add(&call->model->overrides, given);
}

#define BY_KEY_OFFICERS(where)                                                                     \
    .place = (where), .roles = RESPONSE_ROLE_KEY_OFFICER, .expects_nothing = true
#define BY_TWO_KEY_OFFICERS(symbol, found, does)                                                   \
    {                                                                                              \
        .op = RESPONSE_OP_##symbol, .place = IN_CONTROL, .signers = RESPONSE_ROLE_KEY_OFFICER,     \
        .any_two = true, .expects_nothing = true, .names = found, .effect = does                   \
    }
#define CLEARING(symbol, found)                                                                    \
    {                                                                                              \
        .op = RESPONSE_OP_##symbol, BY_KEY_OFFICERS(IN_CONTROL), .names = found,                   \
        .effect = come_into_force                                                                  \
    }

const struct model_operation model_clearance_operations[] = {
    CLEARING(ROTATE, rotate_names),
    CLEARING(CREATE, create_names),
    CLEARING(CLEAR, clear_names),
    CLEARING(REVOKE, revoke_names),
    {.op = RESPONSE_OP_DESTROYED,
     .place = IN_CONTROL,
     .by_node = true,
     .expects_nothing = true,
     .names = destroyed_names,
     .effect = destroyed},
    BY_TWO_KEY_OFFICERS(SHRED, shred_names, shred),
    BY_TWO_KEY_OFFICERS(RECOVERY_GONE, recovery_gone_names, recovery_gone),
    BY_TWO_KEY_OFFICERS(RECOVER, recover_names, come_into_force),
    {.op = RESPONSE_OP_OVERRIDE,
     BY_KEY_OFFICERS(IN_DIRECTORY),
     .names = override_names,
     .effect = override_},
    {.op = (enum response_op)0},
};
