/* SPDX-License-Identifier: Apache-2.0
 * People: who has a key, from the genesis and from control entries (DESIGN section 3). */
#include <assert.h>
#include <stdio.h>

#include "common/text.h"
#include "proto/response/call.h"
#include "proto/response/nodes.h"

static struct response_key person_key(const vg_id *person)
{
    return response_key_control(RESPONSE_KIND_KEY, person);
}

/* Of a person, or of a node whose keys were replaced. */
static struct response_key holder_key(const vg_id *holder)
{
    vg_node_id node;
    return response_is_node_author(holder, &node)
               ? response_key_control(RESPONSE_KIND_NODE_KEYS, holder)
               : person_key(holder);
}

/* The keys a holder has: neither is ever given to another. */
struct sort {
    enum response_kind owner; /* key: person */
    const char *name;
    size_t at; /* in struct vg_keys */
};

static const struct sort signing = {RESPONSE_KIND_KEY_OWNER, "key", offsetof(struct vg_keys, key)};
static const struct sort channel = {RESPONSE_KIND_CHANNEL_OWNER, "channel key",
                                    offsetof(struct vg_keys, channel)};

enum { KEY_SIZE = 2 * sizeof(vg_id) };

static_assert(sizeof(vg_public_key) == KEY_SIZE && sizeof(vg_channel_public) == KEY_SIZE,
              "either key is as large as two ids");

static const uint8_t *key_in(const struct vg_keys *keys, const struct sort *sort)
{
    return (const uint8_t *)keys + sort->at;
}

static struct response_key owner_key(const struct sort *sort, const uint8_t bytes[KEY_SIZE])
{
    vg_id halves[2];
    struct response_key key = response_key_of(NULL, sort->owner);
    memcpy(halves, bytes, sizeof halves);
    response_key_id(&key, &halves[0]);
    response_key_id(&key, &halves[1]);
    return key;
}

/* ---- views -------------------------------------------------------------------------------------
 */

static void fill_first(const struct ledger_person *first, struct response_person *out)
{
    *out = (struct response_person){
        .id = first->id, .keys = first->keys, .bits = first->bits, .first = true};
}

enum vg_code response_person_get(const struct response_machine *machine, const vg_id *id,
                                 struct response_person *out)
{
    const struct ledger_person *first = ledger_genesis_person(machine->genesis, id);
    struct response_key key = person_key(id);
    vg_span value;
    if (response_get(&machine->kv, &key, &value)) {
        response_person_decode(value, out);
        out->id = *id;
        return VG_OK;
    }
    if (first == NULL)
        return VG_NOT_FOUND;
    fill_first(first, out);
    return VG_OK;
}

/* The place after a person of the genesis; 0 to start. */
static uint32_t place_after(const struct ledger_genesis *genesis, const struct response_person *at)
{
    uint32_t place = 0;
    while (at->first && !vg_id_equal(&genesis->people[place].id, &at->id))
        place++;
    return at->first ? place + 1 : 0;
}

bool response_person_next(const struct response_machine *machine, struct response_person *out)
{
    const struct ledger_genesis *genesis = machine->genesis;
    struct response_key prefix = response_key_of(NULL, RESPONSE_KIND_KEY);
    static const vg_id none;
    vg_id after = out->first ? none : out->id;
    uint32_t place = place_after(genesis, out);
    vg_span key;
    vg_span value;
    if ((out->first || vg_id_is_zero(&out->id)) && place < genesis->person_count)
        return response_person_get(machine, &genesis->people[place].id, out) == VG_OK;
    do {
        struct response_key from = person_key(&after);
        if (!response_next(&machine->kv, &prefix, &from, &key, &value))
            return false;
        after = response_key_last_id(key);
        response_person_decode(value, out);
        out->id = after;
    } while (out->first);
    return true;
}

static bool get_node(const struct response_machine *machine, vg_node_id node,
                     struct response_person *out)
{
    const struct ledger_member *member = ledger_genesis_member(machine->genesis, node);
    const vg_id author = response_node_author(node);
    struct response_key key = holder_key(&author);
    struct response_eviction eviction;
    vg_span value;
    if (member == NULL)
        return false;
    *out = (struct response_person){.keys = member->keys};
    if (response_get(&machine->kv, &key, &value))
        response_person_decode(value, out);
    response_node_evicted(machine, node, &eviction);
    out->id = author;
    out->expelled_at = eviction.at;
    return true;
}

