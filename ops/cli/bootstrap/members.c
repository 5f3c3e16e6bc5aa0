/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/cli/bootstrap/members.h"

#include <stdio.h>

#include "common/text.h"
#include "ops/cli/bootstrap/share.h"
#include "ops/cli/core/output.h"
#include "proto/response/words.h"

static const struct cli_column cluster_columns[] = {
    {.title = "cluster", .path = "cluster_id"},
    {.title = "fingerprint", .path = "fingerprint"},
    {.title = "recovery key", .path = "recovery.fingerprint"},
    {.title = NULL},
};

static const struct cli_column node_columns[] = {
    {.title = "NODE", .path = "id", .number = true},
    {.title = "REGION", .path = "region"},
    {.title = "FINGERPRINT", .path = "fingerprint"},
    {.title = "CLIENT", .path = "client", .wide = true},
    {.title = "CHANNEL KEY", .path = "channel_key", .wide = true},
    {.title = NULL},
};

static const struct cli_column person_columns[] = {
    {.title = "PERSON", .path = "name"},
    {.title = "RIGHTS", .path = "rights"},
    {.title = "FINGERPRINT", .path = "fingerprint"},
    {.title = "ID", .path = "id", .wide = true},
    {.title = NULL},
};

json_t *members_document(const vg_hash *cluster, const vg_box_public *recovery)
{
    char id[VG_HASH_TEXT];
    char fingerprint[VG_FINGERPRINT_TEXT];
    char recovery_text[VG_FINGERPRINT_TEXT];
    vg_hex_format(vg_span_of(cluster->bytes, sizeof cluster->bytes), id);
    vg_fingerprint_format(cluster, fingerprint);
    recovery_fingerprint(recovery, recovery_text);
    return json_pack("{s:s, s:s, s:{s:o, s:s}, s:[], s:[]}", "cluster_id", id, "fingerprint",
                     fingerprint, "recovery", "public_key",
                     cli_json_hex(recovery, sizeof *recovery), "fingerprint", recovery_text,
                     "nodes", "people");
}

json_t *members_node(const struct cli_public *identity, const char *region, const char *client)
{
    json_t *row = cli_public_describe(identity);
    json_object_set_new(row, "region", json_string(region));
    json_object_set_new(row, "client", client != NULL ? json_string(client) : json_null());
    return row;
}

json_t *members_person(const struct cli_public *identity, const char *name, uint8_t bits)
{
    json_t *row = cli_public_describe(identity);
    json_t *rights = json_array();
    for (const struct response_word *word = response_person_bits; word->text != NULL; word++)
        if ((bits & word->number) != 0)
            json_array_append_new(rights, json_string(word->text));
    json_object_set_new(row, "name", name != NULL ? json_string(name) : json_null());
    json_object_set_new(row, "rights", rights);
    return row;
}

json_t *members_of_file(const struct cluster_file *file)
{
    const struct ledger_genesis *genesis = &file->genesis;
    json_t *document =
        members_document(&file->cluster, &genesis->epochs[LEDGER_DIRECTORY].wraps[0].unwrap);
    for (uint32_t i = 0; i < genesis->member_count; i++) {
        const struct ledger_member *member = &genesis->members[i];
        const struct cli_public node = {.holder = {.kind = VG_IDENTITY_NODE, .node = member->id},
                                        .keys = member->keys};
        json_array_append_new(json_object_get(document, "nodes"),
                              members_node(&node, member->region, file->places[i].client));
    }
    for (uint32_t i = 0; i < genesis->person_count; i++) {
        const struct ledger_person *known = &genesis->people[i];
        const struct cli_public person = {
            .holder = {.kind = VG_IDENTITY_PERSON, .person = known->id}, .keys = known->keys};
        json_array_append_new(json_object_get(document, "people"),
                              members_person(&person, NULL, known->bits));
    }
    return document;
}

/* Who has no name here is shown by their id. */
static json_t *with_names(const json_t *people)
{
    json_t *out = json_deep_copy(people);
    size_t i;
    json_t *person;
    json_array_foreach(out, i, person)
    {
        if (cli_json_text(person, "name")[0] == '\0')
            json_object_set(person, "name", json_object_get(person, "id"));
    }
    return out;
}

void members_print(const struct cli_call *call, const json_t *document)
{
    enum cli_output output = call->settings.output;
    if (cli_is_json(output)) {
        cli_print_json(stdout, output, document);
        return;
    }
    json_t *people = with_names(json_object_get(document, "people"));
    cli_print_fields(stdout, document, cluster_columns);
    fputc('\n', stdout);
    cli_print_table(stdout, output, json_object_get(document, "nodes"), node_columns);
    fputc('\n', stdout);
    cli_print_table(stdout, output, people, person_columns);
    json_decref(people);
}
