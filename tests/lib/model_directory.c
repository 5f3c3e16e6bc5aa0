/* SPDX-License-Identifier: Apache-2.0
 * People, compartments, roles: what operators give. */
#include "common/text.h"
#include "tests/lib/model_internal.h"

/* ---- enroll, expel -----------------------------------------------------------------------------
 */

static bool share_a_key(const struct vg_keys *one, const struct vg_keys *other)
{
    return memcmp(&one->key, &other->key, sizeof one->key) == 0 ||
           memcmp(&one->channel, &other->channel, sizeof one->channel) == 0;
}

/* Whether anybody has, or had, one of these keys. */
static bool keys_are_taken(const struct model *model, const struct vg_keys *keys)
{
    bool taken = false;
    for (const struct model_person *person = model->people; person != NULL;
         person = person->hh.next)
        taken = taken || share_a_key(&person->keys, keys);
    for (uint32_t i = 0; i < model->old_keys.count; i++)
        taken = taken || share_a_key(model->old_keys.items[i], keys);
    for (uint32_t i = 0; i < model->node_count; i++)
        taken = taken || share_a_key(&model->node_keys[i], keys);
    return taken;
}

static struct model_refusal enroll_names(struct model_call *call)
{
    const vg_id *id = &call->command->enroll.person;
    const struct vg_keys *keys = &call->command->enroll.keys;
    const struct vg_holder holder = {.kind = VG_IDENTITY_PERSON, .person = *id};
    const struct model_person *known = model_person_of(call->model, id);
    call->answer = *id;
    if (model_is_node(id))
        return model_refuses(VG_INVALID);
    if (known != NULL) {
        bool same = !known->gone && memcmp(&known->keys, keys, sizeof *keys) == 0 &&
                    known->bits == call->command->enroll.bits;
        call->repeated = same;
        return same ? model_accepts() : model_refuses(VG_EXISTS);
    }
    if (keys_are_taken(call->model, keys))
        return model_refuses(VG_EXISTS);
    /* those of the genesis are not counted */
    if (HASH_COUNT(call->model->people) - call->model->first_people >= PEOPLE_MAX)
        return model_refuses(VG_INVALID);
    return vg_binding_verify(call->model->signer, &holder, keys) ? model_accepts()
                                                                 : model_refuses(VG_INTEGRITY);
}

static void enroll(struct model_call *call)
{
    if (call->repeated)
        return;
    struct model *model = call->model;
    struct model_person *person = vg_alloc_zero(1, sizeof *person);
    person->id = call->command->enroll.person;
    person->keys = call->command->enroll.keys;
    person->bits = call->command->enroll.bits;
    HASH_ADD(hh, model->people, id, sizeof person->id, person);
}

static uint32_t operators(const struct model *model)
{
    uint32_t count = 0;
    for (const struct model_person *person = model->people; person != NULL;
         person = person->hh.next)
        count += !person->gone && (person->bits & LEDGER_PERSON_OPERATOR) != 0;
    return count;
}

static struct model_refusal expel_names(struct model_call *call)
{
    const struct model_person *person = model_person_of(call->model, &call->command->expel.person);
    call->answer = call->command->expel.person;
    if (person == NULL)
        return model_refuses(VG_NOT_FOUND);
    call->repeated = person->gone;
    bool last = !person->gone && (person->bits & LEDGER_PERSON_OPERATOR) != 0 &&
                operators(call->model) == 1;
    return last ? model_refuses(VG_FORBIDDEN) : model_accepts();
}

static void expel(struct model_call *call)
{
    model_person_of(call->model, &call->command->expel.person)->gone = true;
}

/* ---- evict -------------------------------------------------------------------------------------
 */

uint32_t model_node_place(const struct model *model, uint64_t node)
{
    uint32_t place = 0;
    while (place < model->node_count && model->nodes[place].value != node)
        place++;
    return place;
}

bool model_node_gone(const struct model *model, uint64_t node)
{
    uint32_t place = model_node_place(model, node);
    return place < model->node_count && model->nodes_gone[place];
}

static struct model_refusal evict_names(struct model_call *call)
{
    const struct model *model = call->model;
    uint64_t node = call->command->evict.node;
    uint32_t gone = 0;
    for (uint32_t i = 0; i < model->node_count; i++)
        gone += model->nodes_gone[i];
    if (model_node_place(model, node) == model->node_count)
        return model_refuses(VG_NOT_FOUND);
    call->answer = response_node_author((vg_node_id){node});
    call->repeated = model_node_gone(model, node);
    bool most_stay = 2 * (model->node_count - gone - 1) > model->node_count;
    return call->repeated || most_stay ? model_accepts() : model_refuses(VG_FORBIDDEN);
}

static void evict(struct model_call *call)
{
    call->model->nodes_gone[model_node_place(call->model, call->command->evict.node)] = true;
}

