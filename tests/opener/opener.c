/* SPDX-License-Identifier: Apache-2.0
 * What somebody with a node's disk opens: takes a data folder as it lies there, the node's key and
 * keyring, and any recovery keys, and tries each secret on each wrap that the log has, for whomever
 * it is and whether its epoch came into force or not, the chains from what opened, every key had on
 * every sealed body, and the state keys on every row. Prints per compartment how many there are and
 * how many opened, as JSON. Nothing is written; the node is to be down, or the folder a copy.
 *
 *   opener --genesis FILE --key FILE [--keyring FILE]... [--recovery FILE]... DATA... */
#include <dirent.h>
#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/file.h"
#include "common/identity.h"
#include "common/keyring.h"
#include "common/mem.h"
#include "common/text.h"
#include "node/store/record.h"
#include "node/store/vault.h"
#include "proto/compartment/body.h"
#include "proto/ledger/genesis.h"
#include "proto/response/fields.h"
#include "proto/response/rows.h"

enum { SECRETS_MAX = 16 * VG_KEYRING_MAX, DATABASES = 16, KEYRINGS_MAX = 16 };

/* What a compartment has, and what of it opened. */
struct tally {
    vg_id compartment;
    uint64_t wraps, wraps_opened;
    uint64_t epochs, epochs_opened; /* whose data key was had, by a wrap or a chain */
    uint64_t bodies, bodies_opened;
    uint64_t rows, rows_opened;
};

struct record {
    struct compartment_epoch epoch;
    vg_hash place;
    bool opened;
    vg_cipher_key key;
};

static struct {
    struct ledger_genesis genesis;
    vg_hash cluster;
    struct vg_identity node;
    struct store_vault *vaults[KEYRINGS_MAX]; /* with the state keys of a keyring each */
    uint32_t vault_count;
    vg_box_secret secrets[SECRETS_MAX];
    uint32_t secret_count;
    struct record *records;
    uint32_t record_count;
    struct tally *tallies;
    uint32_t tally_count;
} opener;

static _Noreturn void die(const char *what, const char *why)
{
    (void)fprintf(stderr, "opener: %s: %s\n", what, why);
    exit(2);
}

static void need(enum vg_code code, const char *what, const struct vg_error *error)
{
    if (code != VG_OK)
        die(what, error->text);
}

static void need_lmdb(int rc, const char *what)
{
    if (rc != MDB_SUCCESS)
        die(what, mdb_strerror(rc));
}

static struct tally *tally_of(const vg_id *compartment)
{
    for (uint32_t i = 0; i < opener.tally_count; i++)
        if (vg_id_equal(&opener.tallies[i].compartment, compartment))
            return &opener.tallies[i];
    opener.tallies = vg_realloc(opener.tallies, (opener.tally_count + 1) * sizeof *opener.tallies);
    opener.tallies[opener.tally_count] = (struct tally){.compartment = *compartment};
    return &opener.tallies[opener.tally_count++];
}

/* ---- what is there to open with ----------------------------------------------------------------
 */

static void add_secret(const vg_box_secret *secret)
{
    if (opener.secret_count == SECRETS_MAX)
        die("secrets", "too many");
    opener.secrets[opener.secret_count++] = *secret;
}

static void read_genesis(const char *path)
{
    struct vg_buffer bytes = {0};
    struct vg_error error = {0};
    need(vg_file_read(path, LEDGER_GENESIS_MAX, &bytes, &error), path, &error);
    need(ledger_genesis_decode(vg_buffer_span(&bytes), &opener.genesis, &error), path, &error);
    opener.cluster = ledger_genesis_hash(vg_buffer_span(&bytes));
    vg_buffer_free(&bytes);
}

/* The founded compartments may have their ids of before in a keyring. */
static bool find_state_key(void *keyring, const vg_id *compartment, vg_cipher_key *out)
{
    const struct vg_unwrap *found = vg_keyring_find(keyring, compartment);
    if (found == NULL && vg_id_equal(compartment, &opener.genesis.directory))
        found = vg_keyring_find(keyring, &vg_keyring_directory);
    if (found == NULL && vg_id_equal(compartment, &opener.genesis.first))
        found = vg_keyring_find(keyring, &vg_keyring_first);
    if (found != NULL)
        *out = found->state;
    return found != NULL;
}

