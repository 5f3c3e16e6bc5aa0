/* SPDX-License-Identifier: Apache-2.0
 * The state on disk is sealed: it says nothing of what is in it without the node's state keys, what
 * was altered or moved does not open, and nothing else is different by it. */
#include <criterion/criterion.h>
#include <lmdb.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/file.h"
#include "common/text.h"
#include "node/api/api.h"
#include "node/store/record.h"
#include "node/store/vault.h"
#include "proto/response/keys.h"
#include "proto/response/rows.h"
#include "tests/lib/leaks.h"
#include "tests/lib/scratch.h"
#include "tests/lib/sealing.h"
#include "tests/lib/story.h"

/* ---- a state, sealed or not --------------------------------------------------------------------
 */

/* The control: with all rows public, nothing is sealed (linked with --wrap). */
static bool in_clear;
bool __real_response_row_is_public(vg_span key);
bool __wrap_response_row_is_public(vg_span key);

bool __wrap_response_row_is_public(vg_span key)
{
    return in_clear || __real_response_row_is_public(key);
}

static char folder[SCRATCH_PATH];
static vg_node_id nodes[] = {{1}, {2}};

static void setup(void)
{
    vg_crypto_init();
    scratch_make(folder);
}

static void teardown(void)
{
    scratch_remove(folder);
}

TestSuite(store_sealed, .init = setup, .fini = teardown);

static void path_of(const char *name, char out[SCRATCH_PATH + 32])
{
    snprintf(out, SCRATCH_PATH + 32, "%s/%s", folder, name);
}

/* The state of a node, whose keys are its own. */
static enum vg_code try_open(vg_node_id *node, const struct store_state_keys *keys,
                             struct store_state **out, struct vg_error *error)
{
    char path[SCRATCH_PATH + 32];
    char name[16];
    const vg_hash cluster = {{1}};
    struct store_position position;
    snprintf(name, sizeof name, "state-%d", (int)node->value);
    path_of(name, path);
    return store_state_open(path, &cluster, *node, keys, out, &position, error);
}

static struct store_state *open_state(vg_node_id *node)
{
    const struct store_state_keys keys = {sealing_state_key, node};
    struct store_state *state;
    struct vg_error error;
    cr_assert_eq(try_open(node, &keys, &state, &error), VG_OK, "%s", error.text);
    return state;
}

static void commit(struct store_state *state)
{
    store_state_commit(state, &(struct store_position){.index = 1});
}

/* ---- it is as in memory ------------------------------------------------------------------------
 */

/* Applies the log of a desk to another store; free with desk_free. */
static struct desk *replayed(const struct desk *desk, struct vg_kv kv)
{
    struct desk *other = desk_new_bare();
    struct response_outcome outcome;
    other->machine.kv = kv;
    for (uint64_t i = 1; i <= ledger_tail_last(desk->log); i++)
        desk_apply(other, ledger_tail_get(desk->log, i), &outcome);
    return other;
}

static void assert_hashes_equal(const struct desk *desk, const struct desk *other)
{
    const vg_id compartments[] = {
        {{0}}, desk->genesis.directory, desk->genesis.first, story_second};
    for (size_t i = 0; i < 4; i++) {
        vg_hash expected = response_state_hash(&desk->machine, &compartments[i]);
        vg_hash kept = response_state_hash(&other->machine, &compartments[i]);
        vg_hash scanned = response_state_hash_scan(&other->machine, &compartments[i]);
        cr_assert(vg_hash_equal(&expected, &kept), "compartment %zu", i);
        cr_assert(vg_hash_equal(&expected, &scanned), "compartment %zu, scanned", i);
    }
}

static json_t *ask(struct desk *desk, const char *text)
{
    struct api_query query;
    struct vg_error error;
    cr_assert_eq(api_query_parse(vg_span_text(text), &query, &error), VG_OK, "%s", error.text);
    query.asker = desk_author(desk, DESK_ANN);
    json_t *answer = api_state_answer(&desk->machine, &query, &error);
    cr_assert_not_null(answer, "%s: %s", text, error.text);
    return answer;
}

