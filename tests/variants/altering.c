/* SPDX-License-Identifier: Apache-2.0
 * vigild that alters what other nodes forward to it while it leads, for cluster/lying:
 * VIGIL_ALTERS=OFFSET:BITS:N turns these bits of the byte at that offset, of envelope header and
 * body, in each N-th of them. What this node is the origin of it leaves alone. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "node/parts.h"

void __real_node_propose(struct node *node, struct node_proposal *proposal);
void __wrap_node_propose(struct node *node, struct node_proposal *proposal);
int __real_main(int argc, char **argv);
int __wrap_main(int argc, char **argv);

static size_t offset;
static unsigned bits;
static unsigned long every; /* 0: none */
static unsigned long forwarded;

/* On the loop's thread alone. */
void __wrap_node_propose(struct node *node, struct node_proposal *proposal)
{
    if (proposal->from.value != 0 && every > 0 && ++forwarded % every == 0) {
        struct vg_blob *altered = vg_blob_copy(vg_blob_span(proposal->envelope));
        assert(offset < altered->size);
        altered->data[offset] ^= (uint8_t)bits;
        vg_blob_unref(proposal->envelope);
        proposal->envelope = altered;
        vg_log(VG_LOG_WARN, "altered", "offset=%zu", offset);
    }
    __real_node_propose(node, proposal);
}

int __wrap_main(int argc, char **argv)
{
    const char *what = getenv("VIGIL_ALTERS");
    if (what != NULL && sscanf(what, "%zu:%u:%lu", &offset, &bits, &every) != 3)
        return 2;
    vg_log(VG_LOG_WARN, "test-build", "alters what is forwarded to it: %s",
           what != NULL ? what : "none");
    return __real_main(argc, argv);
}