static void read_keyring(const char *path)
{
    struct vg_keyring *keyring = vg_alloc_zero(1, sizeof *keyring);
    const struct store_state_keys keys = {.find = find_state_key, .context = keyring};
    struct vg_error error = {0};
    need(vg_keyring_read(path, &opener.node, keyring, &error), path, &error);
    for (uint32_t i = 0; i < keyring->count; i++)
        add_secret(&keyring->unwraps[i].secret);
    struct store_vault *vault = store_vault_new(&keys, &error);
    if (vault == NULL)
        die(path, error.text);
    opener.vaults[opener.vault_count++] = vault;
}

/* 64 hex digits, as `vigil dev up` leaves them. */
static void read_recovery(const char *path)
{
    struct vg_buffer bytes = {0};
    struct vg_error error = {0};
    char hex[2 * VG_BOX_KEY_SIZE + 1];
    vg_box_secret secret;
    need(vg_file_read(path, 256, &bytes, &error), path, &error);
    snprintf(hex, sizeof hex, "%.*s", (int)bytes.size, (const char *)bytes.data);
    if (!vg_hex_parse(hex, secret.bytes, sizeof secret.bytes))
        die(path, "no 64 hex digits");
    add_secret(&secret);
    vg_buffer_free(&bytes);
}

/* ---- epochs ------------------------------------------------------------------------------------
 */

static void try_wraps(struct record *record)
{
    struct tally *tally = tally_of(&record->epoch.compartment);
    for (uint32_t i = 0; i < record->epoch.wrap_count; i++) {
        bool opened = false;
        vg_cipher_key key;
        for (uint32_t k = 0; !opened && k < opener.secret_count; k++)
            opened =
                compartment_unwrap(&record->epoch, &record->place, record->epoch.wraps[i].holder,
                                   &opener.secrets[k], &key, NULL) == VG_OK;
        tally->wraps++;
        tally->wraps_opened += opened;
        if (opened)
            record->key = key;
        record->opened |= opened;
    }
}

static bool is_known(const struct compartment_epoch *epoch)
{
    for (uint32_t i = 0; i < opener.record_count; i++) {
        const struct compartment_epoch *known = &opener.records[i].epoch;
        if (vg_id_equal(&known->compartment, &epoch->compartment) &&
            vg_hash_equal(&known->commitment, &epoch->commitment))
            return true;
    }
    return false;
}

static void add_record(const struct compartment_epoch *epoch, const vg_hash *place)
{
    if (is_known(epoch))
        return; /* of a proposal too, or another folder's */
    opener.records = vg_realloc(opener.records, (opener.record_count + 1) * sizeof *opener.records);
    struct record *record = &opener.records[opener.record_count++];
    *record = (struct record){.epoch = *epoch, .place = *place};
    tally_of(&epoch->compartment)->epochs++;
    try_wraps(record);
}

/* The record that an operation has, whichever it is, also of one that is only proposed. */
static void take_command(vg_span bytes)
{
    struct response_command command;
    struct compartment_epoch epoch;
    uint32_t count;
    if (response_command_decode(bytes, &command, NULL) != VG_OK)
        return;
    if (command.op == RESPONSE_OP_PROPOSE) {
        take_command(command.propose.command);
        return;
    }
    const struct response_field *fields = response_fields((uint64_t)command.op, &count);
    for (uint32_t i = 0; i < count; i++) {
        if (fields[i].type == RESPONSE_FIELD_BYTES && strcmp(fields[i].name, "epoch") == 0 &&
            compartment_epoch_decode(*(const vg_span *)response_field_at(&fields[i], &command),
                                     &epoch, NULL) == VG_OK)
            add_record(&epoch, &opener.cluster);
    }
}

static bool open_before(struct record *before)
{
    for (uint32_t i = 0; !before->opened && i < opener.record_count; i++) {
        const struct record *after = &opener.records[i];
        before->opened =
            after->opened &&
            compartment_chain_open(&after->epoch, &after->place, &after->key, &before->epoch,
                                   &before->place, &before->key, NULL) == VG_OK;
    }
    return before->opened;
}

