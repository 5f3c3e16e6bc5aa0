/* SPDX-License-Identifier: Apache-2.0
 * Identity files: what is one has a kind, an id of that kind, and the keys of its seeds, bound. */
#define _GNU_SOURCE /* memmem */
#include "common/identity.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct vg_identity identity;
    struct vg_error error = {0};
    enum vg_code code = vg_identity_read(fuzz_file(vg_span_of(data, size)), &identity, &error);
    if (code != VG_OK) {
        fuzz_refused(code, &error);
        return 0;
    }
    static const char head[] = "vigil-identity 2\nkind ";
    assert(size > sizeof head && memmem(data, size, head, sizeof head - 1) != NULL);
    bool is_node = identity.kind == VG_IDENTITY_NODE;
    assert(is_node || identity.kind == VG_IDENTITY_PERSON);
    assert(is_node == (identity.node.value != 0));
    assert(!is_node || vg_id_is_zero(&identity.id));
    return 0;
}