/* ---- rekey -------------------------------------------------------------------------------------
 */

/* The author of the call, and who has signed what it carries. */
static bool signs(const struct model_call *call, const vg_id *person)
{
    bool found = vg_id_equal(&call->order->author, person);
    if (call->carries == NULL)
        return found;
    const struct model_proposal *proposal = call->carries->proposal;
    for (uint32_t i = 0; i < proposal->signer_count; i++)
        found = found || vg_id_equal(&proposal->signers[i].person, person);
    return found;
}

/* The keys of somebody who is or was here, or of a node that is; NULL: `why` it has none. */
static struct vg_keys *keys_of(struct model *model, const vg_id *id, enum vg_code *why)
{
    struct model_person *person = model_person_of(model, id);
    *why = VG_NOT_FOUND;
    if (person != NULL)
        return &person->keys;
    for (uint32_t i = 0; i < model->node_count; i++) {
        vg_id node = response_node_author(model->nodes[i]);
        *why = vg_id_equal(&node, id) && model->nodes_gone[i] ? VG_FORBIDDEN : *why;
        if (vg_id_equal(&node, id) && !model->nodes_gone[i])
            return &model->node_keys[i];
    }
    return NULL;
}

static struct model_refusal rekey_names(struct model_call *call)
{
    const vg_id *id = &call->command->rekey.holder;
    const struct vg_keys *keys = &call->command->rekey.keys;
    const struct vg_holder holder = response_holder_of(id);
    enum vg_code why;
    if (keys_of(call->model, id, &why) == NULL)
        return model_refuses(why);
    if (signs(call, id))
        return model_refuses(VG_FORBIDDEN);
    if (keys_are_taken(call->model, keys))
        return model_refuses(VG_EXISTS);
    return vg_binding_verify(call->model->signer, &holder, keys) ? model_accepts()
                                                                 : model_refuses(VG_INTEGRITY);
}

/* Whoever was removed is back. */
static void rekey(struct model_call *call)
{
    struct model_person *person = model_person_of(call->model, &call->command->rekey.holder);
    enum vg_code unused;
    struct vg_keys *keys = keys_of(call->model, &call->command->rekey.holder, &unused);
    struct vg_keys *old = vg_alloc(sizeof *old);
    *old = *keys;
    model_list_add(&call->model->old_keys, old);
    *keys = call->command->rekey.keys;
    if (person == NULL)
        return;
    person->keyed_at = call->order->time_ms;
    person->gone = false;
}

bool model_person(const struct model *model, const vg_id *id, struct model_person_facts *out)
{
    const struct model_person *person = model_person_of(model, id);
    if (person != NULL)
        *out = (struct model_person_facts){person->keys, person->gone};
    return person != NULL;
}

/* ---- names -------------------------------------------------------------------------------------
 */

static struct model_refusal person_names(struct model_call *call)
{
    const vg_id *id = &call->command->person.person;
    struct model_name name = model_name_of(call->command->person.name);
    call->answer = *id;
    if (!model_is_here(call->model, id))
        return model_refuses(VG_NOT_FOUND);
    for (const struct model_person *person = call->model->people; person != NULL;
         person = person->hh.next) {
        if (!vg_id_equal(&person->id, id) && model_name_equal(&person->name, &name))
            return model_refuses(VG_EXISTS);
    }
    return model_accepts();
}

static void name_person(struct model_call *call)
{
    model_person_of(call->model, &call->command->person.person)->name =
        model_name_of(call->command->person.name);
}

static struct model_refusal label_names(struct model_call *call)
{
    const vg_id *id = &call->command->label.compartment;
    struct model_name name = model_name_of(call->command->label.name);
    vg_id read;
    call->answer = *id;
    if (vg_id_parse(name.text, &read))
        return model_refuses(VG_INVALID);
    if (strcmp(name.text, "directory") == 0 && !vg_id_equal(id, &call->model->directory))
        return model_refuses(VG_EXISTS);
    if (strcmp(name.text, "control") == 0 && !vg_id_is_zero(id))
        return model_refuses(VG_EXISTS);
    for (uint32_t i = 0; i < call->model->compartments.count; i++) {
        const struct model_compartment *other = call->model->compartments.items[i];
        if (!vg_id_equal(&other->id, id) && model_name_equal(&other->name, &name))
            return model_refuses(VG_EXISTS);
    }
    bool is_one =
        model_compartment_of(call->model, id) != NULL || model_epoch(call->model, id) != NULL;
    if (is_one)
        return model_accepts();
    if (!call->model->in_clear)
        return model_refuses(VG_NOT_FOUND);
    return model_compartments(call->model) < COMPARTMENTS_MAX ? model_accepts()
                                                              : model_refuses(VG_INVALID);
}