/* All filters, asked for two at a time, at one desk and the other in turn. */
static json_t *filters(struct desk *desk, struct desk *other)
{
    char after[VG_NAME_MAX + 1] = "";
    char text[256];
    json_t *all = json_array();
    json_t *page;
    do {
        snprintf(text, sizeof text,
                 "{\"query\":\"filter.list\",\"compartment\":\"default\",\"limit\":2,"
                 "\"after\":\"%s\"}",
                 after);
        page = ask(json_array_size(all) % 4 == 0 ? desk : other, text);
        json_array_extend(all, page);
        size_t count = json_array_size(page);
        if (count > 0)
            snprintf(after, sizeof after, "%s",
                     json_string_value(json_object_get(json_array_get(page, count - 1), "match")));
        json_decref(page);
    } while (json_array_size(all) < 100 && after[0] != '\0' && json_array_size(all) % 2 == 0);
    return all;
}

static void assert_sorted(const json_t *list, const char *key, size_t count)
{
    cr_assert_eq(json_array_size(list), count, "%zu of %s", json_array_size(list), key);
    for (size_t i = 1; i < count; i++)
        cr_assert_lt(strcmp(json_string_value(json_object_get(json_array_get(list, i - 1), key)),
                            json_string_value(json_object_get(json_array_get(list, i), key))),
                     0);
}

static void assert_lists_equal(struct desk *desk, struct desk *other, const vg_id *declared)
{
    char id[VG_ID_TEXT];
    char text[128];
    json_t *lists[] = {filters(desk, other), filters(other, desk)};
    assert_sorted(lists[0], "match", 7);
    cr_assert(json_equal(lists[0], lists[1]));
    vg_id_format(declared, id);
    snprintf(text, sizeof text, "{\"query\":\"incident.page\",\"id\":\"%s\"}", id);
    json_t *pages[] = {ask(desk, text), ask(other, text)};
    assert_sorted(json_object_get(pages[0], "tenants"), "tenant", 7);
    cr_assert(json_equal(pages[0], pages[1]));
    json_t *directories[] = {ask(desk, "{\"query\":\"directory\"}"),
                             ask(other, "{\"query\":\"directory\"}")};
    cr_assert(json_equal(directories[0], directories[1]));
    for (size_t i = 0; i < 2; i++) {
        json_decref(lists[i]);
        json_decref(pages[i]);
        json_decref(directories[i]);
    }
}

static void name_first(struct play *play, const char *name)
{
    struct desk_order order = play_order(play, RESPONSE_OP_LABEL);
    order.command.label.compartment = play->desk->genesis.first;
    order.command.label.name = vg_span_text(name);
    play_must(play, order);
}

/* Everything, and lists of texts that are long enough to have an order. Answers with the incident
 * that has the tenants. */
static vg_id tell(struct play *play)
{
    static const char *const names[] = {"zebra", "a", "bank", "m", "lion", "aa", "yak"};
    *play = story_tell_all();
    name_first(play, "default");
    for (size_t i = 0; i < 7; i++) {
        play_begin(play, names[i], RESPONSE_DIAGNOSE);
        play_attest_all(play);
        play_filter(play, names[i]);
    }
    play_begin(play, "", RESPONSE_DIAGNOSE);
    play_do(play, RESPONSE_OP_DECLARE);
    play_tenants(play, names, 7);
    for (size_t i = 0; i < 7; i++) {
        struct desk_order order = play_order(play, RESPONSE_OP_AFFECT);
        order.command.affect.tenant = vg_span_text(names[i]);
        play_must(play, order);
    }
    return play->incident;
}

Test(store_sealed, every_node_has_the_same_state_and_shows_the_same)
{
    struct play play;
    vg_id declared = tell(&play);
    struct store_state *states[2];
    struct desk *desks[2];
    for (size_t i = 0; i < 2; i++) {
        states[i] = open_state(&nodes[i]);
        desks[i] = replayed(play.desk, store_state_kv(states[i]));
        assert_hashes_equal(play.desk, desks[i]);
        commit(states[i]);
        store_state_close(states[i]);
        states[i] = open_state(&nodes[i]);
        desks[i]->machine.kv = store_state_kv(states[i]);
        assert_hashes_equal(play.desk, desks[i]);
    }
    assert_lists_equal(desks[0], desks[1], &declared);
    assert_lists_equal(play.desk, desks[0], &declared);
    for (size_t i = 0; i < 2; i++) {
        desk_free(desks[i]);
        store_state_close(states[i]);
    }
    play_free(&play);
    cr_expect_not(LEAKS_FOUND());
}

