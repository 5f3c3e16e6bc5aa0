/* SPDX-License-Identifier: Apache-2.0 */
#include "common/unwrap.h"

#include <assert.h>

#include "common/bytes.h"

static const char binding_label[] = "vigil-unwrap-key-1";

enum { BINDING_MAX = sizeof binding_label - 1 + 8 + 16 + VG_BOX_KEY_SIZE };

static vg_span binding_text(const struct vg_unwrap_key *unwrap, vg_node_id node,
                            uint8_t out[BINDING_MAX])
{
    struct vg_writer writer = vg_writer_of(out, BINDING_MAX);
    vg_write_bytes(&writer, binding_label, sizeof binding_label - 1);
    vg_write_u64(&writer, node.value);
    vg_write_bytes(&writer, unwrap->compartment.bytes, sizeof unwrap->compartment.bytes);
    vg_write_bytes(&writer, unwrap->key.bytes, sizeof unwrap->key.bytes);
    assert(!writer.failed);
    return vg_span_of(out, vg_writer_size(&writer));
}

void vg_unwrap_bind(const struct vg_signer *signer, struct vg_unwrap_key *unwrap, vg_node_id node,
                    const vg_secret_key *secret)
{
    uint8_t text[BINDING_MAX];
    signer->sign(binding_text(unwrap, node, text), secret, &unwrap->binding);
}

bool vg_unwrap_verify(const struct vg_signer *signer, const struct vg_unwrap_key *unwrap,
                      vg_node_id node, const vg_public_key *key)
{
    uint8_t text[BINDING_MAX];
    return signer->verify(binding_text(unwrap, node, text), key, &unwrap->binding);
}