bool response_author_get(const struct response_machine *machine, const vg_id *author,
                         struct response_person *out)
{
    vg_node_id node;
    return response_is_node_author(author, &node)
               ? get_node(machine, node, out)
               : response_person_get(machine, author, out) == VG_OK;
}

bool response_key_find(void *context, const vg_id *author, vg_public_key *key)
{
    struct response_person person;
    if (!response_author_get(context, author, &person))
        return false;
    *key = person.keys.key;
    return true;
}

static bool find_owner(const struct response_machine *machine, const struct sort *sort,
                       const uint8_t bytes[KEY_SIZE], vg_id *out)
{
    const struct ledger_genesis *genesis = machine->genesis;
    struct response_key key = owner_key(sort, bytes);
    vg_span value;
    for (uint32_t i = 0; i < genesis->person_count; i++) {
        if (memcmp(key_in(&genesis->people[i].keys, sort), bytes, KEY_SIZE) == 0) {
            *out = genesis->people[i].id;
            return true;
        }
    }
    for (uint32_t i = 0; i < genesis->member_count; i++) {
        if (memcmp(key_in(&genesis->members[i].keys, sort), bytes, KEY_SIZE) == 0) {
            *out = response_node_author(genesis->members[i].id);
            return true;
        }
    }
    if (!response_get(&machine->kv, &key, &value))
        return false;
    *out = response_key_last_id(value);
    return true;
}

bool response_channel_find(const struct response_machine *machine, const vg_channel_public *of,
                           vg_id *out)
{
    return find_owner(machine, &channel, of->bytes, out);
}

enum vg_code response_require_person(struct response_call *call, const vg_id *id)
{
    struct response_person person;
    char text[VG_ID_TEXT];
    if (response_person_get(call->machine, id, &person) == VG_OK && person.expelled_at == 0)
        return VG_OK;
    vg_id_format(id, text);
    return RESPONSE_REFUSE(call, NO_PERSON, text);
}

/* ---- enroll ------------------------------------------------------------------------------------
 */

static uint32_t count_enrolled(const struct response_machine *machine)
{
    struct response_person person = {.first = false};
    uint32_t count = 0;
    while (response_person_next(machine, &person))
        count += !person.first;
    return count;
}

/* The same enrolment again is done already; any other use of the id is refused. */
static enum vg_code judge_known(struct response_call *call, const struct response_person *known)
{
    const struct vg_keys *keys = &call->command.enroll.keys;
    char text[VG_ID_TEXT];
    call->outcome->repeated = known->expelled_at == 0 && known->bits == call->command.enroll.bits &&
                              memcmp(&known->keys, keys, sizeof *keys) == 0;
    if (call->outcome->repeated)
        return VG_OK;
    vg_id_format(&known->id, text);
    return RESPONSE_REFUSE(call, PERSON_KNOWN, text);
}

static enum vg_code judge_key(struct response_call *call, const struct sort *sort,
                              const struct vg_keys *keys)
{
    vg_id owner;
    char text[VG_ID_TEXT];
    if (!find_owner(call->machine, sort, key_in(keys, sort), &owner))
        return VG_OK;
    vg_id_format(&owner, text);
    return RESPONSE_REFUSE(call, KEY_KNOWN, sort->name, text);
}

/* Neither is, or was, anybody's: keys that were replaced stay their owner's. */
static enum vg_code judge_keys(struct response_call *call, const struct vg_keys *keys)
{
    enum vg_code code = judge_key(call, &signing, keys);
    return code == VG_OK ? judge_key(call, &channel, keys) : code;
}

static enum vg_code judge_binding(struct response_call *call, const vg_id *id,
                                  const struct vg_keys *keys)
{
    const struct vg_holder holder = response_holder_of(id);
    char text[VG_HOLDER_TEXT];
    if (vg_binding_verify(call->machine->signer, &holder, keys))
        return VG_OK;
    vg_holder_format(&holder, text);
    return RESPONSE_REFUSE(call, UNBOUND, text);
}

enum vg_code response_judge_enroll(struct response_call *call)
{
    static const uint8_t zeros[8];
    const vg_id *id = &call->command.enroll.person;
    const struct vg_keys *keys = &call->command.enroll.keys;
    struct response_person known;
    char text[VG_ID_TEXT];
    call->outcome->id = *id;
    if (memcmp(id->bytes, zeros, sizeof zeros) == 0)
        return response_refuse(call, RESPONSE_REFUSED_ID_OF_NODES);
    if (response_person_get(call->machine, id, &known) == VG_OK)
        return judge_known(call, &known);
    if (judge_keys(call, keys) != VG_OK)
        return call->outcome->error.code;
    if (count_enrolled(call->machine) < RESPONSE_PEOPLE_MAX)
        return judge_binding(call, id, keys);
    snprintf(text, sizeof text, "%d", RESPONSE_PEOPLE_MAX);
    return RESPONSE_REFUSE(call, PEOPLE_FULL, text);
}