static void walk_chains(void)
{
    bool more = true;
    while (more) {
        more = false;
        for (uint32_t i = 0; i < opener.record_count; i++)
            more |= !opener.records[i].opened && open_before(&opener.records[i]);
    }
    for (uint32_t i = 0; i < opener.record_count; i++)
        tally_of(&opener.records[i].epoch.compartment)->epochs_opened += opener.records[i].opened;
}

/* ---- LMDB, as it lies there --------------------------------------------------------------------
 */

struct table {
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi dbi;
};

static struct table table_open(const char *path, const char *name)
{
    struct table table;
    need_lmdb(mdb_env_create(&table.env), path);
    need_lmdb(mdb_env_set_maxdbs(table.env, DATABASES), path);
    need_lmdb(mdb_env_open(table.env, path, MDB_RDONLY | MDB_NOLOCK, 0600), path);
    need_lmdb(mdb_txn_begin(table.env, NULL, MDB_RDONLY, &table.txn), path);
    need_lmdb(mdb_dbi_open(table.txn, name, 0, &table.dbi), path);
    return table;
}

static void table_close(struct table *table)
{
    mdb_txn_abort(table->txn);
    mdb_env_close(table->env);
}

static vg_span span_of(MDB_val value)
{
    return vg_span_of(value.mv_data, value.mv_size);
}

static void each(const struct table *table,
                 void (*take)(const struct table *table, MDB_val key, MDB_val value, void *context),
                 void *context)
{
    MDB_cursor *cursor;
    MDB_val key;
    MDB_val value;
    need_lmdb(mdb_cursor_open(table->txn, table->dbi, &cursor), "cursor");
    for (int rc = mdb_cursor_get(cursor, &key, &value, MDB_FIRST); rc == MDB_SUCCESS;
         rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT))
        take(table, key, value, context);
    mdb_cursor_close(cursor);
}

/* ---- the log -----------------------------------------------------------------------------------
 */

static void with_entry(const struct table *table, MDB_val key, MDB_val value, void *context)
{
    void (*take)(const struct ledger_envelope *envelope, vg_span header, vg_span body);
    memcpy(&take, context, sizeof take);
    MDB_dbi bodies;
    MDB_val body;
    struct store_meta meta;
    uint64_t index;
    memcpy(&index, key.mv_data, sizeof index);
    need_lmdb(mdb_dbi_open(table->txn, "body", 0, &bodies), "body");
    if (!store_meta_decode(span_of(value), index, &meta) ||
        mdb_get(table->txn, bodies, &key, &body) != MDB_SUCCESS)
        die("log", "a damaged entry");
    take(&meta.envelope, vg_span_of(meta.headers.data + LEDGER_HEADER_SIZE, LEDGER_ENVELOPE_SIZE),
         span_of(body));
}

static void each_entry(const char *data, void (*take)(const struct ledger_envelope *envelope,
                                                      vg_span header, vg_span body))
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/log", data);
    struct table table = table_open(path, "meta");
    each(&table, with_entry, &take);
    table_close(&table);
}

static void take_control(const struct ledger_envelope *envelope, vg_span header, vg_span body)
{
    struct ledger_command command;
    vg_span signed_command;
    (void)header;
    if (envelope->type == LEDGER_CONTROL &&
        ledger_body_open(body, &envelope->commitment, &signed_command, NULL) == VG_OK &&
        ledger_command_decode(signed_command, &command, NULL) == VG_OK)
        take_command(command.body);
}

static void try_body(const struct ledger_envelope *envelope, vg_span header, vg_span body)
{
    if (envelope->type != LEDGER_SEALED)
        return;
    struct tally *tally = tally_of(&envelope->compartment);
    uint8_t *clear = vg_alloc(body.size);
    bool opened = false;
    for (uint32_t i = 0; !opened && i < opener.record_count; i++)
        opened =
            opener.records[i].opened &&
            compartment_body_open(&opener.records[i].key, envelope->nonce, header, body, clear);
    tally->bodies++;
    tally->bodies_opened += opened;
    free(clear);
}

/* ---- the state ---------------------------------------------------------------------------------
 */

static bool opens(vg_span stored, vg_span sealed)
{
    bool opened = false;
    for (uint32_t i = 0; !opened && i < opener.vault_count; i++) {
        vg_span key, value;
        opened = store_vault_open(opener.vaults[i], stored, sealed, &key, &value);
        store_vault_rest(opener.vaults[i]);
    }
    return opened;
}

