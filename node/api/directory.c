/* SPDX-License-Identifier: Apache-2.0 */
#include "node/api/directory.h"

#include <assert.h>

#include "node/api/compartments.h"
#include "node/api/epochs.h"
#include "node/api/text.h"
#include "proto/response/epochs.h"
#include "proto/response/standing.h"

/* Who asks, the compartments they know of, and whether they manage them. */
struct asking {
    const struct response_machine *machine;
    const vg_id *asker;
    struct api_compartments known;
    bool manages;
};

static json_t *name_or_null(const struct response_machine *machine, const vg_id *id)
{
    char name[VG_NAME_MAX + 1];
    return response_name_get(machine, id, name) ? json_string(name) : json_null();
}

/* People are known by name to colleagues, who have roles in one compartment; and those who manage,
 * to whom one turns, to everybody. */
static bool is_named(const struct asking *asking, const struct response_person *person)
{
    bool known = asking->manages || vg_id_equal(asking->asker, &person->id) ||
                 (person->bits & (LEDGER_PERSON_OPERATOR | LEDGER_PERSON_KEY_OFFICER)) != 0;
    for (uint32_t i = 0; i < asking->known.count && !known; i++)
        known = response_belongs(asking->machine, asking->asker, &asking->known.ids[i]) &&
                response_belongs(asking->machine, &person->id, &asking->known.ids[i]);
    return known;
}

/* {COMPARTMENT: [ROLE, ...]}, and the compartments for which the person is on call. */
static void set_places(json_t *out, const struct asking *asking,
                       const struct response_person *person)
{
    const struct response_machine *machine = asking->machine;
    json_t *roles = json_object();
    json_t *on_call = json_array();
    for (uint32_t i = 0; i < asking->known.count; i++) {
        char name[VG_NAME_MAX + 1];
        const vg_id *compartment = &asking->known.ids[i];
        uint32_t bits = response_roles_of(machine, &person->id, compartment);
        api_compartment_name(machine, compartment, name);
        if (bits != 0)
            api_set(roles, name, api_words(response_roles, bits));
        if (response_on_call(machine, compartment, &person->id))
            json_array_append_new(on_call, json_string(name));
    }
    api_set(out, "roles", roles);
    api_set(out, "on_call", on_call);
}

static void set_keys(json_t *out, const struct vg_keys *keys)
{
    api_set(out, "public_key", api_hex(vg_span_of(keys->key.bytes, sizeof keys->key)));
    api_set(out, "channel_key", api_hex(vg_span_of(keys->channel.bytes, sizeof keys->channel)));
    api_set(out, "binding", api_hex(vg_span_of(keys->binding.bytes, sizeof keys->binding)));
}

static json_t *node_object(const struct response_machine *machine,
                           const struct ledger_member *member)
{
    json_t *out = json_object();
    struct response_person node;
    vg_id author = response_node_author(member->id);
    bool known = response_author_get(machine, &author, &node);
    assert(known);
    api_set(out, "id", api_uint(member->id.value));
    set_keys(out, &node.keys);
    api_set(out, "evicted_at", api_time(node.expelled_at));
    api_set(out, "keyed_at", api_time(node.keyed_at));
    return out;
}

static json_t *person_object(const struct asking *asking, const struct response_person *person)
{
    json_t *out = json_object();
    api_set(out, "id", api_id(&person->id));
    api_set(out, "name",
            is_named(asking, person) ? name_or_null(asking->machine, &person->id) : json_null());
    api_set(out, "public_key",
            api_hex(vg_span_of(person->keys.key.bytes, sizeof person->keys.key)));
    api_set(out, "channel_key",
            api_hex(vg_span_of(person->keys.channel.bytes, sizeof person->keys.channel)));
    api_set(out, "binding",
            api_hex(vg_span_of(person->keys.binding.bytes, sizeof person->keys.binding)));
    api_set(out, "rights", api_words(response_person_bits, person->bits));
    api_set(out, "enrolled_at", api_time(person->enrolled_at));
    api_set(out, "removed_at", api_time(person->expelled_at));
    api_set(out, "keyed_at", api_time(person->keyed_at));
    set_places(out, asking, person);
    return out;
}

/* How much of it the asker reads. */
static json_t *sight_word(enum response_sight sight)
{
    static const char *const words[] = {[RESPONSE_SEES_NOTHING] = NULL,
                                        [RESPONSE_SEES_OWN] = "own",
                                        [RESPONSE_SEES_CONTENT] = "content"};
    return words[sight] != NULL ? json_string(words[sight]) : json_null();
}

/* The n-th that the asker knows. */
static json_t *compartment_object(const struct asking *asking, uint32_t n)
{
    const struct response_machine *machine = asking->machine;
    const vg_id *id = &asking->known.ids[n];
    json_t *out = json_object();
    char procedure[VG_NAME_MAX + 1];
    response_procedure_of(machine, id, procedure);
    char name[VG_NAME_MAX + 1];
    api_compartment_name(machine, id, name);
    bool is_directory = vg_id_equal(id, &machine->genesis->directory);
    api_set(out, "id", api_id(id));
    api_set(out, "name", is_directory ? json_string(name) : name_or_null(machine, id));
    api_set(out, "procedure", json_string(procedure));
    api_set(out, "epoch", api_uint(response_epoch_in_force(machine, id)));
    api_set(out, "shredding", api_shredding(machine, asking->asker, id));
    api_set(out, "served", json_boolean(response_is_served(machine, id)));
    api_set(out, "reads", sight_word(asking->known.sights[n]));
    return out;
}

json_t *api_directory(struct response_machine *machine, const struct api_query *query,
                      struct vg_error *error)
{
    struct asking asking = {.machine = machine,
                            .asker = &query->asker,
                            .manages = response_manages(machine, &query->asker)};
    struct response_person person = {.first = false};
    json_t *people = json_array();
    json_t *compartments = json_array();
    json_t *nodes = json_array();
    const struct ledger_genesis *genesis = machine->genesis;
    json_t *out = json_object();
    (void)error;
    api_compartments_known(machine, &query->asker, &asking.known);
    while (response_person_next(machine, &person))
        json_array_append_new(people, person_object(&asking, &person));
    for (uint32_t i = 0; i < asking.known.count; i++)
        json_array_append_new(compartments, compartment_object(&asking, i));
    for (uint32_t i = 0; i < genesis->member_count; i++)
        json_array_append_new(nodes, node_object(machine, &genesis->members[i]));
    api_set(out, "cluster_id", api_hash(&machine->cluster));
    api_set(out, "directory", api_id(&genesis->directory));
    api_set(out, "nodes", nodes);
    api_set(out, "people", people);
    api_set(out, "compartments", compartments);
    return out;
}