static void put_person(struct response_call *call, const struct response_person *person)
{
    struct vg_buffer buffer = {0};
    struct response_key key = holder_key(&person->id);
    response_person_encode(person, &buffer);
    response_pairs_put(&call->writing->pairs, &key, vg_buffer_span(&buffer));
    vg_buffer_free(&buffer);
    call->outcome->keyed = person->id;
}

static void put_owner(struct response_call *call, const struct sort *sort,
                      const struct response_person *person)
{
    struct response_key key = owner_key(sort, key_in(&person->keys, sort));
    response_pairs_put(&call->writing->pairs, &key,
                       vg_span_of(person->id.bytes, sizeof person->id));
}

/* A person with keys that nobody had. */
static void put_keys(struct response_call *call, const struct response_person *person)
{
    put_person(call, person);
    put_owner(call, &signing, person);
    put_owner(call, &channel, person);
}

void response_effect_enroll(struct response_call *call)
{
    struct response_person person = {.id = call->command.enroll.person,
                                     .keys = call->command.enroll.keys,
                                     .bits = call->command.enroll.bits,
                                     .enrolled_at = call->time_ms};
    put_keys(call, &person);
}

/* ---- expel -------------------------------------------------------------------------------------
 */

static bool is_last_operator(const struct response_machine *machine, const vg_id *id)
{
    struct response_person person = {.first = false};
    while (response_person_next(machine, &person)) {
        bool other = !vg_id_equal(&person.id, id) && person.expelled_at == 0;
        if (other && (person.bits & LEDGER_PERSON_OPERATOR) != 0)
            return false;
    }
    return true;
}

enum vg_code response_judge_expel(struct response_call *call)
{
    const vg_id *id = &call->command.expel.person;
    struct response_person person;
    char text[VG_ID_TEXT];
    call->outcome->id = *id;
    vg_id_format(id, text);
    if (response_person_get(call->machine, id, &person) != VG_OK)
        return RESPONSE_REFUSE(call, NO_PERSON, text);
    call->outcome->repeated = person.expelled_at != 0;
    if (person.expelled_at == 0 && (person.bits & LEDGER_PERSON_OPERATOR) != 0 &&
        is_last_operator(call->machine, id))
        return RESPONSE_REFUSE(call, LAST_OPERATOR, text);
    return VG_OK;
}

void response_effect_expel(struct response_call *call)
{
    struct response_person person;
    enum vg_code found = response_person_get(call->machine, &call->command.expel.person, &person);
    assert(found == VG_OK);
    person.expelled_at = call->time_ms;
    put_person(call, &person);
}

/* ---- rekey -------------------------------------------------------------------------------------
 */

/* Of somebody who is or was here; of a node that is a member. */
static enum vg_code judge_holder(struct response_call *call, const vg_id *id)
{
    struct response_person holder;
    vg_node_id node;
    char text[VG_NAME_MAX + 1];
    bool known = response_author_get(call->machine, id, &holder);
    if (response_is_node_author(id, &node)) {
        snprintf(text, sizeof text, "%llu", (unsigned long long)node.value);
        return known ? response_require_node(call, node) : RESPONSE_REFUSE(call, NO_NODE, text);
    }
    response_person_words(call->machine, id, text);
    if (!known)
        return RESPONSE_REFUSE(call, NO_PERSON, text);
    return response_has_signed(call->carries, id) ? RESPONSE_REFUSE(call, OWN_KEY, text) : VG_OK;
}

enum vg_code response_judge_rekey(struct response_call *call)
{
    const vg_id *id = &call->command.rekey.holder;
    const struct vg_keys *keys = &call->command.rekey.keys;
    call->outcome->id = *id;
    if (judge_holder(call, id) != VG_OK || judge_keys(call, keys) != VG_OK)
        return call->outcome->error.code;
    return judge_binding(call, id, keys);
}

/* Who was removed is here again: that is the way back for somebody whose key was stolen. */
void response_effect_rekey(struct response_call *call)
{
    struct response_person holder;
    bool known = response_author_get(call->machine, &call->command.rekey.holder, &holder);
    assert(known);
    holder.keys = call->command.rekey.keys;
    holder.keyed_at = call->time_ms;
    holder.expelled_at = 0;
    put_keys(call, &holder);
}
