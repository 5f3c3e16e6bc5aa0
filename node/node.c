/* SPDX-License-Identifier: Apache-2.0 */
#include "node/node.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/file.h"
#include "common/locked.h"
#include "common/text.h"
#include "node/key.h"
#include "node/parts.h"

enum {
    MIB = 1024 * 1024,
    PATH_TEXT = 4200,
    APPEND_BYTES_MAX = MIB,       /* of one append message */
    INFLIGHT_BYTES_MAX = 4 * MIB, /* to one peer */
    UNCOMMITTED_MAX = 16 * MIB,
    END_WITHIN_ELECTIONS = 6, /* minimum election timeouts an orderly end may take */
    SILENT_TIMEOUTS = 8,      /* and those after which a peer that answers nothing is given up */
};

/* ---- what a start needs: genesis, key, members --------------------------------------------------
 */

struct start {
    struct ledger_genesis genesis;
    vg_hash cluster;
    struct vg_identity *identity; /* locked memory */
};

static enum vg_code check_cluster(const struct node_config *config, const vg_hash *cluster,
                                  struct vg_error *error)
{
    vg_hash expected;
    char id[VG_HASH_TEXT];
    if (config->cluster == NULL)
        return VG_OK;
    bool is_id = vg_hex_parse(config->cluster, expected.bytes, sizeof expected.bytes);
    if (is_id && vg_hash_equal(&expected, cluster))
        return VG_OK;
    vg_hex_format(vg_span_of(cluster->bytes, sizeof cluster->bytes), id);
    return vg_fail(error, VG_INTEGRITY,
                   "genesis %s is that of cluster %s, and this node is configured for %s; it was "
                   "altered, or is another cluster's: fetch it again",
                   config->genesis, id, config->cluster);
}

static enum vg_code take_genesis(const char *path, vg_span bytes, struct ledger_genesis *out,
                                 struct vg_error *error)
{
    enum vg_code code = ledger_genesis_decode(bytes, out, error);
    if (code == VG_OK)
        code = ledger_genesis_check(out, &vg_signer_ed25519, error);
    return code == VG_OK ? VG_OK : vg_error_prefix(error, "genesis %s", path);
}

/* The cluster id comes first: what else is wrong with an altered file leads nowhere. */
static enum vg_code read_genesis(const struct node_config *config, struct start *out,
                                 struct vg_error *error)
{
    struct vg_buffer bytes = {0};
    enum vg_code code = vg_file_read(config->genesis, LEDGER_GENESIS_MAX, &bytes, error);
    out->cluster = ledger_genesis_hash(vg_buffer_span(&bytes));
    if (code == VG_OK)
        code = check_cluster(config, &out->cluster, error);
    if (code == VG_OK)
        code = take_genesis(config->genesis, vg_buffer_span(&bytes), &out->genesis, error);
    vg_buffer_free(&bytes);
    return code;
}

static const struct ledger_member *find_member(const struct ledger_genesis *genesis, uint64_t id)
{
    return ledger_genesis_member(genesis, (vg_node_id){id});
}

static enum vg_code check_identity(const struct node_config *config, const struct start *start,
                                   struct vg_error *error)
{
    const struct vg_identity *identity = start->identity;
    const struct ledger_member *self = find_member(&start->genesis, config->node);
    if (self == NULL)
        return vg_fail(error, VG_INVALID,
                       "node %" PRIu64 " is not a member in genesis %s; configure the number that "
                       "'vigil identity show' has for the key of this node",
                       config->node, config->genesis);
    if (identity->kind != VG_IDENTITY_NODE)
        return vg_fail(error, VG_INVALID,
                       "key %s is a person's; name the key of node %" PRIu64
                       ", and give that person's file back",
                       config->key, config->node);
    if (identity->node.value != config->node)
        return vg_fail(error, VG_INVALID,
                       "key %s is not that of node %" PRIu64 "; name its own key", config->key,
                       config->node);
    const struct vg_keys keys = vg_identity_keys(identity);
    if (!config->key_replaced && memcmp(&self->keys, &keys, sizeof keys) != 0)
        return vg_fail(error, VG_FORBIDDEN,
                       "key %s is not the one genesis %s has for node %" PRIu64
                       "; restore the key, or use the genesis it was made for; one that two "
                       "people gave it since is said to be: key_replaced: yes",
                       config->key, config->genesis, config->node);
    return VG_OK;
}