static void label(struct model_call *call)
{
    struct model *model = call->model;
    const vg_id *id = &call->command->label.compartment;
    struct model_compartment *compartment = model_compartment_of(model, id);
    if (compartment == NULL)
        compartment = model_compartment_add(model, id);
    compartment->name = model_name_of(call->command->label.name);
}

/* ---- roles and rosters -------------------------------------------------------------------------
 */

static struct model_standing *standing_for(struct model *model, const vg_id *person,
                                           const vg_id *compartment)
{
    struct model_standing *standing = model_standing_of(model, person, compartment);
    if (standing == NULL) {
        standing = vg_alloc_zero(1, sizeof *standing);
        standing->of = (struct model_membership){*person, *compartment};
        HASH_ADD(hh, model->standings, of, sizeof standing->of, standing);
    }
    return standing;
}

static struct model_refusal grant_names(struct model_call *call)
{
    const struct response_command *command = call->command;
    const vg_id *id = &command->grant.person;
    call->answer = *id;
    if (model_compartment_of(call->model, &command->grant.compartment) == NULL)
        return model_refuses(VG_NOT_FOUND);
    if ((command->grant.give & command->grant.take) != 0)
        return model_refuses(VG_INVALID);
    bool may = command->grant.give == 0 ? model_person_of(call->model, id) != NULL
                                        : model_is_here(call->model, id);
    return may ? model_accepts() : model_refuses(VG_NOT_FOUND);
}

static void grant(struct model_call *call)
{
    const struct response_command *command = call->command;
    struct model_standing *standing =
        standing_for(call->model, &command->grant.person, &command->grant.compartment);
    standing->roles = (standing->roles | command->grant.give) & ~command->grant.take;
}

static struct model_refusal roster_names(struct model_call *call)
{
    const struct response_command *command = call->command;
    const struct model_standing *standing =
        model_standing_of(call->model, &command->roster.person, &command->roster.compartment);
    call->answer = command->roster.person;
    if (model_compartment_of(call->model, &command->roster.compartment) == NULL)
        return model_refuses(VG_NOT_FOUND);
    bool taken_off = command->roster.on == RESPONSE_NO && standing != NULL && standing->on_call;
    return taken_off || model_is_here(call->model, &command->roster.person)
               ? model_accepts()
               : model_refuses(VG_NOT_FOUND);
}

static void roster(struct model_call *call)
{
    const struct response_command *command = call->command;
    standing_for(call->model, &command->roster.person, &command->roster.compartment)->on_call =
        command->roster.on == RESPONSE_YES;
}

static struct model_refusal procedure_names(struct model_call *call)
{
    call->answer = call->command->procedure.compartment;
    return model_compartment_of(call->model, &call->answer) != NULL ? model_accepts()
                                                                    : model_refuses(VG_NOT_FOUND);
}

/* The version is stamped on the timeline, which the model does not keep. */
static void procedure(struct model_call *call)
{
    (void)call;
}

#define BY_OPERATORS(where)                                                                        \
    .place = (where), .roles = RESPONSE_ROLE_OPERATOR, .expects_nothing = true

const struct model_operation model_directory_operations[] = {
    {.op = RESPONSE_OP_ENROLL, BY_OPERATORS(IN_CONTROL), .names = enroll_names, .effect = enroll},
    {.op = RESPONSE_OP_EXPEL, BY_OPERATORS(IN_CONTROL), .names = expel_names, .effect = expel},
    {.op = RESPONSE_OP_EVICT, BY_OPERATORS(IN_CONTROL), .names = evict_names, .effect = evict},
    {.op = RESPONSE_OP_REKEY,
     .place = IN_CONTROL,
     .signers = RESPONSE_ROLE_OPERATOR | RESPONSE_ROLE_KEY_OFFICER,
     .any_two = true,
     .expects_nothing = true,
     .names = rekey_names,
     .effect = rekey},
    {.op = RESPONSE_OP_PERSON,
     BY_OPERATORS(IN_DIRECTORY),
     .names = person_names,
     .effect = name_person},
    {.op = RESPONSE_OP_LABEL,
     .place = IN_DIRECTORY,
     .roles = RESPONSE_ROLE_OPERATOR | RESPONSE_ROLE_KEY_OFFICER,
     .expects_nothing = true,
     .names = label_names,
     .effect = label},
    {.op = RESPONSE_OP_GRANT, BY_OPERATORS(IN_DIRECTORY), .names = grant_names, .effect = grant},
    {.op = RESPONSE_OP_ROSTER, BY_OPERATORS(IN_DIRECTORY), .names = roster_names, .effect = roster},
    {.op = RESPONSE_OP_PROCEDURE,
     BY_OPERATORS(IN_DIRECTORY),
     .names = procedure_names,
     .effect = procedure},
    {.op = (enum response_op)0},
};
