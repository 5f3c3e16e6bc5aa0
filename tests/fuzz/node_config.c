/* SPDX-License-Identifier: Apache-2.0
 * The configuration of a node: what is taken is within the bounds that node_config_read names. */
#include "node/config.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct node_config *config;
    struct vg_error error = {0};
    enum vg_code code = node_config_read(fuzz_file(vg_span_of(data, size)), &config, &error);
    if (code != VG_OK) {
        assert(config == NULL);
        fuzz_refused(code, &error);
        return 0;
    }
    assert(config->node != 0 && config->region != NULL && config->data != NULL);
    assert(config->genesis != NULL && config->key != NULL && config->listen.peer != NULL);
    assert(config->listen.client != NULL && config->peers_count < VG_NODES_MAX);
    assert(config->heartbeat_ms >= 1 && config->heartbeat_ms < config->election_timeout_ms / 2);
    assert(config->cluster == NULL || strlen(config->cluster) == 64);
    for (uint32_t i = 0; i < config->peers_count; i++) {
        const struct node_config_peer *peer = &config->peers[i];
        assert(peer->node != 0 && peer->node != config->node);
        assert(node_config_region(config, (vg_node_id){peer->node}) == peer->region);
    }
    node_config_free(config);
    return 0;
}