/* Its own and its peers'. */
static enum vg_code check_regions(const struct node_config *config,
                                  const struct ledger_genesis *genesis, struct vg_error *error)
{
    for (uint32_t i = 0; i < genesis->member_count; i++) {
        const struct ledger_member *member = &genesis->members[i];
        const char *said = node_config_region(config, member->id);
        if (strcmp(said, member->region) != 0)
            return vg_fail(error, VG_INVALID,
                           "region: node %" PRIu64 " is in %s by genesis %s, and in %s by this "
                           "configuration; where nodes are was agreed when the cluster was "
                           "founded: write region: %s",
                           member->id.value, member->region, config->genesis, said, member->region);
    }
    return VG_OK;
}

static enum vg_code check_members(const struct node_config *config, const struct start *start,
                                  struct vg_error *error)
{
    for (uint32_t i = 0; i < config->peers_count; i++)
        if (find_member(&start->genesis, config->peers[i].node) == NULL)
            return vg_fail(error, VG_INVALID,
                           "peers: node %" PRIu64 " is not a member in genesis %s",
                           config->peers[i].node, config->genesis);
    if (config->peers_count + 1 != start->genesis.member_count)
        return vg_fail(error, VG_INVALID,
                       "peers: %u are listed, genesis %s has %u members besides this one; list all",
                       config->peers_count, config->genesis, start->genesis.member_count - 1);
    return check_regions(config, &start->genesis, error);
}

static enum vg_code check_sealed(const struct node_config *config,
                                 const struct ledger_genesis *genesis, struct vg_error *error)
{
    if ((genesis->flags & LEDGER_GENESIS_CLEAR) != 0)
        return vg_fail(error, VG_INVALID,
                       "genesis %s lets entries be in clear, where this node would put nothing; "
                       "make a new cluster: vigil cluster init, or vigil dev up",
                       config->genesis);
    return VG_OK;
}

static enum vg_code read_key(const struct node_config *config, struct start *out,
                             struct vg_error *error)
{
    out->identity = vg_locked_alloc(sizeof *out->identity, error);
    if (out->identity == NULL)
        return error->code;
    return node_key_read(config, out->identity, error);
}

/* Whatever comes of it, the caller has out->identity to free. */
static enum vg_code read_start(const struct node_config *config, struct start *out,
                               struct vg_error *error)
{
    enum vg_code code = read_genesis(config, out, error);
    if (code == VG_OK)
        code = read_key(config, out, error);
    if (code == VG_OK)
        code = check_identity(config, out, error);
    if (code == VG_OK)
        code = check_members(config, out, error);
    if (code == VG_OK)
        code = check_sealed(config, &out->genesis, error);
    return code;
}

static enum vg_code open_keyring(const struct node_config *config,
                                 const struct ledger_genesis *genesis,
                                 const struct vg_identity *identity, struct keyring **out,
                                 struct vg_error *error)
{
    if (config->keyring == NULL)
        return vg_fail(error, VG_INVALID,
                       "key %s has no keyring beside it; name this node's (keyring: FILE)",
                       config->key);
    return keyring_open(config->keyring, identity, &genesis->directory, &genesis->first, out,
                        error);
}

enum vg_code node_check(const struct node_config *config, struct vg_error *error)
{
    struct start start = {0};
    struct keyring *keyring = NULL;
    enum vg_code code = read_start(config, &start, error);
    if (code == VG_OK)
        code = open_keyring(config, &start.genesis, start.identity, &keyring, error);
    keyring_close(keyring);
    vg_locked_free(start.identity);
    return code;
}

/* ---- opening, from the disk outwards -----------------------------------------------------------
 */