/* ---- it says nothing ---------------------------------------------------------------------------
 */

enum { PIECE = 12, FORMS_MAX = 64, FORM_SIZE = 160 };

/* Each is in the state, as value or key, once or more. */
static const char *const canaries[] = {
    "Zquarrelwyn Canaryson",   "zquibble-compartment",  "zquoth the detector said",
    "zquirm-signal-4711",      "zquell-tenant-first",   "zquench-tenant-later",
    "zquartz-import-space",    "zquarry-import-key-99", "{\"zquorum\":\"document kept\"}",
    "zquasi note of somebody", "zquake-filter-0815",
};

struct forms {
    uint8_t bytes[FORMS_MAX][FORM_SIZE];
    size_t sizes[FORMS_MAX];
    size_t count;
};

static void add_form(struct forms *forms, const void *bytes, size_t size)
{
    cr_assert_lt(forms->count, (size_t)FORMS_MAX);
    cr_assert_leq(size, (size_t)FORM_SIZE);
    memcpy(forms->bytes[forms->count], bytes, size);
    forms->sizes[forms->count++] = size;
}

/* Base64 of what begins `offset` bytes after a group, without the digits that depend on neighbours.
 */
static void add_base64(struct forms *forms, const char *canary, size_t offset)
{
    uint8_t shifted[FORM_SIZE] = {0};
    char text[FORM_SIZE];
    size_t size = offset + strlen(canary);
    memcpy(shifted + offset, canary, strlen(canary));
    sodium_bin2base64(text, sizeof text, shifted, size, sodium_base64_VARIANT_ORIGINAL);
    size_t from = (offset * 8 + 5) / 6;
    add_form(forms, text + from, size * 8 / 6 - from);
}

static struct forms forms_of(const char *canary)
{
    struct forms forms = {.count = 0};
    char text[FORM_SIZE];
    size_t size = strlen(canary);
    uint8_t wide[FORM_SIZE] = {0};
    for (size_t i = 0; i + PIECE <= size; i++)
        add_form(&forms, canary + i, PIECE);
    for (size_t i = 0; i < size; i++)
        wide[2 * i] = (uint8_t)canary[i];
    add_form(&forms, wide, 2 * size);
    sodium_bin2hex(text, sizeof text, (const uint8_t *)canary, size);
    add_form(&forms, text, 2 * size);
    for (size_t i = 0; i < 2 * size; i++)
        text[i] = text[i] >= 'a' ? (char)(text[i] - 'a' + 'A') : text[i];
    add_form(&forms, text, 2 * size);
    for (size_t offset = 0; offset < 3; offset++)
        add_base64(&forms, canary, offset);
    return forms;
}

static bool contains(const struct vg_buffer *file, const char *canary)
{
    struct forms forms = forms_of(canary);
    for (size_t f = 0; f < forms.count; f++) {
        const uint8_t *at = file->data;
        const uint8_t *end = file->data + file->size - forms.sizes[f];
        while (at <= end && (at = memchr(at, forms.bytes[f][0], (size_t)(end - at) + 1)) != NULL) {
            if (memcmp(at++, forms.bytes[f], forms.sizes[f]) == 0)
                return true;
        }
    }
    return false;
}

/* The sentence names who may not, though control entries are everybody's. */
static void refuse_in_control(struct play *play)
{
    struct desk_order order = play_order(play, RESPONSE_OP_EXPEL);
    order.person = DESK_BEN;
    order.command.expel.person = desk_author(play->desk, DESK_ANN);
    struct response_outcome outcome = play_send(play, order);
    cr_assert_not_null(strstr(outcome.error.text, canaries[0]), "%s", outcome.error.text);
}