static void try_row(const struct table *table, MDB_val key, MDB_val value, void *context)
{
    (void)table;
    (void)context;
    if (response_row_is_public(span_of(key)))
        return;
    vg_id owner = response_row_owner(span_of(key));
    struct tally *tally = tally_of(&owner);
    tally->rows++;
    tally->rows_opened += opens(span_of(key), span_of(value));
}

static void try_state(const char *path)
{
    struct table table = table_open(path, "pairs");
    each(&table, try_row, NULL);
    table_close(&table);
}

/* "DATA/state" and every "DATA/rebuild/ID"; either may be missing, as in a backup of the log. */
static void try_states(const char *data)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/state/data.mdb", data);
    FILE *state = fopen(path, "rb");
    snprintf(path, sizeof path, "%s/state", data);
    if (state != NULL) {
        (void)fclose(state);
        try_state(path);
    }
    snprintf(path, sizeof path, "%s/rebuild", data);
    DIR *folder = opendir(path);
    for (struct dirent *entry = folder != NULL ? readdir(folder) : NULL; entry != NULL;
         entry = readdir(folder)) {
        vg_id compartment;
        snprintf(path, sizeof path, "%s/rebuild/%s", data, entry->d_name);
        if (vg_id_parse(entry->d_name, &compartment))
            try_state(path);
    }
    if (folder != NULL)
        closedir(folder);
}

/* ---- the whole ---------------------------------------------------------------------------------
 */

static void print(void)
{
    printf("{");
    for (uint32_t i = 0; i < opener.tally_count; i++) {
        const struct tally *tally = &opener.tallies[i];
        char id[VG_ID_TEXT];
        vg_id_format(&tally->compartment, id);
        printf("%s\n \"%s\": {\"wraps\": %" PRIu64 ", \"wraps_opened\": %" PRIu64
               ", \"epochs\": %" PRIu64 ", \"epochs_opened\": %" PRIu64 ", \"bodies\": %" PRIu64
               ", \"bodies_opened\": %" PRIu64 ", \"rows\": %" PRIu64 ", \"rows_opened\": %" PRIu64
               "}",
               i > 0 ? "," : "", id, tally->wraps, tally->wraps_opened, tally->epochs,
               tally->epochs_opened, tally->bodies, tally->bodies_opened, tally->rows,
               tally->rows_opened);
    }
    printf("\n}\n");
}

static void try_folders(char **folders)
{
    for (size_t i = 0; i < LEDGER_FOUNDED; i++) {
        const vg_hash place = ledger_genesis_place(&opener.genesis);
        if (opener.genesis.epochs[i].epoch > 0)
            add_record(&opener.genesis.epochs[i], &place);
    }
    for (char **data = folders; *data != NULL; data++)
        each_entry(*data, take_control);
    walk_chains();
    for (char **data = folders; *data != NULL; data++) {
        each_entry(*data, try_body);
        try_states(*data);
    }
}

int main(int argc, char **argv)
{
    static const struct option options[] = {{"genesis", required_argument, NULL, 'g'},
                                            {"key", required_argument, NULL, 'k'},
                                            {"keyring", required_argument, NULL, 'r'},
                                            {"recovery", required_argument, NULL, 'o'},
                                            {NULL, 0, NULL, 0}};
    static const char usage[] =
        "opener --genesis FILE --key FILE [--keyring FILE]... [--recovery FILE]... DATA...";
    struct vg_error error = {0};
    bool has_genesis = false, has_key = false;
    vg_crypto_init();
    for (int option = getopt_long(argc, argv, "", options, NULL); option != -1;
         option = getopt_long(argc, argv, "", options, NULL)) {
        if (option == 'g')
            read_genesis(optarg);
        else if (option == 'k')
            need(vg_identity_read(optarg, &opener.node, &error), optarg, &error);
        else if (option == 'r' && has_key && opener.vault_count < KEYRINGS_MAX)
            read_keyring(optarg);
        else if (option == 'o')
            read_recovery(optarg);
        else
            die("usage", usage);
        has_genesis |= option == 'g';
        has_key |= option == 'k';
    }
    if (!has_genesis || optind == argc)
        die("usage", usage);
    try_folders(argv + optind);
    print();
    return 0;
}