static void start_core(struct node *node, const struct store_recovery *found)
{
    const struct node_config *config = node->config;
    struct raft_config raft = {
        .self = node->self,
        .voter_count = node->genesis.member_count,
        .election_timeout_ms = config->election_timeout_ms,
        .heartbeat_ms = config->heartbeat_ms,
        .batch_entries_max = RAFT_BATCH_MAX,
        .batch_bytes_max = APPEND_BYTES_MAX,
        .inflight_max = RAFT_INFLIGHT_MAX,
        .inflight_bytes_max = INFLIGHT_BYTES_MAX,
        .uncommitted_bytes_max = UNCOMMITTED_MAX,
        .prevote = true,
        .check_quorum = true,
    };
    struct raft_recovery recovery = {
        .term = found->term,
        .voted_for = found->voted_for,
        .tail = found->tail,
        .tail_count = found->tail_count,
        .runs = found->runs,
        .run_count = found->run_count,
    };
    vg_random(&raft.seed, sizeof raft.seed);
    for (uint32_t i = 0; i < node->genesis.member_count; i++)
        raft.voters[i] = node->genesis.members[i].id;
    node->tail = ledger_tail_new(found->last, &found->last_hash, NODE_TAIL_ENTRIES);
    node->term = found->term;
    node->core = vg_alloc_zero(1, raft_size());
    node->outputs = vg_alloc_zero(1, sizeof *node->outputs);
    raft_init(node->core, &raft, &recovery, vg_clock_system.monotonic_us(),
              vg_clock_system.wall_ms());
}

static enum vg_code open_log(struct node *node, struct vg_error *error)
{
    char path[PATH_TEXT];
    struct store_recovery found = {0};
    snprintf(path, sizeof path, "%s/log", node->config->data);
    struct store_log_config config = {.path = path,
                                      .cluster = node->cluster,
                                      .node = node->self,
                                      .quota_bytes = node->config->quota_mib * MIB,
                                      .reserve_bytes = node->config->reserve_mib * MIB,
                                      .written = node_written,
                                      .repaired = node_repaired,
                                      .remembered = node_remembered,
                                      .context = node};
    enum vg_code code = store_log_open(&config, &node->log, &found, error);
    if (code != VG_OK)
        return code;
    node->hello = (struct wire_hello){.version = WIRE_VERSION,
                                      .cluster = node->cluster,
                                      .node = node->self,
                                      .incarnation = found.incarnation};
    vg_random(node->hello.run.bytes, sizeof node->hello.run.bytes);
    node_memory_init(node, &found);
    pthread_mutex_init(&node->concerned.lock, NULL);
    node->drill.old_until = found.last;
    start_core(node, &found);
    vg_log(VG_LOG_INFO, "log-open", "path=%s last=%" PRIu64 " term=%" PRIu64, path, found.last,
           found.term.value);
    store_recovery_free(&found);
    return VG_OK;
}

static bool find_key(void *context, const vg_id *compartment, uint64_t epoch, vg_cipher_key *key)
{
    const struct node *node = context;
    return keyring_data_key(node->keyring, compartment, epoch, key);
}

static enum vg_code learn_key(void *context, const struct compartment_epoch *epoch,
                              const vg_hash *place, struct vg_error *error)
{
    const struct node *node = context;
    return keyring_learn(node->keyring, epoch, place, error);
}

static enum vg_code learn_key_ahead(void *context, const struct compartment_ahead *ahead,
                                    struct vg_error *error)
{
    const struct node *node = context;
    return keyring_learn_ahead(node->keyring, ahead, error);
}

static enum vg_code destroy_keys(void *context, const vg_id *compartment, struct vg_error *error)
{
    const struct node *node = context;
    return keyring_destroy(node->keyring, node->config->keyring, node->identity, compartment,
                           error);
}

static bool find_offered(void *context, const vg_id *compartment, struct response_offer *out)
{
    const struct node *node = context;
    struct vg_since since;
    if (!keyring_unwrap_key(node->keyring, compartment, &out->key, &since))
        return false;
    out->compartment = *compartment;
    out->index = since.index;
    out->time_ms = since.time_ms;
    return true;
}