static void tell_canaries(struct play *play)
{
    *play = play_new(RESPONSE_DIAGNOSE);
    play_name(play, DESK_BEN, canaries[0]);
    refuse_in_control(play);
    name_first(play, canaries[1]);
    play_must(play, desk_detect(canaries[2], canaries[3]));
    play_tenants(play, &canaries[4], 2);
    struct desk_order order = play_order(play, RESPONSE_OP_DECLARE);
    order.command.declare.tenants = (struct response_lines){1, {vg_span_text(canaries[4])}};
    play_must(play, order);
    order = play_order(play, RESPONSE_OP_AFFECT);
    order.command.affect.tenant = vg_span_text(canaries[5]);
    play_must(play, order);
    order = desk_note(&play->incident, canaries[9]);
    play_must(play, order);
    order = desk_import(canaries[7], canaries[8]);
    order.command.import.space = vg_span_text(canaries[6]);
    play_must(play, order);
    play_begin(play, canaries[10], RESPONSE_DIAGNOSE);
    play_attest_all(play);
    play_filter(play, canaries[10]);
}

/* How many of them are in the file of a node that applied this log. */
static size_t found_in_file(const struct desk *desk, vg_node_id *node)
{
    char path[SCRATCH_PATH + 32];
    char name[32];
    struct vg_buffer file = {0};
    struct vg_error error;
    size_t found = 0;
    struct store_state *state = open_state(node);
    desk_free(replayed(desk, store_state_kv(state)));
    commit(state);
    store_state_close(state);
    snprintf(name, sizeof name, "state-%d/data.mdb", (int)node->value);
    path_of(name, path);
    cr_assert_eq(vg_file_read(path, 256 << 20, &file, &error), VG_OK, "%s", error.text);
    for (size_t i = 0; i < sizeof canaries / sizeof canaries[0]; i++)
        found += contains(&file, canaries[i]);
    vg_buffer_free(&file);
    return found;
}

Test(store_sealed, no_text_is_in_the_file_in_any_form_and_in_clear_every_one_is)
{
    struct play play;
    tell_canaries(&play);
    cr_assert_eq(found_in_file(play.desk, &nodes[0]), 0);
    in_clear = true;
    cr_assert_eq(found_in_file(play.desk, &nodes[1]), sizeof canaries / sizeof canaries[0]);
    in_clear = false;
    play_free(&play);
}

/* ---- what was altered or moved -----------------------------------------------------------------
 */

static const vg_id tenants = {{0x4b, 7}}, others = {{0x4b, 8}};

static struct response_key signal_key(const vg_id *compartment, const char *signal)
{
    struct response_key key = response_key_of(compartment, RESPONSE_KIND_DEDUP);
    response_key_text(&key, vg_span_text(signal));
    return key;
}

static struct response_key number_key(const vg_id *compartment, uint64_t number)
{
    struct response_key key = response_key_of(compartment, RESPONSE_KIND_STREAM);
    response_key_u64(&key, 1);
    response_key_u64(&key, number);
    return key;
}

/* A row as it is stored. */
struct row {
    struct store_row_key key;
    struct vg_buffer value;
};

static struct row sealed(struct store_vault *vault, const struct response_key *key,
                         const char *value)
{
    struct row row = {.value.size = 0};
    cr_assert(store_vault_key(vault, response_key_span(key), &row.key));
    cr_assert(store_vault_seal(vault, response_key_span(key),
                               vg_span_of(row.key.bytes, row.key.size), vg_span_text(value),
                               &row.value));
    return row;
}

static bool opens_as(struct store_vault *vault, const struct store_row_key *stored,
                     const struct vg_buffer *value, vg_span *key, vg_span *clear)
{
    return store_vault_open(vault, vg_span_of(stored->bytes, stored->size), vg_buffer_span(value),
                            key, clear);
}

static struct store_vault *vault_of(vg_node_id *node)
{
    const struct store_state_keys keys = {sealing_state_key, node};
    struct store_vault *vault = store_vault_new(&keys, NULL);
    cr_assert_not_null(vault);
    return vault;
}

