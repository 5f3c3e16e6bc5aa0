/* SPDX-License-Identifier: Apache-2.0
 * `vigil cluster init` and `setup`: a founder's plan becomes a cluster (docs/bootstrap.md). */
#include <stdio.h>

#include "common/clock.h"
#include "common/identity.h"
#include "ops/cli/bootstrap/members.h"
#include "ops/cli/bootstrap/plan.h"
#include "ops/cli/bootstrap/seal.h"
#include "ops/cli/bootstrap/setup.h"
#include "ops/cli/cluster.h"
#include "ops/cli/core/output.h"

const struct cli_option cluster_init_options[] = {
    {.name = "out", .value = "FILE", .help = "the cluster file to write (cluster.json)"},
    {.name = NULL},
};

static void fill_genesis(const struct plan *plan, struct cluster_file *out)
{
    struct ledger_genesis *genesis = &out->genesis;
    *genesis = (struct ledger_genesis){.version = LEDGER_GENESIS_VERSION,
                                       .created_ms = vg_clock_system.wall_ms(),
                                       .directory = cli_request_make(),
                                       .first = cli_request_make(),
                                       .member_count = plan->nodes_count,
                                       .person_count = plan->people_count};
    vg_random(genesis->salt, sizeof genesis->salt);
    for (unsigned i = 0; i < plan->nodes_count; i++) {
        const struct plan_node *node = &plan->nodes[i];
        struct cluster_place *place = &out->places[i];
        struct ledger_member *member = &genesis->members[i];
        *member =
            (struct ledger_member){.id = node->identity.holder.node, .keys = node->identity.keys};
        snprintf(member->region, sizeof member->region, "%s", node->region);
        snprintf(place->peer, sizeof place->peer, "%s", node->peer);
        snprintf(place->client, sizeof place->client, "%s", node->client);
    }
    for (unsigned i = 0; i < plan->people_count; i++) {
        const struct plan_person *person = &plan->people[i];
        uint8_t bits = (uint8_t)((person->operates ? LEDGER_PERSON_OPERATOR : 0) |
                                 (person->key_officer ? LEDGER_PERSON_KEY_OFFICER : 0));
        genesis->people[i] = (struct ledger_person){
            .id = person->identity.holder.person, .keys = person->identity.keys, .bits = bits};
    }
}

static enum vg_code seal_genesis(const struct plan *plan, struct ledger_genesis *genesis,
                                 struct vg_error *error)
{
    struct bootstrap_holders holders = {.recovery = plan->recovery};
    for (unsigned i = 0; i < plan->nodes_count; i++)
        for (int which = 0; which < LEDGER_FOUNDED; which++)
            holders.members[i][which] = plan->nodes[i].identity.unwraps[which].key;
    return bootstrap_seal(genesis, &holders, error);
}

/* As every node will, so that none finds out later. */
static enum vg_code check_genesis(struct cluster_file *file, struct vg_error *error)
{
    uint8_t bytes[LEDGER_GENESIS_MAX];
    vg_span encoded = vg_span_of(bytes, ledger_genesis_encode(&file->genesis, bytes));
    file->cluster = ledger_genesis_hash(encoded);
    enum vg_code code = ledger_genesis_decode(encoded, &file->genesis, error);
    return code == VG_OK ? ledger_genesis_check(&file->genesis, &vg_signer_ed25519, error) : code;
}

static json_t *describe(const struct plan *plan, const struct cluster_file *file)
{
    json_t *document = members_of_file(file);
    for (unsigned i = 0; i < plan->people_count; i++)
        json_object_set_new(json_array_get(json_object_get(document, "people"), i), "name",
                            json_string(plan->people[i].name));
    return document;
}

static enum vg_code found(struct cli_call *call, const struct plan *plan)
{
    static struct cluster_file file;
    const char *out = cli_text(call, "out") != NULL ? cli_text(call, "out") : "cluster.json";
    fill_genesis(plan, &file);
    enum vg_code code = seal_genesis(plan, &file.genesis, &call->error);
    if (code == VG_OK)
        code = check_genesis(&file, &call->error);
    if (code == VG_OK && !call->settings.dry_run)
        code = cluster_file_write(out, &file, &call->error);
    if (code != VG_OK)
        return code;
    json_t *document = describe(plan, &file);
    if (call->settings.dry_run) { /* another salt gives the cluster another id */
        json_object_set_new(document, "cluster_id", json_null());
        json_object_set_new(document, "fingerprint", json_null());
    }
    members_print(call, document);
    json_decref(document);
    if (call->settings.dry_run || cli_is_json(call->settings.output))
        return VG_OK;
    printf("\nwrote %s: send it to all of them, and read them the fingerprint of the cluster\n",
           out);
    return VG_OK;
}

enum vg_code cluster_init(struct cli_call *call)
{
    struct plan *plan;
    if (plan_read(call->words[0], &plan, &call->error) != VG_OK)
        return call->error.code;
    enum vg_code code = found(call, plan);
    plan_free(plan);
    return code;
}

/* ---- setup -------------------------------------------------------------------------------------
 */

static enum vg_code fill_directory(struct cli_call *call, const struct plan *plan)
{
    struct cli_author *author;
    vg_id first;
    bool named = false;
    enum vg_code code = cli_author_open(call, &author);
    if (code == VG_OK)
        code = setup_first_find(call, &first, &named);
    for (unsigned i = 0; code == VG_OK && i < plan->people_count; i++) {
        const struct plan_person *planned = &plan->people[i];
        const struct setup_person person = {.id = planned->identity.holder.person,
                                            .name = planned->name,
                                            .roles = planned->role_bits,
                                            .on_call = planned->on_call};
        code = setup_person(call, &first, &person);
    }
    return code == VG_OK ? setup_first_name(call, &first, plan->compartment) : code;
}

enum vg_code cluster_setup(struct cli_call *call)
{
    struct plan *plan;
    if (plan_read(call->words[0], &plan, &call->error) != VG_OK)
        return call->error.code;
    enum vg_code code = VG_OK;
    if (call->settings.dry_run)
        cli_print_would(call->settings.output,
                        "name %u people and the compartment %s, and grant the roles of the plan",
                        plan->people_count, plan->compartment);
    else
        code = fill_directory(call, plan);
    if (code == VG_OK && !call->settings.dry_run && !cli_is_json(call->settings.output))
        printf("%u people and the compartment %s have their names\n", plan->people_count,
               plan->compartment);
    plan_free(plan);
    return code;
}