static bool next_offered(void *context, struct response_offer *offer)
{
    const struct node *node = context;
    struct vg_since since;
    if (!keyring_next(node->keyring, &offer->compartment, &offer->key, &since))
        return false;
    offer->index = since.index;
    offer->time_ms = since.time_ms;
    return true;
}

/* Names in control's sentences are the directory's. */
static bool find_state_key(void *context, const vg_id *compartment, vg_cipher_key *key)
{
    const struct node *node = context;
    bool is_control = vg_id_is_zero(compartment);
    return keyring_state_key(node->keyring, is_control ? &node->genesis.directory : compartment,
                             key);
}

static enum vg_code open_state(struct node *node, struct vg_error *error)
{
    char path[PATH_TEXT];
    snprintf(path, sizeof path, "%s/state", node->config->data);
    snprintf(node->rebuilds, sizeof node->rebuilds, "%s/rebuild", node->config->data);
    struct store_applier_config config = {.path = path,
                                          .node = node->self,
                                          .genesis = &node->genesis,
                                          .cluster = node->cluster,
                                          .log = node->log,
                                          .keys = {.find = find_key,
                                                   .learn = learn_key,
                                                   .learn_ahead = learn_key_ahead,
                                                   .destroy = destroy_keys,
                                                   .offered = find_offered,
                                                   .next_offered = next_offered,
                                                   .context = node,
                                                   .state = {find_state_key, node}},
                                          .rebuilds = node->rebuilds,
                                          .wanted = node_rebuild_wants,
                                          .applied = node_applied,
                                          .stale = node_stale,
                                          .stopped = node_apply_stopped,
                                          .going_on = node_apply_goes_on,
                                          .context = node};
    enum vg_code code = store_applier_open(&config, &node->applier, error);
    if (code == VG_OK)
        node->keys = (struct response_keys){.find = store_people_key,
                                            .context = store_applier_people(node->applier),
                                            .data_key = store_applier_data_key,
                                            .keyring = node->applier};
    return code;
}

static enum vg_code open_net(struct node *node, struct vg_error *error)
{
    static const struct net_callbacks peer_calls = {.frame = node_frame_received,
                                                    .peer = node_peer_changed,
                                                    .greets = node_greets,
                                                    .greeted = node_greeted};
    static const struct net_clients_callbacks client_calls = {.admits = node_admits,
                                                              .request = node_request_received};
    const struct node_config *config = node->config;
    struct net_peer peers[VG_NODES_MAX];
    for (uint32_t i = 0; i < config->peers_count; i++)
        peers[i] = (struct net_peer){
            .node.value = config->peers[i].node,
            .url = config->peers[i].peer,
            .key = node_channel_of(node, (vg_node_id){config->peers[i].node}),
            .evicted_at = node_evicted_at(node, (vg_node_id){config->peers[i].node})};
    struct net_config net = {.listen_url = config->listen.peer,
                             .self = node->hello,
                             .key = &node->channel,
                             .peers = peers,
                             .peer_count = config->peers_count};
    struct net_clients_config clients = {.url = config->listen.client,
                                         .terms = {.cluster = node->cluster,
                                                   .self = &node->channel,
                                                   .incarnation = node->hello.incarnation}};
    vg_random(&net.seed, sizeof net.seed);
    net.silence_max_ms = config->election_timeout_ms * SILENT_TIMEOUTS;
    enum vg_code code = net_start(&net, &peer_calls, node, &node->net, error);
    if (code == VG_OK)
        code = net_clients_start(&clients, &client_calls, node, &node->clients, error);
    return code;
}

/* ---- the turns of the loop ---------------------------------------------------------------------
 */

/* Asks for a successor, again while the one asked does not take over. */
static void hand_over(struct node *node)
{
    if (node->role != RAFT_LEADER || node->handing_over)
        return;
    struct raft_event event = {.type = RAFT_TRANSFER};
    node->handing_over = true;
    node_step(node, &event);
}