static void assert_no_bit_is_free(struct store_vault *vault, struct row *row)
{
    vg_span key;
    vg_span value;
    for (size_t bit = 0; bit < 8 * row->value.size; bit++) {
        row->value.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
        cr_assert_not(opens_as(vault, &row->key, &row->value, &key, &value), "bit %zu", bit);
        row->value.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    for (size_t bit = 0; bit < 8 * row->key.size; bit++) {
        row->key.bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
        cr_assert_not(opens_as(vault, &row->key, &row->value, &key, &value), "key bit %zu", bit);
        row->key.bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    for (struct vg_buffer cut = row->value; cut.size > 0;) {
        cut.size--;
        cr_assert_not(opens_as(vault, &row->key, &cut, &key, &value));
    }
}

Test(store_sealed, no_bit_of_a_row_is_free_and_none_opens_elsewhere)
{
    struct store_vault *vault = vault_of(&nodes[0]);
    struct store_vault *another = vault_of(&nodes[1]);
    const struct response_key keys[] = {
        signal_key(&tenants, "ids-1"), signal_key(&tenants, "ids-2"), signal_key(&others, "ids-1"),
        number_key(&tenants, 1),       number_key(&tenants, 2),       number_key(&others, 1)};
    struct row rows[6];
    vg_span key;
    vg_span value;
    for (size_t i = 0; i < 6; i++)
        rows[i] = sealed(vault, &keys[i], "what is said");
    for (size_t i = 0; i < 6; i++) {
        for (size_t j = 0; j < 6; j++)
            cr_assert_eq(opens_as(vault, &rows[i].key, &rows[j].value, &key, &value), i == j,
                         "row %zu at %zu", j, i);
        cr_assert_not(opens_as(another, &rows[i].key, &rows[i].value, &key, &value));
        assert_no_bit_is_free(vault, &rows[i]);
        cr_assert(opens_as(vault, &rows[i].key, &rows[i].value, &key, &value));
        cr_assert(vg_span_equal(key, response_key_span(&keys[i])));
        cr_assert(vg_span_equal(value, vg_span_text("what is said")));
    }
    for (size_t i = 0; i < 6; i++)
        vg_buffer_free(&rows[i].value);
    store_vault_free(vault);
    store_vault_free(another);
    cr_expect_not(LEAKS_FOUND());
}

/* Nobody sees that two rows say the same, nor that two signals of the same name are two rows. */
Test(store_sealed, equal_rows_are_not_equal_on_disk)
{
    struct store_vault *vault = vault_of(&nodes[0]);
    struct response_key key = signal_key(&tenants, "ids-1");
    struct response_key filter = key;
    filter.bytes[sizeof(vg_id)] = RESPONSE_KIND_FILTER;
    struct row rows[] = {sealed(vault, &key, "same"), sealed(vault, &key, "same"),
                         sealed(vault, &filter, "same")};
    const size_t head = sizeof(vg_id) + 1;
    cr_assert_arr_eq(rows[0].key.bytes, rows[1].key.bytes, rows[0].key.size);
    cr_assert_arr_neq(rows[0].key.bytes + head, rows[2].key.bytes + head, rows[0].key.size - head);
    cr_assert_arr_neq(rows[0].value.data, rows[1].value.data, VG_NONCE_SIZE);
    cr_assert_arr_neq(rows[0].value.data + VG_NONCE_SIZE, rows[1].value.data + VG_NONCE_SIZE, 8);
    for (size_t i = 0; i < 3; i++)
        vg_buffer_free(&rows[i].value);
    store_vault_free(vault);
}

/* ---- on the disk -------------------------------------------------------------------------------
 */

static void put(struct store_state *state, const struct response_key *key, const char *value)
{
    struct vg_kv kv = store_state_kv(state);
    kv.put(kv.context, response_key_span(key), vg_span_text(value));
}

/* A table of an environment that nothing has open, behind its back. */
struct raw {
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi table;
};

static struct raw raw_open(vg_node_id *node, const char *table)
{
    char path[SCRATCH_PATH + 32];
    char name[32];
    struct raw raw;
    snprintf(name, sizeof name, "state-%d", (int)node->value);
    path_of(name, path);
    cr_assert_eq(mdb_env_create(&raw.env), MDB_SUCCESS);
    cr_assert_eq(mdb_env_set_maxdbs(raw.env, 2), MDB_SUCCESS);
    cr_assert_eq(mdb_env_set_mapsize(raw.env, 1 << 30), MDB_SUCCESS);
    cr_assert_eq(mdb_env_open(raw.env, path, 0, 0600), MDB_SUCCESS);
    cr_assert_eq(mdb_txn_begin(raw.env, NULL, 0, &raw.txn), MDB_SUCCESS);
    cr_assert_eq(mdb_dbi_open(raw.txn, table, 0, &raw.table), MDB_SUCCESS);
    return raw;
}

static void raw_close(struct raw *raw)
{
    cr_assert_eq(mdb_txn_commit(raw->txn), MDB_SUCCESS);
    mdb_env_close(raw->env);
}

/* Turns a bit of the stored value of a key that has no text. */
static void damage(vg_node_id *node, const struct response_key *key)
{
    struct raw raw = raw_open(node, "pairs");
    MDB_val at = {key->size, (void *)(uintptr_t)key->bytes};
    MDB_val value;
    uint8_t copy[256];
    cr_assert_eq(mdb_get(raw.txn, raw.table, &at, &value), MDB_SUCCESS);
    cr_assert_leq(value.mv_size, sizeof copy);
    memcpy(copy, value.mv_data, value.mv_size);
    copy[value.mv_size - 1] ^= 1;
    value.mv_data = copy;
    cr_assert_eq(mdb_put(raw.txn, raw.table, &at, &value, 0), MDB_SUCCESS);
    raw_close(&raw);
}

Test(store_sealed, a_damaged_row_ends_the_process_when_it_is_read, .exit_code = 70)
{
    struct response_key first = number_key(&tenants, 1);
    struct response_key second = number_key(&tenants, 2);
    vg_span value;
    struct store_state *state = open_state(&nodes[0]);
    put(state, &first, "one");
    put(state, &second, "two");
    commit(state);
    store_state_close(state);
    damage(&nodes[0], &second);
    struct vg_kv kv = store_state_kv(open_state(&nodes[0]));
    cr_assert(response_get(&kv, &first, &value));
    response_get(&kv, &second, &value);
    exit(1);
}

static bool no_key(void *context, const vg_id *compartment, vg_cipher_key *key)
{
    (void)context;
    return vg_id_equal(compartment, &others) && sealing_state_key(&nodes[0], compartment, key);
}

Test(store_sealed, of_a_compartment_without_a_key_there_is_nothing)
{
    const struct store_state_keys keys = {.find = no_key};
    struct store_state *state;
    struct response_key prefix = response_key_of(&tenants, RESPONSE_KIND_DEDUP);
    struct response_key key = signal_key(&tenants, "ids-1");
    vg_span found;
    vg_span value;
    cr_assert_eq(try_open(&nodes[0], &keys, &state, NULL), VG_OK);
    struct vg_kv kv = store_state_kv(state);
    cr_assert_not(response_get(&kv, &key, &value));
    cr_assert_not(response_next(&kv, &prefix, &key, &found, &value));
    kv.del(kv.context, response_key_span(&key));
    store_state_close(state);
}

Test(store_sealed, nothing_is_put_without_a_key, .exit_code = 70)
{
    const struct store_state_keys keys = {.find = no_key};
    struct store_state *state;
    struct response_key key = number_key(&tenants, 1);
    cr_assert_eq(try_open(&nodes[0], &keys, &state, NULL), VG_OK);
    put(state, &key, "one");
    exit(1);
}

static void assert_refused(const struct store_state_keys *keys, const char *what)
{
    struct store_state *state;
    struct vg_error error;
    cr_assert_eq(try_open(&nodes[0], keys, &state, &error), VG_INTEGRITY);
    cr_assert_not_null(strstr(error.text, what), "%s", error.text);
    cr_assert_not_null(strstr(error.text, "remove this folder"), "%s", error.text);
    cr_expect_not(LEAKS_FOUND());
}

Test(store_sealed, one_of_another_keyring_is_refused_and_so_is_one_of_before)
{
    struct response_key here = number_key(&others, 1);
    struct response_key there = number_key(&tenants, 1);
    struct store_state *state = open_state(&nodes[0]);
    struct store_identity identity;
    uint8_t record[STORE_IDENTITY_SIZE];
    put(state, &there, "one");
    put(state, &here, "one");
    commit(state);
    store_state_close(state);
    assert_refused(&(struct store_state_keys){sealing_state_key, &nodes[1]},
                   "compartment 4b070000-0000-0000-0000-000000000000 does not open with the state "
                   "key of this node's keyring");
    assert_refused(&(struct store_state_keys){.find = no_key}, "compartment 4b070000");
    struct raw raw = raw_open(&nodes[0], "identity");
    MDB_val at = {8, (void *)(uintptr_t) "identity"};
    MDB_val value;
    cr_assert_eq(mdb_get(raw.txn, raw.table, &at, &value), MDB_SUCCESS);
    cr_assert(store_identity_decode(vg_span_of(value.mv_data, value.mv_size), &identity));
    identity.format = 3;
    store_identity_encode(&identity, record);
    value = (MDB_val){sizeof record, record};
    cr_assert_eq(mdb_put(raw.txn, raw.table, &at, &value, 0), MDB_SUCCESS);
    raw_close(&raw);
    assert_refused(&(struct store_state_keys){sealing_state_key, &nodes[0]},
                   "of an earlier format");
}

/* Rows are moved from one environment to another as they lie. */
Test(store_sealed, a_row_says_nothing_of_its_environment)
{
    struct response_key keys[] = {number_key(&tenants, 1), signal_key(&tenants, "ids-1")};
    const struct store_state_keys same = {sealing_state_key, &nodes[0]};
    struct store_state *states[] = {open_state(&nodes[0]), NULL};
    MDB_val key;
    MDB_val value;
    MDB_cursor *cursor;
    vg_span read;
    put(states[0], &keys[0], "one");
    put(states[0], &keys[1], "two");
    commit(states[0]);
    store_state_close(states[0]);
    cr_assert_eq(try_open(&nodes[1], &same, &states[1], NULL), VG_OK);
    commit(states[1]);
    store_state_close(states[1]);
    struct raw from = raw_open(&nodes[0], "pairs");
    struct raw to = raw_open(&nodes[1], "pairs");
    cr_assert_eq(mdb_cursor_open(from.txn, from.table, &cursor), MDB_SUCCESS);
    while (mdb_cursor_get(cursor, &key, &value, MDB_NEXT) == MDB_SUCCESS)
        cr_assert_eq(mdb_put(to.txn, to.table, &key, &value, 0), MDB_SUCCESS);
    mdb_cursor_close(cursor);
    raw_close(&from);
    raw_close(&to);
    cr_assert_eq(try_open(&nodes[1], &same, &states[1], NULL), VG_OK);
    struct vg_kv kv = store_state_kv(states[1]);
    cr_assert(response_get(&kv, &keys[0], &read) && vg_span_equal(read, vg_span_text("one")));
    cr_assert(response_get(&kv, &keys[1], &read) && vg_span_equal(read, vg_span_text("two")));
    store_state_close(states[1]);
}

/* ---- keys --------------------------------------------------------------------------------------
 */

Test(store_sealed, a_forgotten_key_is_asked_for_again)
{
    static vg_node_id which;
    which = nodes[0];
    const struct store_state_keys keys = {sealing_state_key, &which};
    struct store_vault *vault = store_vault_new(&keys, NULL);
    struct response_key key = number_key(&tenants, 1);
    struct row row = sealed(vault, &key, "one");
    vg_span found;
    vg_span value;
    which = nodes[1];
    cr_assert(opens_as(vault, &row.key, &row.value, &found, &value));
    store_vault_forget(vault, &tenants);
    cr_assert_not(opens_as(vault, &row.key, &row.value, &found, &value));
    vg_buffer_free(&row.value);
    store_vault_free(vault);
}