static void sweep(struct node *node, uint64_t now_us)
{
    node->next_sweep_us = now_us + NODE_SWEEP_MS * 1000;
    if (node->ending)
        hand_over(node);
    node_signals_sweep(node, now_us);
    node_submits_sweep(node, now_us);
    node_reads_sweep(node, now_us);
    node_repairs_sweep(node, now_us);
    node_clocks_sweep(node);
    node_attest_sweep(node, now_us);
    node_checkpoint_sweep(node, now_us);
    node_facts_sweep(node, now_us);
}

static void on_alarm(void *context)
{
    struct node *node = context;
    uint64_t now_us = vg_clock_system.monotonic_us();
    if (node->closed)
        return;
    node_drill_sweep(node, now_us);
    if (now_us >= raft_deadline_us(node->core)) {
        struct raft_event event = {.type = RAFT_TICK};
        node_step(node, &event);
    }
    if (now_us >= node->next_sweep_us)
        sweep(node, now_us);
}

/* What was applied was committed; after a start this is the first the core hears of it. */
static bool tell_applied(struct node *node)
{
    uint64_t cursor = store_applier_cursor(node->applier);
    if (cursor <= node->applied)
        return false;
    struct raft_event event = {.type = RAFT_SET_APPLIED, .index = cursor};
    node->applied = cursor;
    node_step(node, &event);
    return true;
}

/* The leadership is elsewhere or cannot be handed over, and nothing is owed; or time is up. */
static bool may_end(const struct node *node)
{
    bool owes = node->submits.count > 0 || node->gathered.count > 0 || node->working > 0;
    bool leads = node->role == RAFT_LEADER && node->genesis.member_count > 1;
    return (!owes && !leads) || vg_clock_system.monotonic_us() >= node->end_by_us;
}

static uint64_t next_alarm_us(const struct node *node)
{
    bool more = node->load_count > node->loads_kept;
    uint64_t next_us = more ? 0 : raft_deadline_us(node->core);
    uint64_t drill_us = node_drill_deadline_us(node);
    next_us = next_us < node->next_sweep_us ? next_us : node->next_sweep_us;
    return next_us < drill_us ? next_us : drill_us;
}

static void on_turn(void *context)
{
    struct node *node = context;
    bool stepped = true;
    if (node->closed)
        return;
    node_submits_flush(node);
    node_loads_flush(node); /* once: a core that asks again must not keep the turn from ending */
    while (stepped) {
        stepped = node_proposals_flush(node);
        stepped |= node_reads_flush(node);
        stepped |= tell_applied(node);
    }
    node_reads_log_grown(node);
    node_watches_flush(node);
    if (node->ending && may_end(node))
        loop_stop(node->loop);
    loop_alarm_at(node->loop, next_alarm_us(node));
}

static void begin_end(struct node *node, uint64_t now_us)
{
    node->end_by_us =
        now_us + END_WITHIN_ELECTIONS * 1000 * (uint64_t)node->config->election_timeout_ms;
    node->ending = true;
    hand_over(node);
}

static void on_signal(void *context, int number)
{
    struct node *node = context;
    uint64_t now_us = vg_clock_system.monotonic_us();
    vg_log(VG_LOG_INFO, "stopping", "signal=%d role=%s", number, raft_role_name(node->role));
    if (node->ending || node->closed)
        node->end_by_us = now_us; /* asked twice: at once */
    else
        begin_end(node, now_us);
}

void node_end(struct node *node, const struct vg_error *why)
{
    if (node->ending || node->closed)
        return;
    vg_log(VG_LOG_ERROR, "stopping", "role=%s %s", raft_role_name(node->role), why->text);
    node->fatal = *why;
    begin_end(node, vg_clock_system.monotonic_us());
}

/* ---- life --------------------------------------------------------------------------------------
 */

static enum vg_code open_parts(struct node *node, struct vg_error *error)
{
    static const struct loop_events events = {
        .alarm = on_alarm, .turn = on_turn, .signal = on_signal};
    enum vg_code code = loop_open(&events, node, &node->loop, error);
    if (code == VG_OK)
        code = open_keyring(node->config, &node->genesis, node->identity, &node->keyring, error);
    if (code == VG_OK)
        code = open_log(node, error);
    if (code == VG_OK)
        code = open_state(node, error);
    if (code == VG_OK)
        code = node_admission_check(node, error);
    if (code == VG_OK)
        code = node_admission_key(node, error);
    if (code == VG_OK)
        code = open_net(node, error);
    return code;
}

static void name_regions(struct node *node)
{
    const struct node_config *config = node->config;
    node->regions[node->region_count++] = (struct api_region){node->self, config->region};
    for (uint32_t i = 0; i < config->peers_count; i++)
        node->regions[node->region_count++] =
            (struct api_region){{config->peers[i].node}, config->peers[i].region};
}

enum vg_code node_open(const struct node_config *config, struct node **out, struct vg_error *error)
{
    struct start start = {0};
    if (read_start(config, &start, error) != VG_OK) {
        vg_locked_free(start.identity);
        return error->code;
    }
    struct node *node = vg_alloc_zero(1, sizeof *node);
    node->identity = start.identity;
    node->channel = noise_static_of(&node->identity->channel_secret);
    node->config = config;
    node->self.value = config->node;
    node->cluster = start.cluster;
    node->genesis = start.genesis;
    name_regions(node);
    node_watches_init(node);
    node->drill.delayed_end = &node->drill.delayed;
    node->proposals.last = &node->proposals.first;
    node->proposals.newest = &node->proposals.oldest;
    /* A late answer to this node's last life must fit no command of this one. */
    vg_random(&node->submits.next_token, sizeof node->submits.next_token);
    if (open_parts(node, error) != VG_OK) {
        node_close(node);
        return error->code;
    }
    *out = node;
    return VG_OK;
}

enum vg_code node_run(struct node *node, struct vg_error *error)
{
    vg_log(VG_LOG_INFO, "serving", "node=%" PRIu64 " region=%s peer=%s client=%s", node->self.value,
           node->config->region, node->config->listen.peer, node->config->listen.client);
    loop_run(node->loop);
    if (node->fatal.code != VG_OK)
        *error = node->fatal;
    return node->fatal.code;
}

static void answer_what_is_open(struct node *node)
{
    struct vg_error why = {0};
    vg_fail(&why, VG_UNAVAILABLE,
            "node %" PRIu64 " has stopped; ask another node, repeating with the request id is safe",
            node->self.value);
    node_submits_flush(node);
    node_submits_end(node, &why);
    node_signals_end(node, &why);
    node_reads_end(node, &why);
    node_watches_end(node);
    node_repairs_end(node, &why);
    node_transfer_done(node, false, RAFT_REASON_TRANSFERRING);
}

/* In the order of the data: nothing comes in, the disk finishes, the state is committed, and what
 * is then still on its way to the loop is dropped. */
void node_close(struct node *node)
{
    answer_what_is_open(node);
    node->ending = node->closed = true;
    struct net_clients *clients = node->clients;
    struct net *net = node->net;
    node->clients = NULL;
    node->net = NULL;
    if (clients != NULL)
        net_clients_stop(clients);
    if (net != NULL)
        net_stop(net);
    if (node->loop != NULL)
        loop_finish_work(node->loop);
    if (node->applier != NULL)
        store_applier_close(node->applier);
    keyring_close(node->keyring);
    if (node->log != NULL)
        store_log_close(node->log);
    if (node->loop != NULL)
        loop_close(node->loop);
    if (node->log != NULL) {
        node_memory_end(node);
        pthread_mutex_destroy(&node->concerned.lock);
    }
    node_held_free(node);
    node_drill_free(node);
    node_proposals_free(node);
    node_checkpoints_free(node);
    if (node->tail != NULL)
        ledger_tail_free(node->tail);
    vg_buffer_free(&node->frame);
    vg_locked_free(node->identity);
    free(node->core);
    free(node->outputs);
    free(node);
}
